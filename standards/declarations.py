"""Reads of declarations, as known below a log size: claims about lots, and forms filled in.

What was signed with a key that is distrusted from before is left out (DESIGN 3.1).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from django.db import connection

from standards.credentials import disputed_entries
from standards.models import Declaration
from standards.rulebook.dossier import DeclaredClaim
from standards.rulebook.forms import Answer, Form, NamedSite
from traceability import wire


def claims_at(size: int, lots: Collection[str]) -> dict[str, list[DeclaredClaim]]:
    """Return the claims about lots that are in force as declared last, by lot."""
    if not lots:
        return {}
    rows = list(
        Declaration.objects.filter(index__lt=size, declaration__in=_naming(size, lots))
        .order_by("declaration", "-index")
        .distinct("declaration")
    )
    disputed = disputed_entries(size, [row.index for row in rows])
    claims: dict[str, list[DeclaredClaim]] = {}
    for row in rows:
        if row.withdrawn or row.index in disputed:
            continue
        for claim in _claims(row):
            if claim.lot_id in lots:
                claims.setdefault(claim.lot_id, []).append(claim)
    return claims


_NAMING = """
SELECT DISTINCT declaration FROM standards_declaration WHERE index < %s AND lots && %s::varchar[]
"""


def _naming(size: int, lots: Collection[str]) -> list[str]:
    """Return the declarations that ever named one of some lots, of which there may be thousands."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, [size, wire.array(lots).decode()])
        return [name for (name,) in cursor.fetchall()]


def _claims(row: Declaration) -> Iterable[DeclaredClaim]:
    recipients = row.record.get("recipients", ())
    recipient = recipients[0] if recipients else {}
    for place, told in enumerate(row.record.get("claims", ())):
        for lot in row.lots:
            yield DeclaredClaim(
                id=f"{row.declaration}#{place}",
                lot_id=lot,
                claimant=row.author,
                recipient=recipient.get("organization") or recipient.get("name"),
                scheme=told["scheme"],
                mineral=told.get("element"),
                level=told.get("level"),
                model=told.get("model"),
                code=told["code"],
                facility_id=told.get("site"),
                share=told.get("share"),
                says=_texts(told.get("says")),
                wording=told["wording"],
                fields=tuple(sorted({*told, *(("recipient",) if recipient else ()), "lot"})),
                made_on=row.effective_on,
                entry=row.entry,
            )


def forms_at(size: int, organizations: Collection[str]) -> tuple[Form, ...]:
    """Return the forms that organizations filled in, each as stated last and not withdrawn."""
    if not organizations:
        return ()
    rows = list(
        Declaration.objects.filter(index__lt=size, author__in=organizations)
        .order_by("declaration", "-index")
        .distinct("declaration")
    )
    disputed = disputed_entries(size, [row.index for row in rows])
    return tuple(
        form_of(row)
        for row in rows
        if not row.withdrawn
        and row.index not in disputed
        and ("answers" in row.record or "sources" in row.record)
    )


def form_of(row: Declaration) -> Form:
    """Return a declaration as rules about forms see it."""
    told: Mapping[str, Any] = row.record
    return Form(
        id=row.declaration,
        author=row.author,
        form=row.form,
        version=told.get("form_version"),
        lots=tuple(row.lots),
        facilities=tuple(told.get("facilities", ())),
        answers=tuple(_answer(one) for one in told.get("answers", ())),
        sources=tuple(_named_site(one) for one in told.get("sources", ())),
        authorized_on=_day(told.get("authorized_on")),
        valid_from=_day(told.get("valid_from")),
        valid_until=_day(told.get("valid_until")),
        made_on=row.effective_on,
        entry=row.entry,
    )


def _answer(told: Mapping[str, Any]) -> Answer:
    return Answer(
        question=told["question"],
        answer=told.get("answer"),
        text=told.get("text"),
        mineral=told.get("element"),
        about=told.get("about"),
    )


def _named_site(told: Mapping[str, Any]) -> NamedSite:
    return NamedSite(
        role=told["role"],
        mineral=told["element"],
        lookup=told.get("lookup"),
        name=told.get("name"),
        country=told.get("country"),
        number=told["identifier"]["value"] if "identifier" in told else None,
        mine_countries=_texts(told.get("mine_countries")),
        recycled_only=told.get("recycled_only"),
    )


def _texts(told: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(told)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
