"""`/api/v1/snapshots`: copies of schemes' registers, and their rows."""

from datetime import date, datetime
from typing import Annotated

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from msgspec import UNSET, Meta, Struct, UnsetType, convert, field
from rest_framework.request import Request
from rest_framework.response import Response

from standards.models import RegistrySnapshot
from standards.registers import (
    author_of,
    file_of,
    newest_copies,
    retrieved_at,
    rows_for,
    snapshot_named,
)
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import InvalidRequest
from traceability.ledger.shapes import Country, Element, FacilityId, Hash, Word


class SnapshotLine(Struct, frozen=True, kw_only=True):
    """A copy of a register. `rows` counts what it states; `left_out` rows are of nobody here.

    A `complete` copy also shows who is not on it. `is_newest`: no copy of this register was
    retrieved later.
    """

    snapshot: str
    scheme: str
    author: str
    title: str
    url: str
    published_on: date | None
    retrieved_at: datetime
    complete: bool
    sha256: Hash
    rows: int
    left_out: int | None
    is_newest: bool
    index: int
    entry: Hash


class RegisterIdentifier(Struct, frozen=True, kw_only=True):
    """An identifier that the register gives."""

    scheme: str
    value: str


class RegisterRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row in the register's own words; what it does not say is left out.

    `facility` or `organization` is whom it was matched with, where the caller may know the name.
    """

    place: int
    name: str
    facility: str | UnsetType = UNSET
    organization: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    materials: list[str] | UnsetType = UNSET
    level: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    listed_from: date | UnsetType = field(name="from", default=UNSET)
    listed_until: date | UnsetType = field(name="to", default=UNSET)
    identifiers: list[RegisterIdentifier] | UnsetType = UNSET


class SnapshotParameters(PageParameters, frozen=True, kw_only=True):
    """Which copies."""

    scheme: Word | None = None
    complete: bool | None = None
    newest: Annotated[
        bool, Meta(description="only the copy of each register that was retrieved last")
    ] = False


class RowParameters(PageParameters, frozen=True, kw_only=True):
    """Which rows; texts are compared as a whole, whatever their case."""

    facility: Annotated[FacilityId | None, Meta(description="matched with this site")] = None
    country: Country | None = None
    material: Element | None = None
    status: Annotated[str, Meta(max_length=500)] | None = None
    level: Annotated[str, Meta(max_length=500)] | None = None


class SnapshotsView(LedgerView):
    """Copies of registers."""

    @described(
        "List copies of registers",
        "Registers are public: everybody on the ledger sees every copy. Newest first, as stated.",
        parameters=SnapshotParameters,
        answers={200: Page[SnapshotLine]},
    )
    def get(self, request: Request) -> Response:
        """List copies of registers."""
        asked = parameters(request, SnapshotParameters)
        rows = _last_stated()
        if asked.scheme is not None:
            rows = rows.filter(scheme=asked.scheme)
        if asked.complete is not None:
            rows = rows.filter(complete=asked.complete)
        if asked.newest:
            rows = rows.filter(index__in=[one.index for one in newest_copies().values()])
        return page_of(rows, asked, key="index", show=_lines, newest_first=True)


class SnapshotView(LedgerView):
    """One copy of a register."""

    @described("One copy of a register", "", answers={200: SnapshotLine}, refused=(404,))
    def get(self, request: Request, snapshot: str) -> Response:
        """Show one copy."""
        return told(_lines([snapshot_named(snapshot)])[0])


class SnapshotRowsView(LedgerView):
    """The rows of a copy."""

    @described(
        "Rows of a copy of a register",
        "In the order of the register. Whom a row was matched with is told where the caller may "
        "know the name.",
        parameters=RowParameters,
        answers={200: Page[RegisterRow]},
        refused=(404,),
    )
    def get(self, request: Request, snapshot: str) -> Response:
        """List the rows of one copy."""
        asked = parameters(request, RowParameters)
        rows = convert(
            rows_for(snapshot_named(snapshot), self.caller.organization), list[RegisterRow]
        )
        begin = _place(asked.cursor)
        found = [row for row in rows if row.place > begin and _is_asked(row, asked)]
        shown = found[: asked.limit]
        following = str(shown[-1].place) if len(found) > asked.limit else None
        return told(Page(items=shown, next=following))


class SnapshotFileView(LedgerView):
    """The file that a copy was read from."""

    @described(
        "The file of a copy of a register",
        "Its exact bytes, whose SHA-256 the statement names; for whoever stated it and for the "
        "operator. Copies that were not imported from a file have none.",
        answers={(200, "application/octet-stream"): bytes},
        refused=(404,),
    )
    def get(self, request: Request, snapshot: str) -> HttpResponse:
        """Send the file."""
        content = file_of(snapshot_named(snapshot), self.caller.organization)
        response = HttpResponse(content, content_type="application/octet-stream")
        response["Content-Disposition"] = "attachment"
        response["Cache-Control"] = "private, no-store"
        return response


def _last_stated() -> QuerySet[RegistrySnapshot]:
    """Return the copies, each as stated last under its id."""
    last = RegistrySnapshot.objects.filter(snapshot=OuterRef("snapshot")).order_by("-index")
    return RegistrySnapshot.objects.filter(index=Subquery(last.values("index")[:1]))


def _lines(rows: list[RegistrySnapshot]) -> list[SnapshotLine]:
    newest = {one.index for one in newest_copies().values()}
    return [
        SnapshotLine(
            snapshot=row.snapshot,
            scheme=row.scheme,
            author=author_of(row),
            title=row.title,
            url=row.url,
            published_on=row.published_on,
            retrieved_at=retrieved_at(row),
            complete=row.complete,
            sha256=row.sha256,
            rows=len(row.rows),
            left_out=row.left_out,
            is_newest=row.index in newest,
            index=row.index,
            entry=row.entry,
        )
        for row in rows
    ]


def _place(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 6):
        raise InvalidRequest("The cursor is not of this list.", at="cursor")
    return int(cursor)


def _is_asked(row: RegisterRow, asked: RowParameters) -> bool:
    wanted = (
        (asked.facility, row.facility),
        (asked.country, row.country),
        (asked.status, row.status),
        (asked.level, row.level),
    )
    if asked.material is not None and asked.material not in (row.materials or ()):
        return False
    return all(
        text is None or (isinstance(cell, str) and cell.casefold() == text.casefold())
        for text, cell in wanted
    )
