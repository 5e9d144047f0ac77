"""The stories of the paper ledger, told to the real one on PostgreSQL."""

from django.conf import settings

from tests.traceability.ledger.paper_ledger import WHEN, key_of
from traceability.ledger.canonical import canonical
from traceability.ledger.disclosures import hide
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.recording import Submission, record_statements
from traceability.registering import begin_ledger, record_as_service, statement_document


class StoredLedger:
    """Records what it is told and raises the first refusal."""

    def __init__(self):
        self.origin = settings.LEDGER_ORIGIN
        begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")

    def say(self, kind, author, body, *, effective=WHEN, key=None, hidden=(), **members):
        document = statement_document(
            kind=kind, author=author, effective=effective, body=body, **members
        )
        if author == "operator" and key is None:
            return record_as_service([document])[0].entry
        document, disclosures = hide(document, hidden, lambda: b"s" * 16)
        jws = sign_jws(canonical(document), key_of(key or author), typ=STATEMENT_TYPE)
        [outcome] = record_statements([Submission(jws=jws, disclosures=tuple(disclosures))])
        if outcome.error is not None:
            raise outcome.error
        return outcome.entry
