"""Whether packs and rules fit together: nothing unread, nothing undefined, nothing stale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from standards.rulebook.bounds import BOUNDS
from standards.rulebook.errors import VectorsFailed
from standards.rulebook.law import Law, Pack
from standards.rulebook.rule import Rule
from standards.rulebook.vectors import check_vectors

CHECKED_WITHIN = timedelta(days=180)
"""After this time somebody should compare a value with its source again (STYLE §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReport:
    """What is wrong (refuses the packs) and what is merely old or unsettled (is reported)."""

    vectors_passed: int
    problems: tuple[str, ...]
    stale: tuple[str, ...]
    unsettled: tuple[str, ...]


def check_packs(packs: Sequence[Pack], rules: Sequence[Rule], *, on: date) -> PackReport:
    """Check packs against rules and each other.

    Args:
        on: the day from which the age of `checked_on` is counted.

    Raises:
        BadPack: two packs define the same key.
    """
    law = Law(packs)
    problems: list[str] = []
    passed = 0
    for pack in packs:
        try:
            passed += check_vectors(pack, rules)
        except VectorsFailed as failed:
            problems.append(str(failed))
    problems += _unread(packs, rules)
    problems += _undefined(packs, rules)
    versions = [
        (key, version)
        for key, parameter in sorted(law.parameters.items())
        for version in parameter.versions
    ]
    return PackReport(
        vectors_passed=passed,
        problems=tuple(problems),
        stale=tuple(
            f"{key} ({version.in_force_from}) was last checked on {version.checked_on}"
            for key, version in versions
            if on - version.checked_on > CHECKED_WITHIN
        ),
        unsettled=tuple(
            f"{key} ({version.in_force_from}) is {version.verification}"
            for key, version in versions
            if version.verification != "official"
        ),
    )


def _unread(packs: Sequence[Pack], rules: Sequence[Rule]) -> list[str]:
    read = BOUNDS | {key for rule in rules for key in rule.reads}
    return [
        f"{pack.id}: no rule reads {key}"
        for pack in packs
        for key in sorted(pack.parameters)
        if key not in read
    ]


def _undefined(packs: Sequence[Pack], rules: Sequence[Rule]) -> list[str]:
    base = {key: one for pack in packs if not pack.overlays for key, one in pack.parameters.items()}
    problems = [
        f"rule {rule.id} reads {key}, which no pack defines"
        for rule in rules
        for key in rule.reads
        if key not in base
    ]
    for pack in packs:
        for key, parameter in sorted(pack.parameters.items() if pack.overlays else ()):
            if key in base and base[key].unit != parameter.unit:
                problems.append(f"{pack.id}: {key} is a {base[key].unit}, not a {parameter.unit}")
    ids = [rule.id for rule in rules]
    problems += [f"rule id {one} is used twice" for one in sorted(set(ids)) if ids.count(one) > 1]
    return problems
