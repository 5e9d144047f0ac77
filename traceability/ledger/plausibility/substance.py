"""Checks of substance: what a mine ships, and assays that do not fit each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from traceability.ledger.grades import Assayed, is_dry, measured
from traceability.ledger.mass import Interval
from traceability.ledger.materials import elements_named
from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.contradictions import contradictions
from traceability.ledger.plausibility.registered import Registered
from traceability.ledger.plausibility.view import Observation, View
from traceability.ledger.plausibility.words import percent, percents
from traceability.ledger.weighings import document_in, moisture_stated

# ── what a mine mines ─────────────────────────────────────────────────────────────────────


def _mined(view: View) -> Iterator[Observation]:
    for act in view.of("extraction", "introduction"):
        site = view.sites.get(act.happening.facility or "")
        if act.happening.kind != "custody.extraction" and (
            site is None or "mine" not in site.types
        ):
            continue
        place = view.called(act.happening.facility)
        known = site.known_materials() if site else None
        for one in act.happening.movements:
            if one.role != "make":  # a correction also leaves lots at what was weighed since
                continue
            material = str(one.facts["material"])
            if site is None or known is None:
                because = f"what {place} mines is not registered"
                missing = (f"registered materials of {place}",)
                yield act.observed(one.lot, because, missing=missing)
                continue
            fits = _fits(material, known, site)
            says = "is what it registered" if fits else "is not among what it registered"
            value = Fraction(0) if fits else Fraction(1)
            because = f"{material} of lot {one.lot} at {place} {says}"
            yield act.observed(one.lot, because, worst=value, best=value)


def _fits(material: str, known: frozenset[str], site: Registered) -> bool:
    """Tell whether a material is registered by its word, or by every element it names."""
    elements = elements_named(material)
    return material in known or bool(elements and elements <= site.known_elements())


MATERIAL = Check(
    id="PL-12",
    title="Every mine ships what it mines",
    concerns="extractions, and introductions at a mine, against its registered materials and "
    "capacities",
    explanations="a by-product, or a new ore body, that is not registered yet",
    severity="critical",
    comparison="never",
    unit="count",
    measure=_mined,
)


# ── assays of one material ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What one document says of one lot: its elements in a thousand tonnes of it.

    `grades` are of the lot as it is booked; `dry` are of its dry part, None where that is not told.
    """

    lot: str
    order: int
    entry: str
    grades: Mapping[str, Interval]
    dry: Mapping[str, Interval] | None


_NOMINAL = 10**15


def _assays(view: View) -> Iterator[Observation]:
    for documents in _by_material(view).values():
        if len(documents) < 2:
            continue
        in_order = [_result(*one) for one in sorted(documents, key=lambda one: one[1])]
        for place, one in enumerate(in_order):
            act = view.by_entry.get(one.entry)
            if act is None:  # of a sister part: it serves to compare
                continue
            for element in sorted(one.grades):
                earlier = [before for before in in_order[:place] if element in before.grades]
                if earlier:
                    found = _farthest(one, earlier, element)
                    yield act.observed(one.lot, element=element, **found)


def _farthest(one: _Result, earlier: Sequence[_Result], element: str) -> dict[str, Any]:
    """Return what the earlier document that differs most says."""
    pairs = [(*_pair(one, before, element), before) for before in earlier]
    for own, other, before in pairs:
        if _is_bound(own) or _is_bound(other):
            because = f"two assays of {element} of lot {one.lot} cannot be compared"
            missing = (f"moisture of lot {one.lot}",)
            return {"because": because, "missing": missing, "evidence": (before.entry,)}
    gap, own, other, before = max(
        ((_gap(own, other), own, other, before) for own, other, before in pairs),
        key=lambda told: (told[0], told[3].order),
    )
    whose = "an earlier assay" if before.lot == one.lot else f"that of lot {before.lot}"
    because = (
        f"an assay of lot {one.lot} gives {_shown(own)} {element}, {whose} of the same material "
        f"{_shown(other)}: {percent(gap)} apart"
    )
    return {"because": because, "worst": gap, "best": gap, "evidence": (before.entry,)}


def _pair(one: _Result, before: _Result, element: str) -> tuple[Interval, Interval]:
    """Return what both give of an element: of the dry part if they can, which water leaves be."""
    if one.dry is not None and before.dry is not None:
        return one.dry[element], before.dry[element]
    return one.grades[element], before.grades[element]


def _gap(one: Interval, other: Interval) -> Fraction:
    """Return how far apart two grades are, in relation to the higher one."""
    apart = max(0, one.low - other.high, other.low - one.high)
    return Fraction(apart, max(one.high, other.high)) if apart else Fraction(0)


def _shown(grade: Interval) -> str:
    return percents(Fraction(grade.low, _NOMINAL), Fraction(grade.high, _NOMINAL))


def _is_bound(grade: Interval) -> bool:
    """From nothing up to something is a bound: the moisture is missing."""
    return grade.low == 0 and grade.high > 0


_Document = tuple[str, int, Assayed, Mapping[str, Any]]
"""A lot, the place in the log, what is said of the lot, and on which basis it is booked."""


def _by_material(view: View) -> dict[str, list[_Document]]:
    """Gather documents by the lot that a lot and its parts were divided from."""
    whole: dict[str, str] = {}
    quantities: dict[str, Mapping[str, Any]] = {}
    gathered: dict[str, list[_Document]] = {}
    for act in view.acts:
        for one in act.happening.movements:
            lot, source = one.lot, one.facts.get("from")
            if one.role == "make":
                whole[lot] = whole.get(source, source) if source else lot
                quantities[lot] = _basis(one.facts["quantity"], quantities.get(source or "", {}))
            elif one.role == "adjust" and lot in quantities and moisture_stated(one) is not None:
                quantities[lot] = {**quantities[lot], "moisture": moisture_stated(one)}
            document = document_in(act.entry, one) if one.role in ("make", "assay") else None
            if document is not None and lot in whole:
                told = (lot, act.happening.order, document, quantities[lot])
                gathered.setdefault(whole[lot], []).append(told)
    for sister in view.noted.sisters:
        parent = whole.get(sister.parent, sister.parent)
        quantity = _basis(sister.quantity, quantities.get(sister.parent, {}))
        told = (sister.lot, sister.order, sister.document, quantity)
        gathered.setdefault(parent, []).append(told)
    return gathered


def _result(lot: str, order: int, document: Assayed, quantity: Mapping[str, Any]) -> _Result:
    grades = measured(_NOMINAL, quantity, [document], None).contained
    dry = None
    if document.moisture or "moisture" in quantity or is_dry(document):
        dry = measured(_NOMINAL, {**quantity, "basis": "dry"}, [document], None).contained
    return _Result(lot=lot, order=order, entry=document.entry, grades=grades, dry=dry)


def _basis(quantity: Mapping[str, Any], of_whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return what matters of a quantity for a grade: the basis, and the water of the whole."""
    water = {"moisture": of_whole["moisture"]} if "moisture" in of_whole else {}
    stated = {name: quantity[name] for name in ("basis", "moisture", "unit") if name in quantity}
    return water | stated


def _agreeing(view: View) -> Iterator[Observation]:
    yield from _assays(view)
    yield from contradictions(view)


ASSAY = Check(
    id="PL-14",
    title="Assays of one material agree",
    concerns="assays of a lot, of the lot it was divided from, and of its sister parts, each with "
    "the earlier one that differs most, and with all that is told of the lot",
    explanations="a provisional figure, segregation in a pile, another method",
    severity="major",
    comparison="at_most",
    unit="share",
    measure=_agreeing,
)
