"""Mass: what comes out of a step was in it, or somebody must explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from msgspec import Struct

from standards.rulebook.composition import abridged, introduced_by, worked_at
from standards.rulebook.dossier import LEAF_STAGES, Dossier, Step
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
    words = _Words(mineral=dossier.mineral, brought=introduced_by(dossier))
    checked = [_check(step, tolerance) for step in steps]
    # The step that decides: failed before open before fine, then the largest excess.
    decisive = max(checked, key=lambda one: (_RANK[one.outcome], one.excess))
    alike = [one for one in checked if one.outcome is decisive.outcome]
    because = words.sentence(decisive)
    missing = abridged([name for one in checked for name in words.missing(one)])
    details: dict[str, Any] = {
        "missing": missing,
        "lines": _lines(checked, dossier, words),
        "statements": _statements(checked, words),
        "evidence": [one.step.entry for one in alike],
    }
    measured = _measured(decisive.step, tolerance)
    if measured is None:
        return indeterminate(because, *cites, **details)
    return concluded(measured, because, *cites, **details)


def _may_exceed(step: Step) -> bool:
    if step.input_mg is None or step.output_mg is None:
        return False
    return step.output_mg.high_mg > step.input_mg.low_mg


_RANK = {Outcome.CONFORMS: 0, Outcome.INDETERMINATE: 1, Outcome.NONCONFORMING: 2}


class _Checked(Struct, frozen=True):
    """A step and how far it went beyond input and tolerance, in whole parts of a milligram.

    The part is the same for all steps. A step of which a mass is missing went nowhere.
    """

    step: Step
    outcome: Outcome
    excess: int


def _check(step: Step, tolerance: Fraction) -> _Checked:
    """Compare a step in whole numbers: there are many, and most of them are fine."""
    taken, given = step.input_mg, step.output_mg
    if taken is None or given is None:
        return _Checked(step, Outcome.INDETERMINATE, 0)
    parts = tolerance.denominator
    allowed = parts + tolerance.numerator
    excess = given.high_mg * parts - taken.low_mg * allowed
    if excess <= 0:
        return _Checked(step, Outcome.CONFORMS, excess)
    is_sure = given.low_mg * parts > taken.high_mg * allowed
    return _Checked(step, Outcome.NONCONFORMING if is_sure else Outcome.INDETERMINATE, excess)


def _measured(step: Step, tolerance: Fraction) -> Measured | None:
    """Return the excess of a step over input and tolerance; None where a mass is missing."""
    taken, given = step.input_mg, step.output_mg
    if taken is None or given is None:
        return None
    allowed = 1 + tolerance
    return at_most(
        given.high_mg - taken.low_mg * allowed,
        given.low_mg - taken.high_mg * allowed,
        Fraction(0),
        "mg",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Says what is so of a step."""

    mineral: str
    brought: Mapping[str, str]

    def place(self, step: Step) -> str:
        """Say which step it was, as people know it: what was done where, and on which day."""
        place = worked_at(step, self.brought)
        return place if step.performed_on is None else f"{place} on {step.performed_on}"

    def sentence(self, checked: _Checked) -> str:
        """Say where, and how much went in and came out."""
        step, place = checked.step, self.place(checked.step)
        taken, given = step.input_mg, step.output_mg
        if taken is None or given is None:
            side = "went into" if taken is None else "came out of"
            return f"how much {self.mineral} {side} {place} is not known"
        kg_in, kg_out = _kg(taken.low_mg, taken.high_mg), _kg(given.low_mg, given.high_mg)
        sentence = f"{place}: {kg_out} of {self.mineral} came out of {kg_in}"
        if given.high_mg > taken.low_mg:
            excess = _kg(max(0, given.low_mg - taken.high_mg), given.high_mg - taken.low_mg)
            within = "within" if checked.outcome is Outcome.CONFORMS else "against"
            sentence = f"{sentence}, an excess of {excess} {within} the tolerance"
        return sentence

    def missing(self, checked: _Checked) -> tuple[str, ...]:
        """Name what would settle an open step; a step that is settled misses nothing."""
        if checked.outcome is not Outcome.INDETERMINATE:
            return ()
        return checked.step.missing or (f"assay of {self.mineral} for {self.place(checked.step)}",)


def _lines(checked: list[_Checked], dossier: Dossier, words: _Words) -> tuple[SiteLine, ...]:
    """Return a line per site and outcome, with its largest excess and its part of the metal."""
    total_mg = max(1, sum(source.mg for source in dossier.sources))
    alike: dict[tuple[str | None, Outcome], list[_Checked]] = {}
    for one in checked:
        alike.setdefault((one.step.facility_id, one.outcome), []).append(one)
    return tuple(
        SiteLine(
            facility_id=facility_id,
            # Metal may pass a site more than once: more than the lot holds is all of it.
            share=min(Fraction(1), Fraction(sum(one.step.mg for one in steps), total_mg)),
            outcome=outcome,
            because=words.sentence(max(steps, key=lambda one: one.excess)),
        )
        for (facility_id, outcome), steps in alike.items()
    )


def _statements(checked: list[_Checked], words: _Words) -> tuple[StatementLine, ...]:
    """Return the statements that are doubted or open, whose authors may answer."""
    doubted = [one for one in checked if one.outcome is not Outcome.CONFORMS]
    doubted.sort(key=lambda one: (-_RANK[one.outcome], -one.excess))
    return tuple(
        StatementLine(
            entry=one.step.entry,
            author=one.step.organization_id,
            outcome=one.outcome,
            because=words.sentence(one),
        )
        for one in doubted
        if one.step.organization_id is not None  # what was only declared is nobody's statement
    )


def _kg(low_mg: int, high_mg: int) -> str:
    low, high = (decimal_text(Fraction(mg, 10**6)) for mg in (low_mg, high_mg))
    return f"{low} kg" if low_mg == high_mg else f"{low} to {high} kg"
