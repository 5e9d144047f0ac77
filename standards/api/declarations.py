"""`/api/v1/declarations`: what companies declared, to whom."""

from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.declared import (
    declaration_seen_by,
    declarations_readable_by,
    declarations_seen_by,
    replaced,
)
from standards.models import Declaration
from traceability import noting
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.ledger.shapes import Hash, LotId, OrganizationId, Word


class DeclarationLine(Struct, frozen=True, kw_only=True):
    """A declaration as stated last, as far as the caller may read it.

    `is_replaced`: it was stated again since, to others. `record` is the body of the statement.
    """

    declaration: str
    author: str
    form: str
    lots: list[str]
    recipients: list[str]
    effective_on: date
    stated_on: date
    withdrawn: bool
    is_replaced: bool
    index: int
    entry: Hash
    record: dict[str, Any]


class DeclarationVersion(Struct, frozen=True, kw_only=True):
    """One statement of a declaration."""

    index: int
    entry: Hash
    stated_on: date
    withdrawn: bool


class DeclarationDetail(Struct, frozen=True, kw_only=True):
    """A declaration, and every statement of it that the caller may read, newest first."""

    declaration: DeclarationLine
    versions: list[DeclarationVersion]


class DeclarationParameters(PageParameters, frozen=True, kw_only=True):
    """Which declarations."""

    form: Word | None = None
    author: OrganizationId | None = None
    lot: Annotated[LotId | None, Meta(description="that name this lot")] = None
    withdrawn: bool | None = None


class DeclarationsView(LedgerView):
    """The declarations a caller may read."""

    @described(
        "List declarations",
        "The caller's own, those addressed to it or to a club it belongs to, and those of whoever "
        "granted it, as an auditor, a lot or site they are about. A declaration proves that it "
        "was said; rules compare it with what is on record. Its author learns who read it.",
        parameters=DeclarationParameters,
        answers={200: Page[DeclarationLine]},
    )
    def get(self, request: Request) -> Response:
        """List declarations."""
        asked = parameters(request, DeclarationParameters)
        rows = declarations_seen_by(self.caller.organization)
        for name in ("form", "author", "withdrawn"):
            if getattr(asked, name) is not None:
                rows = rows.filter(**{name: getattr(asked, name)})
        if asked.lot is not None:
            rows = rows.filter(lots__contains=[asked.lot])
        return page_of(rows, asked, key="index", show=self.shown, newest_first=True)

    def shown(self, rows: list[Declaration]) -> list[DeclarationLine]:
        """Return the declarations of a page; their authors learn that they were read."""
        noting.note_records_read(
            {row.declaration: row.author for row in rows},
            reader=self.caller.organization,
            what="declaration",
            person=self.caller.person,
        )
        return _lines(rows)


class DeclarationView(LedgerView):
    """One declaration."""

    @described(
        "One declaration",
        "Its author learns who read it.",
        answers={200: DeclarationDetail},
        refused=(404,),
    )
    def get(self, request: Request, declaration: str) -> Response:
        """Show one declaration."""
        caller = self.caller
        row = declaration_seen_by(declaration, caller.organization)
        noting.note_record_read(
            row.declaration,
            owner=row.author,
            reader=caller.organization,
            what="declaration",
            person=caller.person,
        )
        versions = declarations_readable_by(caller.organization).filter(declaration=declaration)
        return told(
            DeclarationDetail(
                declaration=_lines([row])[0],
                versions=[
                    DeclarationVersion(
                        index=one.index,
                        entry=one.entry,
                        stated_on=one.stated_on,
                        withdrawn=one.withdrawn,
                    )
                    for one in versions.order_by("-index")
                ],
            )
        )


def _lines(rows: list[Declaration]) -> list[DeclarationLine]:
    stated_again = replaced(rows)
    return [
        DeclarationLine(
            declaration=row.declaration,
            author=row.author,
            form=row.form,
            lots=row.lots,
            recipients=row.recipients,
            effective_on=row.effective_on,
            stated_on=row.stated_on,
            withdrawn=row.withdrawn,
            is_replaced=row.declaration in stated_again,
            index=row.index,
            entry=row.entry,
            record=row.record,
        )
        for row in rows
    ]
