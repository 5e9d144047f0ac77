"""What the page of a site's mass balance shows, in words, figures and bars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traceability import seeing
from traceability.admin.access import Viewer
from traceability.balancing import period_of, site_books
from traceability.errors import TraceabilityError
from traceability.ledger.balances import CATEGORIES, Amount, Category, Row
from traceability.models import Facility
from traceability.pictures.waterfall import Step, Waterfall, waterfall
from traceability.templatetags.ledger import amount, percent, words

_TITLES: Mapping[Category, Any] = {
    "extracted": gettext_lazy("extracted"),
    "recovered": gettext_lazy("recovered"),
    "introduced": gettext_lazy("introduced"),
    "received": gettext_lazy("received"),
    "produced": gettext_lazy("produced"),
    "consumed": gettext_lazy("consumed"),
    "regrouped": gettext_lazy("regrouped"),
    "shipped": gettext_lazy("shipped"),
    "returned": gettext_lazy("rejected"),
    "lost": gettext_lazy("lost"),
    "counted": gettext_lazy("stocktakes"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLine:
    """A material, or the sum of all, with one cell for each column."""

    name: str
    cells: tuple[str, ...]
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A balance in figures, and in bars where it is one sum. `has_ranges`: not all is measured."""

    title: str
    anchor: str
    columns: tuple[str, ...]
    lines: tuple[TableLine, ...]
    picture: Waterfall | None
    summary: str
    processing: str
    has_ranges: bool


def may_read_books(site: Facility, viewer: Viewer) -> bool:
    """Tell whether the viewer may read the books of a site."""
    return seeing.sites_seen_in_full(viewer.organization).filter(pk=site.pk).exists()


def balance_page(site: Facility, first: str, last: str) -> dict[str, Any]:
    """Return what the page shows; `error` where the period is impossible, or too much."""
    told: dict[str, Any] = {
        "title": _("Mass balance of %(site)s") % {"site": site.name},
        "site": site,
        "first": first,
        "last": last,
    }
    try:
        begins, ends = period_of(first, last, today=seeing.today())
        told |= {"first": begins.isoformat(), "last": ends.isoformat()}
        books = site_books(site, begins, ends)
    except TraceabilityError as error:
        return told | {"error": error}
    elements = [_element_table(one.element, one.rows, one.total) for one in books.elements]
    return told | {
        "books": books,
        "elements": elements,
        "materials": [
            _material_table(unit, rows) for unit, rows in _by_unit(books.balance.materials)
        ],
        "has_ranges": any(table.has_ranges for table in elements),
    }


def _element_table(element: str, rows: Sequence[Row], total: Row) -> Table:
    used = _used([total, *rows])
    lines = [_line(words(row.material) or _("withdrawn lots"), row, used) for row in rows]
    if len(rows) > 1:
        lines.append(_line(_("all materials"), total, used, is_total=True))
    return Table(
        title=element,
        anchor=f"balance-{element}",
        columns=tuple(str(_TITLES[category]) for category in used),
        lines=tuple(lines),
        picture=_picture(total, used),
        summary=_summary(total, used),
        processing=_processing(total),
        has_ranges=any(_is_range(one) for row in rows for one in _amounts(row)),
    )


def _material_table(unit: str, rows: Sequence[Row]) -> Table:
    used = _used(rows)
    lines = []
    for row in rows:
        basis = f", {words(row.basis)}" if row.unit == "mg" and row.basis else ""
        name = words(row.material) or _("withdrawn lots")
        lines.append(_line(f"{name}{basis}", row, used, unit=unit))
    return Table(
        title=_("pieces") if unit != "mg" else _("gross mass, as booked"),
        anchor=f"balance-{unit}",
        columns=tuple(str(_TITLES[category]) for category in used),
        lines=tuple(lines),
        picture=None,
        summary="",
        processing="",
        has_ranges=False,
    )


def _by_unit(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    units: dict[str, list[Row]] = {}
    for row in rows:
        units.setdefault(row.unit, []).append(row)
    return sorted(units.items())


def _used(rows: Iterable[Row]) -> list[Category]:
    """Return the categories in which anything happened."""
    found = {name for row in rows for name, one in row.flows.items() if one != Amount()}
    return [category for category in CATEGORIES if category in found]


def _line(
    name: str, row: Row, used: Iterable[Category], *, unit: str = "mg", is_total: bool = False
) -> TableLine:
    flows = [row.flows.get(category, Amount()) for category in used]
    cells = [
        _text(row.opening, unit),
        *(_text(one, unit) if one != Amount() else "" for one in flows),
        _text(row.closing, unit),
    ]
    return TableLine(name=name, cells=tuple(cells), is_total=is_total)


def _text(one: Amount, unit: str = "mg") -> str:
    low, high = sorted(one, key=abs)
    if low == high:
        return amount(low, unit) if low else "0"
    return _("%(low)s to %(high)s") % {"low": amount(low, unit), "high": amount(high, unit)}


def _picture(total: Row, used: Iterable[Category]) -> Waterfall | None:
    steps = [_stock(_("opening"), total.opening)]
    for category in used:
        one = total.flows[category]
        title = str(_TITLES[category])
        steps.append(Step(title=title, text=_text(one), change=one.high, is_range=_is_range(one)))
    return waterfall([*steps, _stock(_("closing"), total.closing)])


def _stock(title: str, one: Amount) -> Step:
    return Step(
        title=title, text=_text(one), change=one.high, is_stock=True, is_range=_is_range(one)
    )


def _summary(total: Row, used: Iterable[Category]) -> str:
    """Say in words what the bars show."""
    parts = [_("opening %(amount)s") % {"amount": _text(total.opening)}]
    parts += [f"{_TITLES[category]} {_text(total.flows[category])}" for category in used]
    parts.append(_("closing %(amount)s") % {"amount": _text(total.closing)})
    return "; ".join(parts)


def _processing(total: Row) -> str:
    """Say what the steps of the period left over; empty where that is not known exactly."""
    into, out = (total.flows.get(name, Amount()) for name in ("consumed", "produced"))
    if not into.low or _is_range(into) or _is_range(out):
        return ""
    told = {"into": amount(-into.low), "out": amount(out.low)}
    less = -into.low - out.low
    told["share"] = percent(Fraction(abs(less), -into.low))
    told["less"] = amount(abs(less))
    if less < 0:
        return (
            _("Processing: %(into)s went in and %(out)s came out, %(less)s (%(share)s) more.")
            % told
        )
    return _("Processing: %(into)s went in and %(out)s came out, %(less)s (%(share)s) less.") % told


def _amounts(row: Row) -> list[Amount]:
    return [row.opening, *row.flows.values(), row.closing]


def _is_range(one: Amount) -> bool:
    return one.low != one.high
