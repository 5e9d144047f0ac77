"""Findings: what is so under one rule, with the figures, the citations and what is missing.

A finding is a fact about a lot and a law. Whether it matters is a club's policy
(`standards.rulebook.policy`); who must act is a flag.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal

import msgspec
from msgspec import Struct

from standards.rulebook.errors import BadFinding
from standards.rulebook.figures import Unit as Unit
from standards.rulebook.figures import decimal_text as decimal_text
from standards.rulebook.figures import figure_text as figure_text
from standards.rulebook.figures import interval_text as interval_text
from standards.rulebook.figures import percent_text as percent_text
from standards.rulebook.law import Provision


class Outcome(StrEnum):
    """What a rule can find (ISO conformity vocabulary; `indeterminate` is EARL's *cantTell*)."""

    CONFORMS = "conforms"
    NONCONFORMING = "nonconforming"
    INDETERMINATE = "indeterminate"
    NOT_APPLICABLE = "not_applicable"


class Subject(Struct, frozen=True, kw_only=True):
    """What a finding is about; `mineral` where the subject is a lot and one of its minerals."""

    kind: Literal["lot", "claim", "declaration", "product", "period", "facility", "organization"]
    id: str
    mineral: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the subject as JSON."""
        return {"kind": self.kind, "id": self.id, "mineral": self.mineral}


class Measured(Struct, frozen=True, kw_only=True):
    """A measured interval against a threshold, in exact numbers.

    Args:
        worst: the value if everything unknown speaks against the lot.
        best: the value if everything unknown speaks for it; equals `worst` when all is known.
        comparison: `at_least` or `at_most`, both inclusive.
        unit: `share` (of contained metal) or another of `Unit`.
    """

    worst: Fraction
    best: Fraction
    threshold: Fraction
    comparison: Literal["at_least", "at_most"]
    unit: Unit

    @property
    def margin(self) -> Fraction:
        """Return how far the worst case is on the good side; negative if it is not."""
        if self.comparison == "at_least":
            return self.worst - self.threshold
        return self.threshold - self.worst

    @property
    def outcome(self) -> Outcome:
        """Return the three-valued result: worst passes, best fails, or cannot tell."""
        if self.margin >= 0:
            return Outcome.CONFORMS
        best_fails = (
            self.best < self.threshold
            if self.comparison == "at_least"
            else self.best > self.threshold
        )
        return Outcome.NONCONFORMING if best_fails else Outcome.INDETERMINATE

    @property
    def interval_text(self) -> str:
        """Return the interval as people read it: `40 %`, or `40 % to 60 %`."""
        worst, best = (figure_text(one, self.unit, self._places) for one in (self.worst, self.best))
        return worst if self.worst == self.best else f"{worst} to {best}"

    @property
    def threshold_text(self) -> str:
        """Return the threshold as people read it: `at least 50 %`."""
        figure = self.threshold_figure
        return f"at least {figure}" if self.comparison == "at_least" else f"at most {figure}"

    @property
    def threshold_figure(self) -> str:
        """Return the threshold alone: `50 %`."""
        return figure_text(self.threshold, self.unit, self._places)

    @property
    def _places(self) -> int:
        """Return how many places tell the interval from the threshold: 74.9999 % is not 75 %."""
        places, others = 2, {self.worst, self.best} - {self.threshold}
        while figure_text(self.threshold, self.unit, places) in {
            figure_text(one, self.unit, places) for one in others
        }:
            places += 1
        return places

    @property
    def margin_text(self) -> str:
        """Return how far the worst case is on the good side, with its sign."""
        size = figure_text(abs(self.margin), self.unit)
        if self.margin < 0:
            return f"\N{MINUS SIGN}{size}"
        return f"+{size}" if self.margin > 0 else size

    def as_json(self) -> dict[str, Any]:
        """Return exact ratios as `n/d`, and rounded decimals for display only."""
        figures = {
            "worst": self.worst,
            "best": self.best,
            "threshold": self.threshold,
            "margin": self.margin,
        }
        exact: dict[str, Any] = {
            name: f"{value.numerator}/{value.denominator}" for name, value in figures.items()
        }
        display = {name: decimal_text(value) for name, value in figures.items()}
        words = {"comparison": self.comparison, "unit": self.unit}
        return exact | words | {"display": display}


def at_least(
    worst: Fraction, best: Fraction, threshold: Fraction, unit: Unit = "share"
) -> Measured:
    """Compare an interval with a minimum: conforms if `worst >= threshold`."""
    return Measured(worst=worst, best=best, threshold=threshold, comparison="at_least", unit=unit)


def at_most(worst: Fraction, best: Fraction, threshold: Fraction, unit: Unit = "share") -> Measured:
    """Compare an interval with a maximum: conforms if `worst <= threshold`."""
    return Measured(worst=worst, best=best, threshold=threshold, comparison="at_most", unit=unit)


class StatementLine(Struct, frozen=True, kw_only=True):
    """What a rule about statements doubts in one of them; its author may answer.

    Args:
        entry: hash of the statement's entry.
        author: the organization that made it.
    """

    entry: str
    author: str
    outcome: Outcome
    because: str

    def as_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "entry": self.entry,
            "author": self.author,
            "outcome": self.outcome.value,
            "because": self.because,
        }


class SiteLine(Struct, frozen=True, kw_only=True):
    """What a rule about sites found at one of them.

    Args:
        facility_id: None for metal whose site is not known.
        share: the site's part of the lot's contained metal, in [0, 1].
        lapse_days: days since a certificate expired, where a renewal was far enough for grace.
    """

    facility_id: str | None
    share: Fraction
    outcome: Outcome
    because: str
    lapse_days: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "facility_id": self.facility_id,
            "share": f"{self.share.numerator}/{self.share.denominator}",
            "share_display": decimal_text(self.share),
            "outcome": self.outcome.value,
            "because": self.because,
            "lapse_days": self.lapse_days,
        }


UNNAMED_SUBJECT = Subject(kind="lot", id="")


class Finding(Struct, frozen=True, kw_only=True):
    """Exactly one per rule and subject.

    A rule gives the answer; `evaluate()` writes `rule_id` and `subject` on it.

    Args:
        because: a sentence that an officer can forward to the supplier.
        cites: the provisions it relied on.
        evidence: hashes of entries, hex, sorted.
        notices: what the reader should know although it does not change the outcome.
        missing: the documents or facts that would settle it, by name.
        treat_as: the outcome to act on where law puts the burden of proof on the claimant.
        lines: one per site, for rules about sites.
        statements: those it doubts or cannot judge, worst first, for rules about statements.
        lapse_days: set where the only failure is an expiry with its renewal under way: the
            longest such lapse. A policy may grant grace for it.
    """

    rule_id: str = ""
    subject: Subject = UNNAMED_SUBJECT
    outcome: Outcome
    because: str
    measured: Measured | None = None
    cites: tuple[Provision, ...] = ()
    evidence: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    treat_as: Outcome | None = None
    lines: tuple[SiteLine, ...] = ()
    statements: tuple[StatementLine, ...] = ()
    lapse_days: int | None = None

    def as_json(
        self, written: Callable[[Provision | StatementLine], Any] | None = None
    ) -> dict[str, Any]:
        """Return the finding as JSON: strings, integers, lists and objects, nothing lost.

        Args:
            written: writes what findings share: they cite the same provisions over and over.
        """
        write = written or _write
        return {
            "rule_id": self.rule_id,
            "subject": self.subject.as_json(),
            "outcome": self.outcome.value,
            "because": self.because,
            "measured": None if self.measured is None else self.measured.as_json(),
            "cites": [write(provision) for provision in self.cites],
            "evidence": list(self.evidence),
            "notices": list(self.notices),
            "missing": list(self.missing),
            "treat_as": None if self.treat_as is None else self.treat_as.value,
            "lines": [line.as_json() for line in self.lines],
            "statements": [write(line) for line in self.statements],
            "lapse_days": self.lapse_days,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Finding":
        """Return the finding that `as_json` wrote.

        Raises:
            BadFinding: a member is missing, unknown, of another form, or disagrees with
                the others (a display figure that is not that of the exact ratio).
        """
        try:
            finding = _finding_from_json(told)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise BadFinding(f"{type(error).__name__} ({error})") from error
        if finding.as_json() != told:
            raise BadFinding("it is not what its own members give when written again")
        return finding


def _write(one: Provision | StatementLine) -> dict[str, Any]:
    return one.as_json()


def _finding_from_json(told: Mapping[str, Any]) -> Finding:
    measured, treat_as = told["measured"], told["treat_as"]
    return Finding(
        rule_id=told["rule_id"],
        subject=Subject(**told["subject"]),
        outcome=Outcome(told["outcome"]),
        because=told["because"],
        measured=None if measured is None else _measured_from_json(measured),
        cites=tuple(Provision.from_json(provision) for provision in told["cites"]),
        evidence=tuple(told["evidence"]),
        notices=tuple(told["notices"]),
        missing=tuple(told["missing"]),
        treat_as=None if treat_as is None else Outcome(treat_as),
        lines=tuple(_line_from_json(line) for line in told["lines"]),
        statements=tuple(_statement_from_json(line) for line in told["statements"]),
        lapse_days=told["lapse_days"],
    )


def _measured_from_json(told: Mapping[str, Any]) -> Measured:
    return Measured(
        worst=Fraction(told["worst"]),
        best=Fraction(told["best"]),
        threshold=Fraction(told["threshold"]),
        comparison=told["comparison"],
        unit=told["unit"],
    )


def _statement_from_json(told: Mapping[str, Any]) -> StatementLine:
    return StatementLine(
        entry=told["entry"],
        author=told["author"],
        outcome=Outcome(told["outcome"]),
        because=told["because"],
    )


def _line_from_json(told: Mapping[str, Any]) -> SiteLine:
    return SiteLine(
        facility_id=told["facility_id"],
        share=Fraction(told["share"]),
        outcome=Outcome(told["outcome"]),
        because=told["because"],
        lapse_days=told["lapse_days"],
    )


def conforms(because: str, *cites: Provision, **details: Any) -> Finding:
    """Say that the requirement is met; `details` are further fields of `Finding`."""
    return _answer(Outcome.CONFORMS, because, cites, details)


def nonconforming(because: str, *cites: Provision, **details: Any) -> Finding:
    """Say that the requirement is not met."""
    return _answer(Outcome.NONCONFORMING, because, cites, details)


def indeterminate(
    because: str, *cites: Provision, missing: tuple[str, ...], **details: Any
) -> Finding:
    """Say that it cannot be told, and which documents would tell."""
    return _answer(Outcome.INDETERMINATE, because, cites, details | {"missing": missing})


def not_applicable(because: str, *cites: Provision, **details: Any) -> Finding:
    """Say that the requirement does not concern this lot; only ever a rule's own guard."""
    return _answer(Outcome.NOT_APPLICABLE, because, cites, details)


def concluded(measured: Measured, because: str, *cites: Provision, **details: Any) -> Finding:
    """Let a measured interval decide; `missing` is kept only where it cannot be told."""
    missing = details.pop("missing", ())
    if measured.outcome is Outcome.INDETERMINATE:
        details["missing"] = missing
    return _answer(measured.outcome, because, cites, details | {"measured": measured})


def _answer(
    outcome: Outcome, because: str, cites: tuple[Provision, ...], details: dict[str, Any]
) -> Finding:
    evidence = tuple(sorted(set(details.pop("evidence", ()))))
    missing = tuple(dict.fromkeys(details.pop("missing", ())))
    return Finding(
        outcome=outcome,
        because=because,
        cites=cites,
        evidence=evidence,
        missing=missing,
        **details,
    )


def canonical_json(value: object) -> bytes:
    """Return canonical bytes (RFC 8785) of JSON without numbers other than integers.

    All keys of findings and policies are ASCII, so sorting by code point is the order of
    RFC 8785; its number formatting concerns floats, which do not occur here.
    """
    return msgspec.json.encode(value, order="deterministic")
