"""Checks of reuse: a seal, a container, a paper or a certificate that served before."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.view import Act, NamedBefore, Observation, View
from traceability.ledger.plausibility.words import days, number

_NONE: Mapping[str, Any] = {"worst": Fraction(0), "best": Fraction(0)}
_ONE: Mapping[str, Any] = {"worst": Fraction(1), "best": Fraction(1)}


def _before(view: View, *kinds: str) -> dict[str, list[NamedBefore]]:
    """Return what was named before, by the entry that names it again."""
    told: dict[str, list[NamedBefore]] = {}
    for one in view.noted.before:
        if one.kind in kinds:
            told.setdefault(one.entry, []).append(one)
    return told


def _entries(before: Sequence[NamedBefore]) -> tuple[str, ...]:
    return tuple(sorted({one.before for one in before}))


# ── seals ─────────────────────────────────────────────────────────────────────────────────


def _seals(view: View) -> Iterator[Observation]:
    before = _before(view, "seal")
    for act in view.of("shipment"):
        told = _sealed(act, before.get(act.entry, ()))
        for lot in act.lots:
            yield act.observed(lot, **told)


def _sealed(act: Act, before: Sequence[NamedBefore]) -> dict[str, Any]:
    day = f"{act.told.start:%Y-%m-%d}"
    if before:
        apart, one = min(((abs(days(act.told.start - b.before_at)), b) for b in before), key=_first)
        because = (
            f"seal {one.value} of the shipment of {day} was on another consignment, "
            f"{number(apart, 1)} days apart"
        )
        return {"because": because, "worst": apart, "best": apart, "evidence": _entries([one])}
    if act.told.named("seal") or act.told.named("unsealed"):
        return {"because": f"no seal of the shipment of {day} was used before"}
    because = f"the shipment of {day} says nothing of seals"
    return {"because": because, "missing": (f"seals of shipment {act.entry}, or `[]` for none",)}


def _first(pair: tuple[Fraction, NamedBefore]) -> tuple[Fraction, str]:
    return pair[0], pair[1].before


SEAL = Check(
    id="PL-07",
    title="No seal was used on another consignment",
    concerns="shipments: their seals against those of earlier shipments, of anybody",
    explanations="numbers of two makers, two consignments in one container, a typing error",
    severity="major",
    comparison="at_least",
    unit="days",
    measure=_seals,
)


# ── goods that come in twice ──────────────────────────────────────────────────────────────


def _twice(view: View) -> Iterator[Observation]:
    before = _before(view, "container", "document", "received")
    for act in view.of("shipment"):
        if act.told.named("container"):
            under_way = [one for one in before.get(act.entry, ()) if _is_under_way(act, one)]
            for lot in act.lots:
                yield act.observed(lot, **_again(lot, under_way))
    for receipt in view.receipts:
        lot, named = receipt.movement.lot, before.get(receipt.entry, ())
        yield receipt.observed(**_again(lot, [one for one in named if _is_of(lot, one)]))
    for act in view.of("extraction", "introduction", "recovery"):
        documents = before.get(act.entry, ())
        for lot in act.made:
            if documents or act.told.named("document"):
                yield act.observed(lot, **_again(lot, documents))
            else:
                because = f"no document says where lot {lot} came from"
                missing = (f"evidence of entry {act.entry}",)
                yield act.observed(lot, because, missing=missing)


def _is_under_way(act: Act, one: NamedBefore) -> bool:
    """Containers come back, but not before they have arrived."""
    return one.arrived_at is None or one.arrived_at > act.told.end


def _is_of(lot: str, one: NamedBefore) -> bool:
    """A receipt is of several lots: what it repeats of one says nothing of the others."""
    return one.kind == "document" or (one.kind == "received" and one.value.endswith(f"/{lot}"))


def _again(lot: str, before: Sequence[NamedBefore]) -> dict[str, Any]:
    if not before:
        return {"because": f"nothing that brought lot {lot} was named before", **_NONE}
    first = before[0]
    because = {
        "container": f"container {first.value} was under way with an earlier consignment",
        "received": f"lot {lot} is received twice from one consignment",
    }.get(first.kind, f"a document of lot {lot} (SHA-256 {first.value[:16]}…) is of other goods")
    return {"because": because, "evidence": _entries(before), **_ONE}


TWICE = Check(
    id="PL-11",
    title="Nothing came in twice",
    concerns="a container that is still under way, a lot that is received twice from one "
    "consignment, a document that brought other goods onto the books",
    explanations="one bill of lading for several lots, a receipt that was never recorded",
    severity="critical",
    comparison="never",
    unit="count",
    measure=_twice,
)


# ── certificates of assay ─────────────────────────────────────────────────────────────────


def _certificates(view: View) -> Iterator[Observation]:
    before = _before(view, "certificate")
    for act in view.of("assay"):
        named = before.get(act.entry, ())
        for lot in act.lots:
            if named:
                because = f"the certificate of lot {lot} (SHA-256 {named[0].value[:16]}…) is of "
                more = {"because": f"{because}other goods", "evidence": _entries(named), **_ONE}
            elif act.told.named("certificate"):
                more = {"because": f"the certificate of lot {lot} is of no other goods", **_NONE}
            else:
                missing = (f"certificate of assay {act.entry}",)
                more = {"because": f"the assay of lot {lot} names no certificate"}
                more["missing"] = missing
            yield act.observed(lot, **more)


CERTIFICATE = Check(
    id="PL-15",
    title="No certificate of assay stands for other goods",
    concerns="assays: the digest of their certificate against that of earlier assays of other lots",
    explanations="one certificate for a composite sample of several lots",
    severity="major",
    comparison="never",
    unit="count",
    measure=_certificates,
)
