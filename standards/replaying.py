"""Replay of scenarios: statements in order, through the same use cases as the API.

Ids of statements are made from the scenario's id and the place of the step. So a scenario that
was replayed is only read again, one that was interrupted continues where it stopped, and every
answer is given as at the step that asks, however often and late it is asked.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils import timezone

from standards.answering import Answer, Question, answer
from standards.assessing import assess_due
from standards.certifying import keep_pack
from standards.following import follow_log
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from standards.scenario import (
    OPERATOR,
    ClockStep,
    MarkStep,
    PackStep,
    PublishStep,
    QuestionStep,
    Registered,
    Scenario,
    StatementStep,
    Step,
    differences,
    facility_place,
    filled,
    organization_place,
    step_place,
)
from traceability.errors import (
    BadScenario,
    DemoLedgerNeeded,
    NameTaken,
    ScenarioChanged,
    StepNotRefused,
    StepRefused,
)
from traceability.keeping import keep_new_key, service_key
from traceability.ledger.canonical import canonical
from traceability.ledger.disclosures import hide
from traceability.ledger.effective import parse_effective
from traceability.ledger.keys import PrivateKey
from traceability.ledger.shapes import Shape
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import Entry, LogIndex, Organization, Rejection
from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements
from traceability.registering import begin_ledger, enrolment, statement_document
from traceability.tracing import published_size


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What a replay did: statements recorded now, recorded before, refused as they should be."""

    scenario: Scenario
    recorded: int = 0
    known: int = 0
    refused: int = 0
    size: int = 0
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_as_expected(self) -> bool:
        """Whether every answer is the expected one."""
        return not any(one.differences for one in self.answers)

    def as_json(self) -> dict[str, Any]:
        """Return the result as `replay --json` shows it."""
        return {
            "scenario": self.scenario.head.scenario,
            "recorded": self.recorded,
            "known": self.known,
            "refused": self.refused,
            "log_size": self.size,
            "answers": [one.as_json() for one in self.answers],
        }


_NEVER_THE_SAME = ("registry.organization", "standards.pack_activation")
"""Kinds that are not compared with what was recorded: keys are made anew, packs are updated."""


def replay(scenario: Scenario) -> Replayed:
    """Feed a scenario to the ledger, and answer its questions.

    Begins the ledger where there is none. What was replayed before is not repeated.

    Raises:
        DemoLedgerNeeded: it sets the clock, or has keys or values a real ledger must not take.
        StepRefused, StepNotRefused: the ledger decided otherwise than the scenario says.
        ScenarioChanged, NameTaken: the ledger has recorded something else in its place.
    """
    at = scenario.needs_demo
    if at and not settings.LEDGER_ORIGIN.startswith("demo."):
        raise DemoLedgerNeeded(ledger=settings.LEDGER_ORIGIN, at=at)
    replaying = _Replaying(scenario)
    replaying.register()
    for place, step in enumerate(scenario.steps):
        replaying.step(step, step_place(place))
    return replaying.close()


@dataclass(frozen=True, slots=True)
class _Known:
    """A statement of the scenario that is recorded: its entry, the digest of what was signed."""

    entry: str
    payload: str = ""


class _Replaying:
    """A replay on its way: the time it is there, what is known, which names stand for what."""

    def __init__(self, scenario: Scenario) -> None:
        head = scenario.head
        self.scenario = scenario
        self.now = _instant(head.clock)
        self.done = Replayed(scenario=scenario)
        self.keys = {
            one.organization: _published_key(head.scenario, one.organization)
            for one in head.organizations
            if one.key == "scenario"
        }
        self.operator = self._begin()
        self.names: dict[str, str] = {OPERATOR: self.operator}
        self.marks: dict[str, int] = {}
        self.known = self._known()
        self.stated: list[str] = []
        self.last: _Known | None = None
        self.is_caught_up = False

    def _begin(self) -> str:
        """Return who runs this ledger; where it has not begun, begin it."""
        roles = [OrganizationRole.OPERATOR.value]
        found = Organization.objects.filter(roles__contains=roles).first()
        if found is not None:
            return found.id
        told = self.scenario.head.operator
        begin_ledger(
            operator=told.organization,
            name=told.name,
            country=told.country,
            effective=self.scenario.head.begins,
            now=self.now,
        )
        return told.organization

    def _known(self) -> dict[UUID, _Known]:
        """Return what is recorded of the scenario, in one query."""
        ids = [self.scenario.statement_id(place) for place in self.scenario.places()]
        rows = Entry.objects.filter(statement_id__in=ids).values_list(
            "statement_id", "hash", "payload_digest"
        )
        return {one: _Known(entry, payload) for one, entry, payload in rows}

    # ── who and where ─────────────────────────────────────────────────────────────────────

    def register(self) -> None:
        """Register organizations with their keys, and their facilities."""
        head = self.scenario.head
        for organization in head.organizations:
            self._register(organization, organization_place(organization.organization))
        for site in head.facilities:
            body = _plain(site)
            owner = site.facility.partition(":")[0]
            body.setdefault("operator", {"organization": owner})
            place = facility_place(site.facility)
            self._state("registry.facility", owner, head.begins, body, place)

    def _register(self, told: Registered, at: str) -> None:
        name = told.organization
        known = self.known.get(self.scenario.statement_id(at))
        if known is not None:
            self._keep(known)
            return
        if Organization.objects.filter(id=name).exists():
            raise NameTaken(name, at=at)
        held_by = "organization" if name in self.keys else "service"
        key = self.keys.get(name) or keep_new_key(name)
        body = _plain(told) | {"key": enrolment(key, name, held_by=held_by)}
        begins = self.scenario.head.begins
        self._state("registry.organization", self.operator, begins, body, at)

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def step(self, step: Step, at: str) -> None:
        """Do what a step says."""
        if isinstance(step, StatementStep):
            self._say(step, at)
        elif isinstance(step, PackStep):
            self._activate(step, at)
        elif isinstance(step, ClockStep):
            self.now = _instant(step.clock)
        elif isinstance(step, PublishStep):
            self._catch_up()
        elif isinstance(step, MarkStep):
            self.marks[step.mark] = self._size()
        else:
            self._ask(step, at)

    def close(self) -> Replayed:
        """Publish and assess what is left, and return what was done."""
        self._catch_up()
        self.done.size = publish_checkpoint(now=self.now)
        return self.done

    def _say(self, step: StatementStep, at: str) -> None:
        author = filled(step.author, self.names)
        members = {"evidence": step.evidence, "asserted_by": step.asserted_by}
        known = self._state(
            step.kind,
            author,
            step.effective,
            filled(step.body, self.names),
            at,
            hidden=step.hide or (),
            refused=step.refused,
            **{name: value for name, value in members.items() if value is not None},
        )
        if step.alias is not None and known is not None:
            self.names[step.alias] = known.entry

    def _activate(self, step: PackStep, at: str) -> None:
        """Put a pack in force; its exact bytes are kept before the statement names them."""
        packs = {pack.id: pack for pack in shipped_packs()}
        if step.pack not in packs:
            problem = f"There is no pack {step.pack!r}; there are {', '.join(packs)}."
            raise BadScenario(problem, at=f"{at}.pack")
        pack = packs[step.pack]
        if step.overrides:
            pack = overridden_pack(pack, step.overrides)
        if self.scenario.statement_id(at) not in self.known:
            keep_pack(pack)
        body = {
            "pack": pack.id,
            "version": pack.version,
            "digest": pack.digest,
            "title": pack.title,
        }
        self._state("standards.pack_activation", self.operator, self._day().isoformat(), body, at)

    # ── statements ────────────────────────────────────────────────────────────────────────

    def _state(
        self,
        kind: str,
        author: str,
        effective: str,
        body: Mapping[str, Any],
        at: str,
        *,
        hidden: Sequence[str] = (),
        refused: str | None = None,
        **members: Any,
    ) -> _Known | None:
        """Record a statement once; return what is known of it, None where it is refused."""
        name = self.scenario.statement_id(at)
        self.stated.append(str(name))
        document = statement_document(
            kind=kind, author=author, effective=effective, body=body, id=str(name), **members
        )
        known = self.known.get(name)
        if known is not None:
            if (
                kind not in _NEVER_THE_SAME
                and not hidden
                and known.payload != sha256(canonical(document)).hexdigest()
            ):
                raise ScenarioChanged(at=at)
            self._keep(known)
            return known
        before = Rejection.objects.filter(author=author, statement_id=str(name), code=refused)
        if refused and before.exists():
            self.done.refused += 1
            return None
        return self._record(document, author, at, hidden, refused)

    def _record(
        self,
        document: dict[str, Any],
        author: str,
        at: str,
        hidden: Sequence[str],
        refused: str | None,
    ) -> _Known | None:
        key = self.keys.get(author) or service_key(author)
        document, disclosures = hide(document, hidden, lambda: secrets.token_bytes(16))
        submission = Submission(
            jws=sign_jws(canonical(document), key, typ=STATEMENT_TYPE),
            disclosures=tuple(disclosures),
        )
        [outcome] = record_statements([submission], submitted_by=author, now=self.now)
        if outcome.error is not None:
            if outcome.error.code != refused:
                raise StepRefused(outcome.error.as_json(), wanted=refused, at=at)
            self.done.refused += 1
            return None
        if refused:
            raise StepNotRefused(wanted=refused, at=at)
        self.is_caught_up = False
        self.done.recorded += 1
        self.last = _Known(outcome.entry)
        return self.last

    def _keep(self, known: _Known) -> None:
        """Take note of a statement that was recorded by an earlier replay."""
        self.done.known += 1
        self.last = known

    # ── time and questions ────────────────────────────────────────────────────────────────

    def _day(self) -> date:
        return (self.now or timezone.now()).date()

    def _catch_up(self) -> None:
        """Publish what is recorded, follow the log, assess what became due."""
        if self.is_caught_up:
            return
        publish_checkpoint(now=self.now)
        follow_log(now=self.now)
        while assess_due(now=self.now):
            pass
        self.is_caught_up = True

    def _size(self) -> int:
        """Return the log size at this step: just after the last statement of the scenario."""
        self._catch_up()
        if self.last is None:  # a scenario that only asks
            return published_size()
        order = Entry.objects.values_list("recorded_order", flat=True).get(hash=self.last.entry)
        return LogIndex.objects.get(recorded_order=order).index + 1

    def _ask(self, step: QuestionStep, at: str) -> None:
        size = self.marks[step.known_at] if step.known_at else self._size()
        value = answer(
            Question(
                ask=step.ask,
                subject=step.subject,
                size=size,
                on=date.fromisoformat(step.as_of) if step.as_of else self._day(),
                mineral=step.mineral,
                rule=step.rule,
                club=step.policy,
                statements=tuple(self.stated),
            )
        )
        # Flags are worked on: they need be as expected only when the story was just told.
        is_compared = step.expect is not None and (step.ask != "flags" or self.done.recorded > 0)
        lines = differences(step.expect, value) if is_compared else []
        question = {k: v for k, v in _plain(step).items() if k not in ("expect", "note")}
        self.done.answers.append(Answer(at=at, question=question, value=value, differences=lines))


def _plain(shape: Shape) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(shape)
    return told


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = parse_effective(text).start
    return moment if isinstance(moment, datetime) else None


def _published_key(scenario: str, organization: str) -> PrivateKey:
    """Return the key that anybody can make who has the scenario: for demonstrations only."""
    return PrivateKey(seed=sha256(f"scenario key\0{scenario}\0{organization}".encode()).digest())
