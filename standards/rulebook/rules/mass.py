"""Mass: what comes out of a step was in it, or somebody must explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from standards.rulebook.composition import abridged, introduced_by, worked_at
from standards.rulebook.dossier import LEAF_STAGES, Dossier, MassRange, Step
from standards.rulebook.findings import (
    Finding,
    Measured,
    Outcome,
    SiteLine,
    StatementLine,
    at_most,
    concluded,
    decimal_text,
    indeterminate,
    not_applicable,
)
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule


@rule(
    id="MB-13",
    title="No step on the path gave more metal than went into it",
    source="Total balance: contained output at most input, within a stated tolerance",
    governed_by="as_of",
    reads=("custody.output_excess_tolerance",),
    aliases=("A2",),
)
def no_step_gave_more_metal_than_it_took(dossier: Dossier, law: LawOnDate) -> Finding:
    """At every step the contained metal that came out is at most what went in, plus tolerance.

    Extraction and recovery have no metal input and are left out. Residues and losses are part
    of what the ledger books as output; a step that gave less is no matter of this rule.
    """
    steps = [step for step in dossier.steps if step.stage not in LEAF_STAGES]
    if not steps:
        return not_applicable("no step on the path worked the metal")
    # The tolerance is asked for only where the answer turns on it.
    cites = (law["custody.output_excess_tolerance"],) if any(map(_may_exceed, steps)) else ()
    tolerance = cites[0].share if cites else Fraction(0)
    brought = introduced_by(dossier)
    checked = [_check(step, _place(step, brought), tolerance) for step in steps]
    # The step that decides: failed before open before fine, then the largest excess.
    decisive = max(checked, key=lambda one: (_RANK[one.outcome], one.excess_mg))
    alike = [one for one in checked if one.outcome is decisive.outcome]
    because = _sentence(decisive, dossier.mineral)
    missing = abridged([name for one in checked for name in _missing(one, dossier.mineral)])
    details: dict[str, Any] = {
        "missing": missing,
        "lines": _lines(checked, dossier),
        "statements": _statements(checked, dossier.mineral),
        "evidence": [one.step.entry for one in alike],
    }
    if decisive.measured is None:
        return indeterminate(because, *cites, **details)
    return concluded(decisive.measured, because, *cites, **details)


def _may_exceed(step: Step) -> bool:
    if step.input_mg is None or step.output_mg is None:
        return False
    return step.output_mg.high_mg > step.input_mg.low_mg


_RANK = {Outcome.CONFORMS: 0, Outcome.INDETERMINATE: 1, Outcome.NONCONFORMING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedStep:
    """A step and its excess over input and tolerance; `measured` None where a mass is missing."""

    step: Step
    place: str
    outcome: Outcome
    measured: Measured | None

    @property
    def excess_mg(self) -> Fraction:
        return Fraction(0) if self.measured is None else self.measured.worst


def _place(step: Step, brought: Mapping[str, str]) -> str:
    """Say which step it was, as people know it: what was done where, and on which day."""
    place = worked_at(step, brought)
    return place if step.performed_on is None else f"{place} on {step.performed_on}"


def _check(step: Step, place: str, tolerance: Fraction) -> _CheckedStep:
    taken, given = step.input_mg, step.output_mg
    if taken is None or given is None:
        return _CheckedStep(step=step, place=place, outcome=Outcome.INDETERMINATE, measured=None)
    outcome, measured = _excess(taken, given, tolerance)
    return _CheckedStep(step=step, place=place, outcome=outcome, measured=measured)


@lru_cache(maxsize=4096)  # one step is on the paths of many lots
def _excess(taken: MassRange, given: MassRange, tolerance: Fraction) -> tuple[Outcome, Measured]:
    allowed = 1 + tolerance
    measured = at_most(
        given.high_mg - taken.low_mg * allowed,
        given.low_mg - taken.high_mg * allowed,
        Fraction(0),
        "mg",
    )
    return measured.outcome, measured


def _sentence(checked: _CheckedStep, mineral: str) -> str:
    """Say where, and how much went in and came out."""
    step, place = checked.step, checked.place
    taken, given = step.input_mg, step.output_mg
    if taken is None or given is None:
        side = "went into" if taken is None else "came out of"
        return f"how much {mineral} {side} {place} is not known"
    kg_in, kg_out = _kg(taken.low_mg, taken.high_mg), _kg(given.low_mg, given.high_mg)
    sentence = f"{place}: {kg_out} of {mineral} came out of {kg_in}"
    if given.high_mg > taken.low_mg:
        excess = _kg(max(0, given.low_mg - taken.high_mg), given.high_mg - taken.low_mg)
        within = "within" if checked.outcome is Outcome.CONFORMS else "against"
        sentence = f"{sentence}, an excess of {excess} {within} the tolerance"
    return sentence


def _missing(checked: _CheckedStep, mineral: str) -> tuple[str, ...]:
    """Name what would settle an open step; a step that is settled misses nothing."""
    if checked.outcome is not Outcome.INDETERMINATE:
        return ()
    return checked.step.missing or (f"assay of {mineral} for {checked.place}",)


def _lines(checked: list[_CheckedStep], dossier: Dossier) -> tuple[SiteLine, ...]:
    """Return a line per site and outcome, with its largest excess and its part of the metal."""
    total_mg = max(1, sum(source.mg for source in dossier.sources))
    alike: dict[tuple[str | None, Outcome], list[_CheckedStep]] = {}
    for one in checked:
        alike.setdefault((one.step.facility_id, one.outcome), []).append(one)
    return tuple(
        SiteLine(
            facility_id=facility_id,
            # Metal may pass a site more than once: more than the lot holds is all of it.
            share=min(Fraction(1), Fraction(sum(one.step.mg for one in steps), total_mg)),
            outcome=outcome,
            because=_sentence(max(steps, key=lambda one: one.excess_mg), dossier.mineral),
        )
        for (facility_id, outcome), steps in alike.items()
    )


def _statements(checked: list[_CheckedStep], mineral: str) -> tuple[StatementLine, ...]:
    """Return the statements that are doubted or open, whose authors may answer."""
    doubted = [one for one in checked if one.outcome is not Outcome.CONFORMS]
    doubted.sort(key=lambda one: (-_RANK[one.outcome], -one.excess_mg))
    return tuple(
        StatementLine(
            entry=one.step.entry,
            author=one.step.organization_id,
            outcome=one.outcome,
            because=_sentence(one, mineral),
        )
        for one in doubted
        if one.step.organization_id is not None  # what was only declared is nobody's statement
    )


def _kg(low_mg: int, high_mg: int) -> str:
    low, high = (decimal_text(Fraction(mg, 10**6)) for mg in (low_mg, high_mg))
    return f"{low} kg" if low_mg == high_mg else f"{low} to {high} kg"
