"""Answers to the questions of scenarios, computed from what was recorded below a log size.

Findings and verdicts are evaluated anew and nothing is stored, so an old question gets its old
answer. Flags alone are people's work and are told as they stand now. Everything is JSON:
milligrams are texts, shares are exact ratios with a decimal beside them for display.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
from django.db import connection

from standards.balances import standing_of
from standards.dossiers import Examined, examine, gathered
from standards.models import Account, Flag
from standards.rulebook.composition import untraced_mg
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source
from standards.rulebook.errors import UnknownAccount
from standards.rulebook.findings import decimal_text
from standards.rulebook.policy import Judgement, Verdict
from traceability.errors import NothingToAnswer, UnknownLot
from traceability.models import Lot, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about which subject, for which day, as known below which log size.

    Args:
        subject: a lot, or an account; for rejections and flags an organization will do.
        statements: for rejections, the statements in question.
    """

    ask: str
    subject: str
    size: int
    on: date
    mineral: str | None = None
    rule: str | None = None
    club: str | None = None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, and a line for every place where it is not what the scenario expects."""

    at: str
    question: Mapping[str, Any]
    value: Any
    differences: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Return the answer as `replay --json` shows it."""
        return {
            "at": self.at,
            "question": dict(self.question),
            "answer": self.value,
            "differences": list(self.differences),
        }


def answer(question: Question) -> Any:
    """Return the answer as JSON.

    Raises:
        UnknownLot, UnknownAccount, NoSuchPolicy: not known below that log size.
        NothingToAnswer: nothing tells of that mineral, or no club is named for a verdict.
    """
    return _ANSWERS[question.ask](question)


# ── verdicts and findings ─────────────────────────────────────────────────────────────────


def _verdict(question: Question) -> dict[str, Any]:
    """Return a club's verdict per mineral; the lot's is the worst of them."""
    minerals: dict[str, Any] = {}
    for one in _examined(question):
        judgement = one.judgement
        if judgement is None:
            raise NothingToAnswer("A verdict is a club's: name its `policy`.")
        minerals[one.dossier.mineral] = {
            "verdict": judgement.verdict.value,
            "because": judgement.because,
            "rules": {
                reason.rule_id: {"verdict": reason.verdict.value, "because": reason.because}
                for reason in judgement.reasons
            },
            "missing": _missing(one, judgement),
        }
    verdicts = {told["verdict"] for told in minerals.values()}
    return {
        "verdict": next(one.value for one in Verdict if one.value in verdicts),
        "minerals": minerals,
    }


def _missing(one: Examined, judgement: Judgement) -> list[str]:
    """Return the documents missing for what the policy requires."""
    required = {reason.rule_id for reason in judgement.reasons}
    found = [finding for finding in one.evaluation.findings if finding.rule_id in required]
    return list(dict.fromkeys(name for finding in found for name in finding.missing))


def _findings(question: Question) -> dict[str, Any]:
    """Return findings by mineral and rule, under a club's values where one is named."""
    return {
        one.dossier.mineral: {
            finding.rule_id: finding.as_json()
            for finding in one.evaluation.findings
            if question.rule in (None, finding.rule_id)
        }
        for one in _examined(question)
    }


def _examined(question: Question) -> list[Examined]:
    examined = examine(
        question.subject, size=question.size, as_of=question.on, club=question.club or ""
    )
    found = [one for one in examined if question.mineral in (None, one.dossier.mineral)]
    if not found:
        lacking = question.mineral or "any mineral"
        raise NothingToAnswer(f"Nothing tells of {lacking} in lot {question.subject}.")
    return found


# ── shares and balances ───────────────────────────────────────────────────────────────────


def _shares(question: Question) -> dict[str, Any]:
    """Return, by mineral, whose metal is in a lot: by source, and by country."""
    return {one.dossier.mineral: _origin(one.dossier) for one in _examined(question)}


def _origin(dossier: Dossier) -> dict[str, Any]:
    untraced = untraced_mg(dossier)
    total = sum(source.mg for source in dossier.sources) + untraced
    countries: dict[str, int] = {"unknown": untraced} if untraced else {}
    for source in dossier.sources:
        place = _country(source)
        countries[place] = countries.get(place, 0) + source.mg
    contained = dossier.contained_mg
    return {
        "contained_mg": [str(contained.low_mg), str(contained.high_mg)] if contained else None,
        "countries": {
            country: _share(mg, total) for country, mg in sorted(countries.items()) if mg
        },
        "sources": [
            {
                "kind": source.kind,
                "lot": source.lot_id,
                "facility": source.facility_id,
                "country": source.country,
                "dispatched_on": source.dispatched_on and source.dispatched_on.isoformat(),
                **_share(source.mg, total),
            }
            for source in sorted(dossier.sources, key=lambda one: (-one.mg, one.id))
        ],
    }


def _country(source: Source) -> str:
    is_known = source.kind not in ORIGIN_UNKNOWN and source.country is not None
    return str(source.country) if is_known else "unknown"


def _share(mg: int, total: int) -> dict[str, str]:
    share = Fraction(mg, total or 1)
    exact = f"{share.numerator}/{share.denominator}"
    return {"mg": str(mg), "share": exact, "display": decimal_text(share)}


_BALANCE = """
SELECT coalesce(sum(m.delta), 0)
FROM traceability_movement m
JOIN traceability_logindex i ON i.recorded_order = m.recorded_order AND i.index < %(size)s
JOIN traceability_entry e ON e.recorded_order = m.recorded_order
WHERE m.lot = %(lot)s AND NOT EXISTS (
    SELECT FROM traceability_entry later
    JOIN traceability_logindex j ON j.recorded_order = later.recorded_order
    WHERE later.replaces = e.hash AND j.index < %(size)s
)
"""


def _balances(question: Question) -> dict[str, Any]:
    """Return what is left of a lot: gross, and of each mineral at most."""
    traced, _ = gathered([question.subject], question.size)
    if question.subject not in traced.history.last:
        raise UnknownLot(question.subject, at="")
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE, {"lot": question.subject, "size": question.size})
        [gross] = cursor.fetchone()
    lot = Lot.objects.get(id=question.subject)
    contents = traced.sources[traced.history.last[question.subject]].contents
    return {
        "gross": str(gross),
        "unit": lot.unit,
        "basis": lot.basis,
        "contained_mg": {
            mineral: str(sum(contents[mineral].left.values()))
            for mineral in traced.minerals_of(question.subject)
            if mineral in contents and question.mineral in (None, mineral)
        },
    }


# ── what people work on ───────────────────────────────────────────────────────────────────


def _flags(question: Question) -> dict[str, Any]:
    """Return the flags about a lot, or of a club, by lot, mineral and rule, as they stand now."""
    flags = Flag.objects.exclude(status=Flag.Status.CLOSED)
    flags = flags.filter(club=question.club) if question.club else flags
    if Lot.objects.filter(id=question.subject).exists():
        flags = flags.filter(lot=question.subject)
    else:
        flags = flags.filter(club=question.subject)
    told: dict[str, Any] = {}
    for flag in flags.order_by("lot", "mineral", "rule_id"):
        by_rule = told.setdefault(flag.lot, {}).setdefault(flag.mineral, {})
        by_rule[flag.rule_id] = {
            "severity": flag.severity,
            "status": flag.status,
            "because": flag.because,
        }
    return told


def _rejections(question: Question) -> list[dict[str, Any]]:
    """Return what was refused of a company's statements, in the order it came."""
    rows = Rejection.objects.filter(
        author=question.subject, statement_id__in=question.statements
    ).order_by("id")
    return [{"kind": row.kind, "problem": row.problem} for row in rows]


# ── accounts ──────────────────────────────────────────────────────────────────────────────


def _account(question: Question) -> Any:
    """Return how a mass-balance account stands at the end of the day: periods, tranches, claims."""
    row = Account.objects.filter(account=question.subject).first()
    if row is None:
        raise UnknownAccount(question.subject)
    return msgspec.to_builtins(standing_of(row, size=question.size, on=question.on))


_ANSWERS: Mapping[str, Callable[[Question], Any]] = {
    "verdict": _verdict,
    "findings": _findings,
    "shares": _shares,
    "balances": _balances,
    "account": _account,
    "flags": _flags,
    "rejections": _rejections,
}
