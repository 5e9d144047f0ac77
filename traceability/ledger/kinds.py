"""The kinds this app owns, `registry.*` and `custody.*`, and who may sign each.

The setting `STATEMENT_KINDS` names this table and those of other apps; a kind that
stands in none of them is refused.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Any

from traceability.errors import AmbiguousParty, ImpossibleTime, MalformedStatement
from traceability.ledger import events, registry
from traceability.ledger.codes import check_country, check_identifiers
from traceability.ledger.needs import placed_lots
from traceability.ledger.shapes import Party
from traceability.ledger.statements import Kind, Statement
from traceability.ledger.vocabulary import OrganizationRole as Role

WHO_MAY_SIGN: dict[str, frozenset[Role]] = {
    "registry.genesis": frozenset({Role.OPERATOR}),
    "registry.organization": frozenset({Role.OPERATOR}),
    "registry.key": frozenset(Role),
    "registry.key_revocation": frozenset(Role),
    "registry.facility": frozenset({Role.COMPANY, Role.OPERATOR}),
    "registry.relationship": frozenset({Role.COMPANY, Role.REGISTRAR, Role.OPERATOR}),
    "registry.audience": frozenset({Role.CLUB, Role.COMPANY}),
    "registry.grant": frozenset({Role.COMPANY}),
    "registry.opening": frozenset({Role.COMPANY}),
    "registry.erasure": frozenset({Role.OPERATOR}),
    "standards.certificate": frozenset({Role.ASSURANCE_SCHEME, Role.REGISTRAR}),
    "standards.certificate_status": frozenset({Role.ASSURANCE_SCHEME, Role.REGISTRAR}),
    "standards.snapshot": frozenset({Role.ASSURANCE_SCHEME, Role.REGISTRAR, Role.OPERATOR}),
    "standards.declaration": frozenset({Role.COMPANY}),
    "standards.policy": frozenset({Role.CLUB}),
    "standards.waiver": frozenset({Role.CLUB}),
    "standards.waiver_use": frozenset({Role.CLUB}),
    "standards.pack_activation": frozenset({Role.OPERATOR}),
    "standards.verdicts": frozenset({Role.OPERATOR}),
    "standards.account": frozenset({Role.COMPANY}),
    "standards.claim": frozenset({Role.COMPANY}),
    "standards.credit": frozenset({Role.COMPANY, Role.ASSURANCE_SCHEME, Role.REGISTRAR}),
    "standards.close": frozenset({Role.COMPANY}),
}
"""Roles of which a signer must have one. Kinds `custody.*` take a company."""

_COMPANY = frozenset({Role.COMPANY})
_OF_OTHERS = frozenset({"registry.organization", "registry.key", "registry.key_revocation"})


def roles_for(kind: str) -> frozenset[Role]:
    """Return the roles of which a signer of this kind must have one; empty: nobody."""
    if kind.startswith("custody."):
        return _COMPANY
    return WHO_MAY_SIGN.get(kind, frozenset())


def lot(name: str) -> str:
    """Return the subject id of a lot."""
    return f"lot:{name}"


def _lots(*parts: Iterable[str]) -> list[str]:
    return [lot(name) for name in chain(*parts)]


def _taken(items: Iterable[Any] | None) -> list[str]:
    return [item.lot for item in items or ()]


def _shipment(body: events.Shipment, _author: str) -> list[str]:
    sources = [item.taken_from for item in body.lots if item.taken_from]
    if body.consignee.organization is None:
        return _lots(_taken(body.lots), sources)
    return [*_lots(_taken(body.lots), sources), consignment(body, body.consignee.organization)]


def consignment(body: events.Shipment | events.Receipt, consignee: str) -> str:
    """Return the subject of a consignment: its id and the consignee's, so nobody else's."""
    return f"consignment:{body.consignment}:{consignee}"


def _receipt(body: events.Receipt, author: str) -> list[str]:
    # While it waits for its shipment a receipt chains only to its own consignment, so that
    # nobody writes on the chain of a lot he does not hold (`custody.apply` decides).
    parts = [item.rejected_lot for item in body.lots if item.rejected_lot]
    return [consignment(body, author), *_lots(_taken(body.lots), parts)]


def _assay(body: events.Assay, _author: str) -> list[str]:
    if body.lot is not None:
        return _lots([body.lot])
    return [f"consignment:{body.consignment}:{body.consignee}"]


def _replaced(body: events.Correction | events.Void, _author: str) -> list[str]:
    return [f"statement:{body.replaces}", *_lots(body.lots)]


def _genesis(body: registry.Genesis, _author: str) -> list[str]:
    return [f"organization:{body.operator.organization}"]


def _organization(body: registry.OrganizationStatement, _author: str) -> list[str]:
    return [f"organization:{body.organization}"]


def _relationship(body: registry.Relationship, _author: str) -> list[str]:
    target = (
        f"facility:{body.target_facility}"
        if body.target_facility
        else f"organization:{body.target_organization}"
    )
    return [f"relationship:{body.relationship}", target]


# ── checks that a shape cannot express ────────────────────────────────────────────────────


def _check_day(text: str | None, at: str) -> None:
    """A day of the grammar that no calendar has is refused here, not by a database."""
    if text is None:
        return
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ImpossibleTime(text, why="there is no such day", at=at) from None


def _check_once(names: Iterable[str], at: str) -> None:
    counts = Counter(names)
    for name in (name for name, count in counts.items() if count > 1):
        raise MalformedStatement(f"{name} is named twice.", at=at)


def _check_party(party: Party, at: str) -> None:
    if (party.organization is None) == (party.name is None):
        raise AmbiguousParty(at=at)


def _check_event(body: Any, statement: Statement) -> None:
    """A custody event has a clock time with an offset, and says clearly who owns what."""
    if not statement.effective.is_instant:
        raise ImpossibleTime(
            statement.effective.text, why="a custody event needs a time of day with an offset"
        )
    for at, new in placed_lots(body):
        for place, share in enumerate(new.owners):
            _check_party(share.owner, f"{at}.owners[{place}].owner")


def _check_shipment(body: events.Shipment, statement: Statement) -> None:
    _check_event(body, statement)
    _check_party(body.consignee, "$.body.consignee")
    _check_once(_taken(body.lots), "$.body.lots")


def _check_assay(body: events.Assay, statement: Statement) -> None:
    _check_event(body, statement)
    _check_party(body.laboratory, "$.body.laboratory")
    _check_day(body.sampled_on, "$.body.sampled_on")
    if (body.lot is None) == (body.consignment is None):
        raise MalformedStatement("Name one lot or one consignment.", at="$.body.lot")
    if (body.consignment is None) != (body.consignee is None):
        raise MalformedStatement(
            "A consignment is named with its consignee.", at="$.body.consignee"
        )
    if body.consignment is not None:
        shipper = body.consignment.partition(":")[0]
        if statement.author not in (shipper, body.consignee):
            raise MalformedStatement(
                "Only shipper and consignee may have a consignment assayed.",
                at="$.body.consignment",
            )


def _check_transfer(body: events.Transfer, statement: Statement) -> None:
    _check_event(body, statement)
    for place, item in enumerate(body.items):
        _check_party(item.transferor, f"$.body.items[{place}].from")
        _check_party(item.transferee, f"$.body.items[{place}].to")


def _check_stocktake(body: events.Stocktake, statement: Statement) -> None:
    _check_event(body, statement)
    _check_once(_taken(body.counts), "$.body.counts")


def _check_offer(body: events.Offer, statement: Statement) -> None:
    _check_event(body, statement)
    _check_once(body.lots, "$.body.lots")
    _check_once(body.audience, "$.body.audience")
    _check_day(body.until, "$.body.until")


def _check_until(body: registry.Grant | registry.Opening, _statement: Statement) -> None:
    _check_day(body.until, "$.body.until")


def _check_receipt(body: events.Receipt, statement: Statement) -> None:
    _check_event(body, statement)
    _check_once(_taken(body.lots), "$.body.lots")
    for place, item in enumerate(body.lots):
        if item.accepted is None and item.rejected is None:
            raise MalformedStatement(
                "Say how much was accepted, rejected, or both.", at=f"$.body.lots[{place}]"
            )
        both = item.accepted is not None and item.rejected is not None
        if both != (item.rejected_lot is not None):
            raise MalformedStatement(
                "A lot that is partly rejected needs `rejected_lot`, the name of that part, "
                "and only then.",
                at=f"$.body.lots[{place}].rejected_lot",
            )


def _check_relationship(body: registry.Relationship, _statement: Statement) -> None:
    _check_party(body.holder, "$.body.holder")
    _check_day(body.valid_until, "$.body.valid_until")
    if (body.target_facility is None) == (body.target_organization is None):
        raise MalformedStatement(
            "Name one target: an organization or a facility.", at="$.body.target_organization"
        )


def _check_facility(body: registry.FacilityStatement, _statement: Statement) -> None:
    _check_party(body.operator, "$.body.operator")
    check_country(body.country, body.subdivision, "$.body.country")
    check_identifiers(body.identifiers, "$.body")
    registry.check_figures(body)


def _check_organization(body: registry.OrganizationRecord, _statement: Statement) -> None:
    check_country(body.country, body.subdivision, "$.body.country")
    check_identifiers(body.identifiers, "$.body")


def _check_introduction(body: events.Introduction, statement: Statement) -> None:
    _check_event(body, statement)
    for place, origin in enumerate(body.declared_origin or ()):
        at = f"$.body.declared_origin[{place}]"
        check_country(origin.country, origin.subdivision, at)
        _check_day(origin.left_on, f"{at}.left_on")


def _check_recovery(body: events.Recovery, statement: Statement) -> None:
    _check_event(body, statement)
    check_country(body.collected_in, body.collected_in_subdivision, "$.body.collected_in")


def _kind(name: str, body: Any, subjects: Any, check: Any = None) -> tuple[str, Kind]:
    return name, Kind(name=name, body=body, subjects=subjects, check=check)


REGISTRY = dict(
    [
        _kind("registry.genesis", registry.Genesis, _genesis),
        _kind(
            "registry.organization",
            registry.OrganizationStatement,
            _organization,
            _check_organization,
        ),
        _kind("registry.key", registry.KeyStatement, _organization),
        _kind("registry.key_revocation", registry.KeyRevocation, _organization),
        _kind(
            "registry.facility",
            registry.FacilityStatement,
            lambda body, _author: [f"facility:{body.facility}"],
            _check_facility,
        ),
        _kind("registry.relationship", registry.Relationship, _relationship, _check_relationship),
        _kind(
            "registry.audience",
            registry.Audience,
            lambda body, _author: [f"audience:{body.audience}"],
        ),
        _kind(
            "registry.grant",
            registry.Grant,
            lambda body, _author: [f"grant:{body.grant}"],
            _check_until,
        ),
        _kind(
            "registry.opening",
            registry.Opening,
            lambda body, _author: [f"opening:{body.opening}"],
            _check_until,
        ),
        _kind(
            "registry.erasure",
            registry.Erasure,
            lambda body, _author: [f"statement:{body.entry}"],
        ),
    ]
)

CUSTODY = dict(
    [
        _kind(
            "custody.extraction",
            events.Extraction,
            lambda body, _author: _lots([body.lot.lot]),
            _check_event,
        ),
        _kind(
            "custody.recovery",
            events.Recovery,
            lambda body, _author: _lots(_taken(body.inputs), _taken(body.outputs)),
            _check_recovery,
        ),
        _kind(
            "custody.introduction",
            events.Introduction,
            lambda body, _author: _lots([body.lot.lot]),
            _check_introduction,
        ),
        _kind(
            "custody.transformation",
            events.Transformation,
            lambda body, _author: _lots(_taken(body.inputs), _taken(body.outputs)),
            _check_event,
        ),
        _kind(
            "custody.blend",
            events.Blend,
            lambda body, _author: _lots(_taken(body.inputs), [body.output.lot]),
            _check_event,
        ),
        _kind(
            "custody.split",
            events.Split,
            lambda body, _author: _lots([body.lot], _taken(body.parts)),
            _check_event,
        ),
        _kind("custody.shipment", events.Shipment, _shipment, _check_shipment),
        _kind("custody.receipt", events.Receipt, _receipt, _check_receipt),
        _kind(
            "custody.transfer",
            events.Transfer,
            lambda body, _author: _lots(_taken(body.items)),
            _check_transfer,
        ),
        _kind("custody.assay", events.Assay, _assay, _check_assay),
        _kind(
            "custody.stocktake",
            events.Stocktake,
            lambda body, _author: _lots(_taken(body.counts)),
            _check_stocktake,
        ),
        _kind(
            "custody.loss", events.LossEvent, lambda body, _author: _lots([body.lot]), _check_event
        ),
        _kind(
            "custody.assembly",
            events.Assembly,
            lambda body, _author: _lots(_taken(body.inputs), [body.output.lot]),
            _check_event,
        ),
        _kind("custody.offer", events.Offer, lambda body, _author: _lots(body.lots), _check_offer),
        _kind(
            "custody.withdrawal",
            events.Withdrawal,
            lambda body, _author: [f"statement:{body.offer}", *_lots(body.lots)],
            _check_event,
        ),
        _kind("custody.correction", events.Correction, _replaced),
        _kind("custody.void", events.Void, _replaced),
    ]
)

KINDS: dict[str, Kind] = REGISTRY | CUSTODY
