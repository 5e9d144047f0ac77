"""What a statement looks at: everything its decision needs to find in the book."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from traceability.errors import MalformedKey
from traceability.ledger import events, registry
from traceability.ledger.keys import PublicKey
from traceability.ledger.shapes import NewLot
from traceability.ledger.statements import Statement


@dataclass(slots=True, kw_only=True)
class Needs:
    """Ids by class, gathered over one statement or a batch."""

    authors: set[str] = field(default_factory=set)
    kids: set[str] = field(default_factory=set)
    revoked_kids: set[str] = field(default_factory=set)
    streams: set[tuple[str, str]] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)  # other than lots
    lots: set[str] = field(default_factory=set)
    facilities: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)

    def add(self, statement: Statement) -> None:
        """Add what one statement looks at."""
        self.kids |= {statement.kid, *(key.kid for key in new_keys(statement))}
        self.authors.add(statement.author)
        for subject in statement.subjects:
            kind, _, name = subject.partition(":")
            if kind == "lot":
                self.lots.add(name)
                continue
            self.subjects.add(subject)
            if kind == "statement":
                self.statements.add(name)
        if statement.envelope.stream is not None:
            self.streams.add((statement.author, statement.envelope.stream.id))
        if isinstance(statement.body, registry.KeyRevocation):
            self.kids.add(statement.body.kid)
            self.revoked_kids.add(statement.body.kid)
        self.add_named(statement)

    def add_named(self, statement: Statement) -> None:
        """Add the organizations and facilities that one statement names."""
        body = statement.body
        self.organizations.add(statement.author)
        if statement.of_kind.needs is not None:
            statement.of_kind.needs(body, self)
        if statement.kind.startswith("registry."):
            self._add_registry(body)
        elif isinstance(body, events.Correction):
            self._add_replacement(body.replacement.body)
        else:
            self._add_event(body)

    @property
    def relied_on(self) -> set[str]:
        """Return the keys, organizations and facilities by which a decision may stand or fall."""
        return {
            *(f"key:{kid}" for kid in self.kids),
            *(f"organization:{author}" for author in self.authors),
            *(f"facility:{facility}" for facility in self.facilities),
            *self.changed,
        }

    @property
    def changed(self) -> set[str]:
        """Return those that the statements themselves change, or say something about."""
        return {
            *(f"key:{kid}" for kid in self.revoked_kids),
            *(name for name in self.subjects if name.startswith("organization:")),
            *(name for name in map("facility:{}".format, self.facilities) if name in self.subjects),
        }

    def _add_event(self, body: Any) -> None:
        facility = getattr(body, "facility", None)
        if isinstance(facility, str):
            self.facilities.add(facility)
        for new in new_lots(body):
            for share in new.owners:
                if share.owner.organization is not None:
                    self.organizations.add(share.owner.organization)
        if isinstance(body, events.Shipment) and body.consignee.organization is not None:
            self.organizations.add(body.consignee.organization)
        elif isinstance(body, events.Transfer):
            self.organizations.update(
                item.transferee.organization for item in body.items if item.transferee.organization
            )
        elif isinstance(body, events.Offer):
            self.organizations.update(body.audience)

    def _add_replacement(self, body: dict[str, Any]) -> None:
        """Add what the replacement in a correction names; it is not parsed yet."""
        for key, value in _members(body):
            if key == "facility" and isinstance(value, str):
                self.facilities.add(value)
            elif key == "organization" and isinstance(value, str):
                self.organizations.add(value)

    def _add_registry(self, body: Any) -> None:
        if isinstance(body, registry.Audience):
            self.organizations.update(body.members)
        elif isinstance(body, registry.FacilityStatement):
            self.facilities.add(body.facility)
            if body.operator.organization is not None:
                self.organizations.add(body.operator.organization)
        elif isinstance(body, registry.Grant):
            self.organizations.add(body.auditor)
            self.facilities.update(body.facilities)
        elif isinstance(body, registry.Opening):
            self.organizations.update(body.audience)
            self.facilities.update(body.facilities)
        else:
            organization = getattr(body, "organization", None)
            if organization is not None:
                self.organizations.add(organization)


def new_lots(body: Any) -> Iterable[NewLot]:
    """Return the lots that an event makes from declared particulars."""
    return (lot for _, lot in placed_lots(body))


def placed_lots(body: Any) -> Iterable[tuple[str, NewLot]]:
    """Return the lots that an event makes from declared particulars, with their JSON paths."""
    for name in ("lot", "output"):
        value = getattr(body, name, None)
        if isinstance(value, NewLot):
            yield f"$.body.{name}", value
    for place, value in enumerate(getattr(body, "outputs", None) or ()):
        yield f"$.body.outputs[{place}]", value


def new_keys(statement: Statement) -> Iterable[PublicKey]:
    """Return the keys that a statement would enrol; an unsound one is left to the decision."""
    enrolled = getattr(statement.body, "key", None)
    if isinstance(enrolled, registry.EnrolledKey):
        jwk = enrolled.jwk
        with suppress(MalformedKey):
            yield PublicKey.from_jwk({"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x})


def _members(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield key, member
            yield from _members(member)
    elif isinstance(value, list):
        for member in value:
            yield from _members(member)
