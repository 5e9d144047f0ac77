"""The law on a day: dated, cited parameters of statutes, scheme standards and club decisions.

`law["irma.minimum_level"]` answers with a `Provision`: value and citation travel together, so
a rule cannot forget to cite. What the law does not say on that day is signalled by
`Unavailable`, which `evaluate()` turns into a finding; a rule never sees a made-up value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, get_args

from standards.rulebook.errors import BadPack
from standards.rulebook.months import day_after
from standards.rulebook.watching import plain

LegalStatus = Literal[
    "in_force",
    "adopted_future",
    "proposed",
    "not_yet_in_force",
    "expired",
    "repealed",
    "repealed_before_effect",
    "hypothetical",
]
ClubMay = Literal["", "sets", "adds"]
"""What a club's policy may do with a parameter: nothing, set it, or add to it and take nothing."""
Verification = Literal["official", "secondary", "unverified", "unset"]

LEGAL_STATUSES: tuple[str, ...] = get_args(LegalStatus)
VERIFICATIONS: tuple[str, ...] = get_args(Verification)
CLUB_MAY: tuple[str, ...] = get_args(ClubMay)

NEVER_LAW: frozenset[str] = frozenset({"proposed", "repealed_before_effect"})
"""A proposal, and what was undone before its day, cover no day: the version before them stays."""
NOT_APPLICABLE: frozenset[str] = frozenset({"not_yet_in_force", "repealed"})
"""The only versions that make a rule *not applicable*; they have no value."""


class Unavailable(Exception):
    """Signal from the law to `evaluate()`: it has no value for this key on this day.

    Args:
        provision: the version that says so, if one does.
        applicable: False where a version says `repealed` or `not_yet_in_force`.
    """

    def __init__(
        self, key: str, because: str, *, provision: "Provision | None", applicable: bool = True
    ) -> None:
        super().__init__(because)
        self.key = key
        self.because = because
        self.provision = provision
        self.applicable = applicable


_VALUE_OF = "a value of "


def value_of(key: str) -> str:
    """Return a parameter as something that is missing: a document nobody can ask a company for."""
    return f"{_VALUE_OF}{key}"


def is_about_a_value(missing: str) -> bool:
    """Tell whether what is missing is the value of a parameter, and no document."""
    return missing.startswith(_VALUE_OF)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReference:
    """Which exact bytes a provision was read from: pack id, version and digest (hex)."""

    id: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One version of one parameter, with its citation.

    Args:
        unit: what `value` is; see `standards.rulebook.parameters.UNITS`.
        value: text, integer, `Decimal`, day, tuple or table; None where there is none.
        in_force_until: last day, for a version that ends without a successor.
        status: the legal status; verification: who read what.
        checked_on: the last day somebody compared the value with its source.
    """

    key: str
    unit: str
    value: Any
    in_force_from: date
    in_force_until: date | None = None
    published_on: date
    source: str
    url: str
    status: LegalStatus
    verification: Verification
    checked_on: date
    note: str = ""
    pack: PackReference

    @property
    def share(self) -> Fraction:
        """Return the value of a `share` as an exact ratio in [0, 1]."""
        return Fraction(self.value)

    def as_json(self) -> dict[str, Any]:
        """Return the provision as JSON, lossless; see `from_json`."""
        until = self.in_force_until
        return {
            "key": self.key,
            "unit": self.unit,
            "value": _value_as_json(self.value),
            "in_force_from": self.in_force_from.isoformat(),
            "in_force_until": None if until is None else until.isoformat(),
            "published_on": self.published_on.isoformat(),
            "source": self.source,
            "url": self.url,
            "status": self.status,
            "verification": self.verification,
            "checked_on": self.checked_on.isoformat(),
            "note": self.note,
            "pack": {
                "id": self.pack.id,
                "version": self.pack.version,
                "digest": self.pack.digest,
            },
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Provision":
        """Return the provision that `as_json` wrote."""
        until = told["in_force_until"]
        return cls(
            key=told["key"],
            unit=told["unit"],
            value=_value_from_json(told["value"]),
            in_force_from=date.fromisoformat(told["in_force_from"]),
            in_force_until=None if until is None else date.fromisoformat(until),
            published_on=date.fromisoformat(told["published_on"]),
            source=told["source"],
            url=told["url"],
            status=told["status"],
            verification=told["verification"],
            checked_on=date.fromisoformat(told["checked_on"]),
            note=told["note"],
            pack=PackReference(**told["pack"]),
        )


def _value_as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, tuple):
        return [_value_as_json(item) for item in value]
    if isinstance(value, dict):
        return {"table": {name: _value_as_json(item) for name, item in value.items()}}
    return value


def _value_from_json(told: Any) -> Any:
    if isinstance(told, list):
        return tuple(_value_from_json(item) for item in told)
    if not isinstance(told, dict):
        return told
    [(tag, content)] = told.items()
    if tag == "decimal":
        return Decimal(content)
    if tag == "date":
        return date.fromisoformat(content)
    return {name: _value_from_json(item) for name, item in content.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """All versions of one parameter, oldest first; at most one covers a day.

    Args:
        club: what a club's policy may do with it.
        added: what a club's policy adds to it.
    """

    key: str
    title: str
    unit: str
    versions: tuple[Provision, ...]
    club: ClubMay = ""
    added: "Parameter | None" = None

    @property
    def every_version(self) -> tuple[Provision, ...]:
        """Return its versions, and those of what is added to it."""
        return (*self.versions, *(self.added.versions if self.added else ()))

    def under(self, own: "Parameter") -> "Parameter":
        """Return what it is under a club's policy, as far as it is the club's to say."""
        if own.unit != self.unit or not self.club:
            return self
        return own if self.club == "sets" else replace(self, added=own)

    def on(self, day: date) -> Provision | None:
        """Return the version that covers the day, with what is added to it."""
        told, more = self._on(day), self.added.on(day) if self.added else None
        if more is None or more.value is None:
            return told
        if told is None or told.value is None:
            return more
        return replace(
            told, value=_joined(told.value, more.value), source=f"{told.source}; {more.source}"
        )

    def _on(self, day: date) -> Provision | None:
        """Return the version that covers the day: the last one that started and has not ended."""
        started = [
            version
            for version in self.versions
            if version.status not in NEVER_LAW and version.in_force_from <= day
        ]
        if not started:
            return None
        last = started[-1]
        if last.in_force_until is not None and last.in_force_until < day:
            return None
        return last


def _joined(value: Any, more: Any) -> Any:
    """Return a list or table with what is added to it; nothing of it is taken away."""
    if isinstance(value, dict):
        return {**more, **value}
    return (*value, *(one for one in more if one not in value))


@dataclass(frozen=True, slots=True, kw_only=True)
class LawOnDate:
    """The law fixed to one day.

    Reading a key records it in `keys_read`, found or not, and what was found in
    `provisions_read`.
    """

    on: date
    parameters: Mapping[str, Parameter]
    keys_read: set[str] = field(default_factory=set)
    provisions_read: dict[str, Provision] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Provision:
        """Return the version that covers the day.

        Raises:
            Unavailable: no pack has the key, no version covers the day, its value is unset,
                or it says that there is no such law (`repealed`, `not_yet_in_force`).
        """
        known = self.provisions_read.get(key)
        if known is not None:
            return known
        self.keys_read.add(key)
        parameter = self.parameters.get(key)
        if parameter is None:
            raise Unavailable(key, f"no rule pack in force defines {key}", provision=None)
        day = plain(self.on)  # what the law itself says later is known by `Law.next_change`
        provision = parameter.on(day)
        if provision is None:
            raise Unavailable(key, _not_covered(parameter, day), provision=None)
        if provision.status in NOT_APPLICABLE:
            words = provision.status.replace("_", " ")
            because = f"{key} is {words} on {self.on} ({provision.source})"
            raise Unavailable(key, because, provision=provision, applicable=False)
        if provision.verification == "unset":
            because = f"nobody has filled in {_named(parameter)}"
            raise Unavailable(key, because, provision=provision)
        self.provisions_read[key] = provision
        return provision


def _named(parameter: Parameter) -> str:
    """Name a parameter for people, with the key by which it is found."""
    return f"“{parameter.title}” ({parameter.key})"


def _not_covered(parameter: Parameter, day: date) -> str:
    """Say why no version covers the day; the same on every day for which it is so."""
    name = _named(parameter)
    law = [one for one in parameter.versions if one.status not in NEVER_LAW]
    later = next((one.in_force_from for one in law if one.in_force_from > day), None)
    if later is not None:
        return f"{name} has no value before {later}"
    ended = max((one.in_force_until for one in law if one.in_force_until), default=None)
    return f"{name} has no value" if ended is None else f"{name} has no value after {ended}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A rule pack: dated parameters of one scheme, jurisdiction or club, and their tests.

    Args:
        scheme: the standard it encodes, or empty; jurisdiction: the country or union, or empty.
        overlays: True for a pack of a club's or a scenario's own values: its files are named
            for the keys they replace (`irma/minimum_level.toml`).
        citations: title and address of the texts it rests on.
        parameters: by key.
        vectors: name of the vector file → its test vectors, as data.
        files: the exact bytes of the folder by relative path.
        digest: SHA-256 over `files`, hex.
    """

    id: str
    version: str
    title: str
    scheme: str
    jurisdiction: str
    status: LegalStatus
    overlays: bool
    citations: tuple[tuple[str, str], ...]
    parameters: Mapping[str, Parameter]
    vectors: Mapping[str, tuple[Mapping[str, Any], ...]]
    files: Mapping[str, bytes]
    digest: str


class Law:
    """All parameters of the active packs, with a club's own laid over them.

    Args:
        packs: the active packs.
        overlay: parameters by key (a club's dated decisions). Where a pack says that it is a
            club's to set, each replaces the parameter of that key as a whole, on all days, also
            that of an overlaying pack; where it may be added to, each adds; else it says nothing.

    Raises:
        BadPack: two packs, or two overlaying packs, define the same key.
    """

    def __init__(
        self, packs: Iterable[Pack], overlay: Mapping[str, Parameter] | None = None
    ) -> None:
        self.packs = tuple(sorted(packs, key=lambda pack: pack.id))
        shipped = _merged(pack for pack in self.packs if not pack.overlays)
        laid_over = _merged(pack for pack in self.packs if pack.overlays)
        told = shipped | {
            key: replace(one, club=shipped[key].club if key in shipped else "sets")
            for key, one in laid_over.items()
        }
        for key, own in (overlay or {}).items():
            told[key] = told[key].under(own) if key in told else own
        self.parameters: Mapping[str, Parameter] = told

    def on(self, day: date) -> LawOnDate:
        """Return the law as it stands on the day."""
        return LawOnDate(on=day, parameters=self.parameters)

    def next_change(self, keys: Iterable[str], *, after: date) -> date | None:
        """Return the first later day on which a version of one of the keys starts or has ended.

        It tells when an assessment that read these keys becomes due by the calendar.
        """
        days: set[date] = set()
        for key in keys:
            versions = self.parameters[key].every_version if key in self.parameters else ()
            for version in versions:
                if version.status in NEVER_LAW:
                    continue
                days.add(version.in_force_from)
                if version.in_force_until is not None:
                    days.add(day_after(version.in_force_until))
        return min((day for day in days if day > after), default=None)


def _merged(packs: Iterable[Pack]) -> dict[str, Parameter]:
    merged: dict[str, Parameter] = {}
    for pack in packs:
        for key in sorted(merged.keys() & pack.parameters.keys()):
            raise BadPack("another pack defines it too", pack=pack.id, file="pack.toml", key=key)
        merged |= pack.parameters
    return merged
