"""Stating certificates, policies and rule packs, with keys the service holds.

Whoever has a key of its own signs and posts these statements itself; here are the same
statements as the admin, commands and scenarios make them. Tables are filled by the follower.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings

from standards.known import operator_id, packs_at
from standards.models import PackFile
from standards.rulebook.law import Law, Pack
from standards.rulebook.statements import policy_statement
from standards.rulebook.vectors import check_vectors
from traceability.recording import Outcome
from traceability.registering import record_as_service, statement_document
from traceability.tracing import published_size


def record_certificate(
    body: Mapping[str, Any],
    *,
    author: str,
    effective: str,
    now: datetime | None = None,
    **more: Any,
) -> Outcome:
    """State a certificate; `more` are further members of the envelope, such as evidence."""
    return _record("standards.certificate", body, author, effective, now, **more)


def change_certificate_status(
    body: Mapping[str, Any],
    *,
    author: str,
    effective: str,
    now: datetime | None = None,
    **more: Any,
) -> Outcome:
    """State that a certificate's status changes; the lots it covered become due."""
    return _record("standards.certificate_status", body, author, effective, now, **more)


def adopt_policy(
    form: Mapping[str, Any], *, effective: str, now: datetime | None = None, **more: Any
) -> Outcome:
    """State a club's policy, given in the form that `rulebook.policy_format` describes."""
    body = policy_statement(form)
    return _record("standards.policy", body, str(form["club"]), effective, now, **more)


def activate_pack(pack: Pack, *, effective: date, now: datetime | None = None) -> Outcome:
    """Put a rule pack in force, in the operator's name.

    Raises:
        VectorsFailed: its test vectors do not come out as it says.
        BadPack: another active pack defines a parameter of it.
    """
    body = keep_pack(pack)
    author = operator_id()
    return _record("standards.pack_activation", body, author, effective.isoformat(), now)


_PASSED: set[str] = set()
"""Digests of packs whose vectors passed in this process: in it neither bytes nor code change."""


def keep_pack(pack: Pack) -> dict[str, Any]:
    """Check a pack and keep its exact bytes; return the body of the statement to activate it.

    A hypothetical pack, as scenarios make them, need not have vectors on a demonstration
    ledger (its origin starts with `demo.`); elsewhere a pack without any is refused.

    Raises:
        VectorsFailed, BadPack: see `activate_pack`.
    """
    is_assumed = pack.status == "hypothetical" and not pack.vectors
    is_exempt = is_assumed and settings.LEDGER_ORIGIN.startswith("demo.")
    if not is_exempt and pack.digest not in _PASSED:
        check_vectors(pack)
        _PASSED.add(pack.digest)
    others = [one for one in packs_at(published_size()) if one.id != pack.id]
    Law([*others, pack])
    PackFile.objects.bulk_create(
        (
            PackFile(digest=pack.digest, path=path, content=content)
            for path, content in sorted(pack.files.items())
        ),
        ignore_conflicts=True,
    )
    # From here the bytes are kept; the statement that names them may follow.
    return {
        "pack": pack.id,
        "version": pack.version,
        "digest": pack.digest,
        "title": pack.title,
    }


def _record(
    kind: str,
    body: Mapping[str, Any],
    author: str,
    effective: str,
    now: datetime | None,
    **more: Any,
) -> Outcome:
    document = statement_document(kind=kind, author=author, effective=effective, body=body, **more)
    return record_as_service([document], now=now)[0]
