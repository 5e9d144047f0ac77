"""Checks of ownership: a lot sold twice, a lot that only papers know."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from traceability.ledger.plausibility.check import Check
from traceability.ledger.plausibility.view import Act, Observation, Titled, View

_NONE, _ONE = Fraction(0), Fraction(1)

# ── double sale ───────────────────────────────────────────────────────────────────────────


def _sales(view: View) -> Iterator[Observation]:
    titles = _titles(view)
    for act in view.of("shipment"):
        for one in act.happening.movements:
            if one.role == "move" and one.lot in titles and "consignment" in one.facts:
                yield _delivery(act, one.lot, str(one.facts["to"]), titles[one.lot], view)
    for told in titles.values():
        sold = [one for one in told if not one.is_offer]
        for place, sale in enumerate(sold):
            yield _sale(sale, sold[:place])


def _titles(view: View) -> dict[str, list[Titled]]:
    titles: dict[str, list[Titled]] = {}
    for one in view.noted.titles:
        titles.setdefault(one.lot, []).append(one)
    return titles


def _sale(one: Titled, earlier: list[Titled]) -> Observation:
    """Doubt a transfer of what its author had transferred to somebody else and taken back."""
    others = [
        before
        for before in earlier
        if before.is_withdrawn and before.author == one.author and before.to != one.to
    ]
    if not others:
        return _observed(one, f"title to lot {one.lot} was transferred to one company", _NONE)
    because = f"title to lot {one.lot} was transferred, withdrawn, and transferred to another"
    return _observed(one, because, _ONE, tuple(before.entry for before in others))


def _delivery(act: Act, lot: str, to: str, titles: list[Titled], view: View) -> Observation:
    """Doubt a shipment to somebody who neither bought the lot nor was offered it."""
    before = [one for one in titles if one.order < act.happening.order and not one.is_withdrawn]
    sales = [one for one in before if not one.is_offer]
    shipper = act.happening.author
    if sales and to not in sales[-1].owners and shipper not in sales[-1].owners:
        because = f"title to lot {lot} is with another company than the one it was sent to"
        return act.observed(lot, because, worst=_ONE, best=_ONE, evidence=(sales[-1].entry,))
    offers = [one for one in before if one.is_offer]
    buyers = {name for one in offers for name in one.to} - view.noted.clubs
    if not sales and len(buyers) > 1 and to not in buyers:
        because = f"lot {lot} was offered to {len(buyers)} companies and sent to none of them"
        evidence = tuple(one.entry for one in offers)
        return act.observed(lot, because, worst=_ONE, best=_ONE, evidence=evidence)
    return act.observed(lot, f"lot {lot} was sent where its title went", worst=_NONE, best=_NONE)


def _observed(
    one: Titled, because: str, value: Fraction, evidence: tuple[str, ...] = ()
) -> Observation:
    return Observation(
        entry=one.entry,
        author=one.author,
        lot=one.lot,
        facility=None,
        because=because,
        worst=value,
        best=value,
        evidence=evidence,
    )


SOLD_TWICE = Check(
    id="PL-16",
    title="No lot was sold twice",
    concerns="transfers and shipments of a lot: to whom title passed, to whom it was offered, and "
    "where it went",
    explanations="tolling, delivery to a third party for the buyer's account, a cancelled contract",
    severity="critical",
    comparison="never",
    unit="count",
    measure=_sales,
)


# ── ghosts ────────────────────────────────────────────────────────────────────────────────

SIGNS = 4
"""How many signs a lot can show that only papers know of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """Signs of a ghost that a lot shows, and those of which an erased text could tell."""

    shown: tuple[str, ...]
    erased: tuple[str, ...]


def _ghosts(view: View) -> Iterator[Observation]:
    assayed, moved, titled = _assayed(view), _moved(view), _titles(view)
    for act in view.of("extraction", "introduction"):
        for lot in act.made:
            signs = _signs(view, act)
            shown = [*signs.shown]
            if lot not in assayed:
                shown.append("no assay")
            sold = [title for title in titled.get(lot, ()) if not title.is_offer]
            if sold and lot not in moved:
                shown.append("title that moved while the goods did not")
            listed = ", ".join(shown) or "none"
            yield act.observed(
                lot,
                f"signs that only papers know lot {lot}: {listed}",
                worst=Fraction(len(shown) + len(signs.erased)),
                best=Fraction(len(shown)),
                missing=tuple(f"{what} of entry {act.entry}, erased" for what in signs.erased),
            )


def _signs(view: View, act: Act) -> _Signs:
    """Return the signs in the statement that began a lot."""
    told, site = act.told, view.sites.get(act.happening.facility or "")
    is_mined = act.happening.kind == "custody.extraction"
    if not told.has_text:
        return _Signs(shown=(), erased=("evidence", "licence" if is_mined else "supplier"))
    shown = [] if told.named("document") else ["no evidence"]
    if is_mined:
        stated, known = told.named("licence"), site.licences if site else None
        if not stated or (known is not None and not set(stated) & set(known)):
            shown.append("no licence of the mine")
    elif not told.named("supplier"):
        shown.append("no supplier")
    return _Signs(shown=tuple(shown), erased=())


def _assayed(view: View) -> set[str]:
    """Return the lots of which a document says what they contain, and what these were part of."""
    found: set[str] = set()
    for act in reversed(view.acts):
        for one in act.happening.movements:
            facts = one.facts
            if facts.get("results") or facts.get("assays") or facts.get("compound"):
                found.add(one.lot)
            if one.lot in found and "from" in facts:
                found.add(facts["from"])
    return found


def _moved(view: View) -> set[str]:
    """Return the lots that left, arrived, or were used."""
    return {
        one.lot
        for act in view.acts
        for one in act.happening.movements
        if one.role == "take" or (one.role in ("move", "adjust") and "consignment" in one.facts)
    }


GHOST = Check(
    id="PL-17",
    title="Every lot is known from more than papers",
    concerns="lots that a mine extracted or that came from outside: evidence, licence or supplier, "
    "assay, and whether the goods ever moved when title did",
    explanations="opening stock, metal sold in the warehouse where it lies",
    severity="major",
    comparison="at_most",
    unit="count",
    measure=_ghosts,
)
