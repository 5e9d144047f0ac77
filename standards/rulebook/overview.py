"""Every parameter of some rule packs on a day: what it says, how sure that is, which rules read it.

What is not filled in comes first wherever people look, since it is what keeps rules from telling.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from standards.rulebook.bounds import CHECKS
from standards.rulebook.checking import CHECKED_WITHIN
from standards.rulebook.law import Pack, Parameter, Provision
from standards.rulebook.rule import Rule

State = Literal["unset", "unverified", "secondary", "official"]
STATES: tuple[State, ...] = ("unset", "unverified", "secondary", "official")
"""How sure a value is, the least first; a day that no version covers is `unset`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A rule that reads a parameter, by id and what it requires."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A parameter of a pack as it stands on a day.

    Args:
        current: the version that covers the day; None where none does.
        readers: the rules that read it.
    """

    pack: Pack
    parameter: Parameter
    current: Provision | None
    readers: tuple[Reader, ...]

    @property
    def state(self) -> State:
        """Return how sure the value of the day is."""
        return "unset" if self.current is None else self.current.verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A version that nobody has compared with its source for too long."""

    stated: Stated
    version: Provision
    days: int


def overview(packs: Iterable[Pack], rules: Sequence[Rule], *, on: date) -> tuple[Stated, ...]:
    """Return every parameter of the packs, by pack and key."""
    readers: dict[str, list[Reader]] = {}
    asking = [(rule.reads, Reader(id=rule.id, title=rule.title)) for rule in rules]
    asking += [(check.reads, Reader(id=check.id, title=check.title)) for check in CHECKS]
    for keys, reader in asking:
        for key in keys:
            readers.setdefault(key, []).append(reader)
    return tuple(
        Stated(
            pack=pack,
            parameter=parameter,
            current=parameter.on(on),
            readers=tuple(readers.get(key, ())),
        )
        for pack in sorted(packs, key=lambda one: one.id)
        for key, parameter in sorted(pack.parameters.items())
    )


def counted(stated: Iterable[Stated]) -> dict[State, int]:
    """Return how many parameters are how sure, every state named."""
    counts: dict[State, int] = dict.fromkeys(STATES, 0)
    for one in stated:
        counts[one.state] += 1
    return counts


def stale(stated: Iterable[Stated], *, on: date) -> tuple[Stale, ...]:
    """Return versions that were not checked for longer than they may be, the oldest first.

    Only those that cover the day or come later: what is past is not checked any more.
    """
    found = [
        Stale(stated=one, version=version, days=(on - version.checked_on).days)
        for one in stated
        for version in one.parameter.versions
        if on - version.checked_on > CHECKED_WITHIN and _matters(one, version, on)
    ]
    return tuple(sorted(found, key=lambda one: (-one.days, one.version.key)))


def next_to_check(stated: Iterable[Stated], *, on: date) -> date | None:
    """Return the day on which the next version becomes stale; None where none will."""
    days = [
        version.checked_on + CHECKED_WITHIN
        for one in stated
        for version in one.parameter.versions
        if on - version.checked_on <= CHECKED_WITHIN and _matters(one, version, on)
    ]
    return min(days, default=None)


def _matters(stated: Stated, version: Provision, on: date) -> bool:
    return version is stated.current or version.in_force_from > on
