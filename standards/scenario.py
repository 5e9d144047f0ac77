"""Scenarios: whole stories as data, replayed through the same use cases as the API.

A scenario is one JSON document: who and where, then steps in order. Demos, documentation
examples, tests and bug reports have this form; `docs/scenario.schema.json` is made from these
shapes. Bodies of statements are those of the record (`docs/record-format.md`), to the letter.
Pure: parsing, names, and the comparison of answers with what a scenario expects.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NoReturn, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import Meta, field

from standards.rulebook.statements import PackId
from traceability.errors import BadScenario, ImpossibleTime, MalformedStatement
from traceability.ledger.effective import parse_effective
from traceability.ledger.registry import FacilityStatement, OrganizationRecord
from traceability.ledger.shapes import Country, Day, LongText, OrganizationId, Party, Shape, Text
from traceability.ledger.statements import to_shape

MAX_BYTES = 16 * 1024 * 1024

ScenarioId = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{1,63}\Z")]
Alias = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}\Z")]
Instant = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9]{2}:[0-9]{2})\Z",
        description="instant with an offset",
    ),
]
Signer = Annotated[
    str,
    Meta(
        pattern=r"\A([a-z0-9][a-z0-9-]{1,31}|\$\{operator\})\Z",
        description="organization id, or `${operator}`: who runs the ledger",
    ),
]

OPERATOR = "operator"
_PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]{0,63})\}")


class Operator(Shape, frozen=True):
    """Who begins the ledger, where it has not begun yet; otherwise it stays who it is."""

    organization: OrganizationId
    name: Text
    country: Country


class Registered(OrganizationRecord, frozen=True, kw_only=True):
    """An organization of the story.

    `key`: `service` for one the service makes and holds; `scenario` for one made from the
    scenario's own name, which everybody can make again and which therefore only a
    demonstration ledger accepts.
    """

    key: Literal["service", "scenario"] = "service"


class Site(FacilityStatement, frozen=True, kw_only=True):
    """A facility; the organization in its id registers it, and operates it where none is named."""

    operator: Party | None = None  # type: ignore[assignment]


class StatementStep(Shape, frozen=True):
    """Somebody states something.

    `as` names its entry for later steps: `"${name}"` in a body is that entry's hash. `hide`
    lists values to be hidden (`body.lot.quantity`). `refused` is the code of the error with
    which the ledger must refuse it.
    """

    kind: Text
    author: Signer
    effective: Text
    body: dict[str, Any]
    evidence: list[Any] | None = None
    asserted_by: dict[str, Any] | None = None
    alias: Alias | None = field(name="as", default=None)
    hide: Annotated[list[Text], Meta(min_length=1, max_length=64)] | None = None
    refused: Alias | None = None
    note: LongText | None = None


class PackStep(Shape, frozen=True):
    """The operator puts a shipped rule pack in force, or what it would be with other values.

    With `overrides` (a value, or a parameter as in a pack's file, by key) the pack is
    hypothetical, and only a demonstration ledger takes it.
    """

    pack: PackId
    overrides: dict[str, Any] | None = None
    note: LongText | None = None


class ClockStep(Shape, frozen=True):
    """What follows is recorded as at this time; only on a demonstration ledger."""

    clock: Instant


class PublishStep(Shape, frozen=True):
    """A checkpoint is published, and what became due is assessed."""

    publish: bool


class MarkStep(Shape, frozen=True):
    """Names the log size reached here, for `known_at` of questions."""

    mark: Alias


class QuestionStep(Shape, frozen=True):
    """A question to the ledger, with the answer that must come, where the scenario knows it.

    `subject` is a lot, for `account` an account, for rejections a company, for flags a lot or a
    club. Without `as_of` the day of the scenario's clock is asked for; without `known_at`, what
    was known at this step. `expect`: members left out are not compared. Flags are told as they
    stand now, and compared only by a replay that recorded something.
    """

    ask: Literal["verdict", "findings", "shares", "balances", "account", "flags", "rejections"]
    subject: Text
    mineral: Text | None = None
    rule: Text | None = None
    policy: OrganizationId | None = None
    as_of: Day | None = None
    known_at: Alias | None = None
    expect: Any = None
    note: LongText | None = None


Step = StatementStep | PackStep | ClockStep | PublishStep | MarkStep | QuestionStep

_STEPS: Mapping[str, type[Step]] = {
    "kind": StatementStep,
    "pack": PackStep,
    "clock": ClockStep,
    "publish": PublishStep,
    "mark": MarkStep,
    "ask": QuestionStep,
}
"""The shape of a step by the member that only it has."""


class Head(Shape, frozen=True):
    """A scenario: what it is about, who and where, and what happens, in order.

    `scenario` names it for ever: ids of statements are made from it. `begins` is the day
    from which organizations and facilities are registered; `clock` is the time of that.
    """

    scenario: ScenarioId
    title: Text
    note: LongText
    begins: Day
    organizations: Annotated[list[Registered], Meta(max_length=500)]
    facilities: Annotated[list[Site], Meta(max_length=2000)]
    steps: Annotated[list[dict[str, Any]], Meta(max_length=20_000)]
    clock: Instant | None = None
    operator: Operator = Operator(
        organization="operator", name="Operator of the ledger", country="CA"
    )


class Scenario(Shape, frozen=True):
    """A scenario as understood: its head, and its steps as what they are."""

    head: Head
    steps: tuple[Step, ...]

    @property
    def needs_demo(self) -> str:
        """Return the place of what only a demonstration ledger may do; empty if nothing is."""
        if self.head.clock is not None:
            return "$.clock"
        for place, one in enumerate(self.head.organizations):
            if one.key == "scenario":
                return f"$.organizations[{place}].key"
        for place, step in enumerate(self.steps):
            if isinstance(step, ClockStep) or (isinstance(step, PackStep) and step.overrides):
                return step_place(place)
        return ""

    def places(self) -> list[str]:
        """Return where statements may stand: what `statement_id` takes."""
        return [
            *(organization_place(one.organization) for one in self.head.organizations),
            *(facility_place(one.facility) for one in self.head.facilities),
            *(step_place(place) for place in range(len(self.steps))),
        ]

    def statement_id(self, place: str) -> UUID:
        """Return the id of the statement at a place: the same whenever it is replayed."""
        return uuid5(uuid5(NAMESPACE_URL, f"scenario:{self.head.scenario}"), place)


# ── reading ───────────────────────────────────────────────────────────────────────────────

S = TypeVar("S", bound=Shape)


def parse_scenario(raw: bytes) -> Scenario:
    """Read a scenario.

    Raises:
        BadScenario: with the place of the first thing that is wrong.
    """
    document = _json(raw)
    head = _shape(document, Head, "$")
    if head.clock is not None:
        _check_instant(head.clock, "$.clock")
    steps = tuple(_step(told, step_place(place)) for place, told in enumerate(head.steps))
    _check_names(steps)
    return Scenario(head=head, steps=steps)


def step_place(place: int) -> str:
    """Return where a step stands, as a JSON path."""
    return f"$.steps[{place}]"


def organization_place(name: str) -> str:
    """Return where an organization is registered."""
    return f"$.organizations[{name}]"


def facility_place(name: str) -> str:
    """Return where a facility is registered."""
    return f"$.facilities[{name}]"


def _json(raw: bytes) -> Any:
    if len(raw) > MAX_BYTES:
        raise BadScenario(f"It has more than {MAX_BYTES} bytes.", at="$")
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_members,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadScenario(f"It is no JSON: {error}.", at="$") from None
    except RecursionError:
        raise BadScenario("It is nested too deeply.", at="$") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadScenario(f"An object names {twice!r} twice.", at="$")
    return members


def _no_float(text: str) -> NoReturn:
    raise BadScenario(f"Write {text} as a string: there are no floats here.", at="$")


def _step(told: Mapping[str, Any], at: str) -> Step:
    shapes = [shape for member, shape in _STEPS.items() if member in told]
    if len(shapes) != 1:
        raise BadScenario(f"A step has exactly one of the members {', '.join(_STEPS)}.", at=at)
    step = _shape(told, shapes[0], at)
    if isinstance(step, ClockStep):
        _check_instant(step.clock, f"{at}.clock")
    if isinstance(step, PublishStep) and not step.publish:
        raise BadScenario("Leave the step out instead.", at=f"{at}.publish")
    return step


def _shape(told: Any, shape: type[S], at: str) -> S:
    try:
        return to_shape(told, shape, at=at)
    except MalformedStatement as error:
        raise BadScenario(error.message, at=error.at) from None


def _check_instant(text: str, at: str) -> None:
    try:
        parse_effective(text)
    except ImpossibleTime as error:
        raise BadScenario(error.message, at=at) from None


def _check_names(steps: tuple[Step, ...]) -> None:
    """Refuse names that are given twice, and names used before they are given."""
    entries, marks = {OPERATOR}, set[str]()
    for place, step in enumerate(steps):
        at = step_place(place)
        if isinstance(step, StatementStep):
            for name in placeholders(step.body):
                _need(name in entries, f"No earlier statement is called {name!r}.", f"{at}.body")
            if step.alias is not None:
                _need(step.alias not in entries, f"{step.alias!r} is taken.", f"{at}.as")
                _need(step.refused is None, "What is refused has no entry.", f"{at}.as")
                entries.add(step.alias)
        elif isinstance(step, MarkStep):
            _need(step.mark not in marks, f"{step.mark!r} is taken.", f"{at}.mark")
            marks.add(step.mark)
        elif isinstance(step, QuestionStep) and step.known_at is not None:
            problem = f"No earlier step marks {step.known_at!r}."
            _need(step.known_at in marks, problem, f"{at}.known_at")


def _need(holds: bool, problem: str, at: str) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        raise BadScenario(problem, at=at)


# ── names in bodies ───────────────────────────────────────────────────────────────────────


def placeholders(value: Any) -> Iterator[str]:
    """Yield every name that a value uses as `${name}`."""
    if isinstance(value, str):
        found = _PLACEHOLDER.fullmatch(value)
        if found:
            yield found[1]
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from placeholders(item)


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with every `${name}` replaced by what it stands for."""
    if isinstance(value, str):
        found = _PLACEHOLDER.fullmatch(value)
        return names[found[1]] if found else value
    if isinstance(value, Mapping):
        return {member: filled(item, names) for member, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    return value


# ── answers ───────────────────────────────────────────────────────────────────────────────


def differences(expected: Any, answer: Any, at: str = "$") -> list[str]:
    """Return where an answer differs from what is expected of it, a line for each place.

    Members of an object that are not expected are not compared; lists are, in full length.
    """
    if isinstance(expected, Mapping) and isinstance(answer, Mapping):
        lines = []
        for member, wanted in expected.items():
            place = f"{at}.{member}"
            if member in answer:
                lines += differences(wanted, answer[member], place)
            else:
                lines.append(f"{place}: expected {_shown(wanted)}, is missing")
        return lines
    if isinstance(expected, list) and isinstance(answer, list) and len(expected) == len(answer):
        pairs = enumerate(zip(expected, answer, strict=True))
        return [
            line
            for place, (wanted, told) in pairs
            for line in differences(wanted, told, f"{at}[{place}]")
        ]
    if type(expected) is type(answer) and expected == answer:
        return []
    return [f"{at}: expected {_shown(expected)}, is {_shown(answer)}"]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"


# ── the schema ────────────────────────────────────────────────────────────────────────────


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a scenario."""
    types = [Head, *_STEPS.values()]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    components["Head"]["properties"]["steps"]["items"] = {"oneOf": list(schemas[1:])}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of the mineral traceability ledger: manage.py replay",
        "$defs": dict(sorted(components.items())),
        **schemas[0],
    }
