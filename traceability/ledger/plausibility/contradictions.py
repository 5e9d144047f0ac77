"""Documents that cannot all be right: each is possible, and together they leave no lot.

What one statement says of itself is looked at when it comes in (`feasibility`). Here the same is
asked of what several say of one lot, and of the lot that it was divided from: their elements
together, and a figure of the wet substance with the moisture that another document tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec
from msgspec.structs import replace

from traceability.errors import AssayImpossible, AssaysExceedWhole, TraceabilityError
from traceability.ledger.book import Movement
from traceability.ledger.feasibility import check_substance
from traceability.ledger.grades import Assayed
from traceability.ledger.mass import parse_decimal
from traceability.ledger.plausibility.view import Act, Observation, View
from traceability.ledger.shapes import AssayResult, Compound
from traceability.ledger.weighings import document_in, is_weighing, moisture_stated

_APART = Fraction(1)


@dataclass(slots=True, kw_only=True)
class _Told:
    """What has been told of one lot so far: its material, its documents, its water as it is now."""

    material: str
    waters: tuple[str, ...]
    documents: tuple[Assayed, ...]
    is_contradictory: bool = False


def contradictions(view: View) -> Iterator[Observation]:
    """Yield, of each document that cannot be right beside the earlier ones, that it cannot."""
    lots: dict[str, _Told] = {}
    for act in view.acts:
        for one in act.happening.movements:
            if one.role == "make":
                lots[one.lot] = _begun(one, lots)
            told = lots.get(one.lot)
            if told is not None and not told.is_contradictory:
                yield from _beside(act, one, told)


def _beside(act: Act, one: Movement, told: _Told) -> Iterator[Observation]:
    """Take in what a statement says of a lot; yield where it cannot be right beside the rest."""
    if one.role == "adjust" and is_weighing(one):
        _weigh(told, one)
    document = document_in(act.entry, one) if one.role in ("make", "assay") else None
    if document is None:
        return
    before = [earlier.entry for earlier in told.documents]
    told.documents += (document,)
    if document.moisture is not None:
        told.waters += (document.moisture,)
    if not before and (one.role == "make" or not told.waters):
        return  # there is nothing else that it could contradict
    because = _contradiction(one.lot, told)
    if because:
        told.is_contradictory = True
        yield act.observed(one.lot, because, worst=_APART, best=_APART, evidence=tuple(before))


def _begun(one: Movement, lots: Mapping[str, _Told]) -> _Told:
    """Return what is known of a lot as it begins; a part is what the whole was."""
    facts = one.facts
    whole = lots.get(facts.get("from", ""))
    water = facts["quantity"].get("moisture")
    return _Told(
        material=str(facts["material"]),
        waters=(*(whole.waters if whole else ()), *((water,) if water is not None else ())),
        documents=whole.documents if whole else (),
        is_contradictory=whole.is_contradictory if whole else False,
    )


def _weigh(told: _Told, one: Movement) -> None:
    """Let a lot be weighed again, as wet as it is then: what is of its dry part still holds."""
    water = moisture_stated(one)
    told.waters = () if water is None else (water,)
    told.documents = tuple(
        replace(
            document,
            results=[result for result in document.results if result["basis"] == "dry"],
            compound=document.compound if _is_of_dry(document.compound) else None,
        )
        for document in told.documents
    )


def _is_of_dry(compound: Mapping[str, Any] | None) -> bool:
    return compound is not None and compound["basis"] == "dry"


def _contradiction(lot: str, told: _Told) -> str:
    """Return why documents cannot all be right; empty where they can."""
    try:
        check_substance(
            [result for one in told.documents for result in _results(one)],
            at="",
            materials=(told.material,),
            compound=_compound(told.documents),
            moisture=min(told.waters, key=parse_decimal, default=None),  # the least is certain
        )
    except AssaysExceedWhole as error:
        named = " and ".join(error.elements)
        return f"documents about lot {lot} find {named}, which together weigh more than it"
    except AssayImpossible as error:
        return (
            f"documents about lot {lot} find a share of {error.fraction} in its dry substance, "
            f"which holds at most {error.at_most}"
        )
    except TraceabilityError:
        return f"a document about lot {lot} gives a figure that means nothing"
    return ""


def _results(document: Assayed) -> Sequence[AssayResult]:
    """Return results, each with the status that it counts by."""
    told = [{"status": document.status, **result} for result in document.results]
    return msgspec.convert(told, list[AssayResult])


def _compound(documents: Sequence[Assayed]) -> Compound | None:
    """Return the compound that the best document states, the latest of several."""
    stated = [one for one in sorted(documents, key=lambda one: one.rank) if one.compound]
    return msgspec.convert(stated[-1].compound, Compound) if stated else None
