"""Organizations, keys and statements made with keys the service holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings

from traceability.errors import TraceabilityError
from traceability.keeping import keep_new_key, log_verifier, service_key
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.possession import sign_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.recording import Outcome, Submission, record_statements


def begin_ledger(
    *, operator: str, name: str, country: str, effective: str, now: datetime | None = None
) -> Outcome:
    """Record the genesis: entry 0, signed by the operator's key, which the service holds."""
    key = keep_new_key(operator)
    document = statement_document(
        kind="registry.genesis",
        author=operator,
        effective=effective,
        body={
            "log_vkey": log_verifier().vkey,
            "operator": {
                "organization": operator,
                "name": name,
                "country": country,
                "roles": ["operator", "registrar"],
            },
            "key": enrolment(key, operator, held_by="service"),
        },
    )
    return _recorded([_signed(document, key)], now=now)[0]


def enrolment(key: PrivateKey, organization: str, *, held_by: str) -> dict[str, object]:
    """Return what enrols a key: the public part and the proof that the private part is held."""
    proof = sign_possession(key, ledger=settings.LEDGER_ORIGIN, organization=organization)
    return {"jwk": key.public.as_jwk(), "possession": proof.decode(), "held_by": held_by}


def statement_document(
    *, kind: str, author: str, effective: str, body: Mapping[str, Any], **members: Any
) -> dict[str, Any]:
    """Return an unsigned statement for this ledger; `members` are further envelope members."""
    return {
        "author": author,
        "body": dict(body),
        "effective": effective,
        "id": str(uuid4()),
        "kind": kind,
        "ledger": settings.LEDGER_ORIGIN,
        "schema": 1,
    } | members


def sign_as_service(document: Mapping[str, Any], *, key: PrivateKey | None = None) -> Submission:
    """Sign a document with a key the service holds for its author.

    Args:
        document: an unsigned statement.
        key: that key, where the caller has opened it already for another document.

    Raises:
        NoServiceKey: the author has its own key; only it can sign.
    """
    return _signed(document, key or service_key(str(document.get("author"))))


def record_as_service(
    documents: Sequence[Mapping[str, Any]], *, now: datetime | None = None
) -> list[Outcome]:
    """Sign and record documents for organizations whose keys the service holds.

    Raises:
        TraceabilityError: the first refusal.
    """
    return _recorded([sign_as_service(document) for document in documents], now=now)


def _signed(document: Mapping[str, Any], key: PrivateKey) -> Submission:
    return Submission(jws=sign_jws(canonical(dict(document)), key, typ=STATEMENT_TYPE))


def _recorded(submissions: Sequence[Submission], *, now: datetime | None) -> list[Outcome]:
    outcomes = record_statements(submissions, now=now)
    errors: list[TraceabilityError] = [o.error for o in outcomes if o.error is not None]
    if errors:
        raise errors[0]
    return outcomes
