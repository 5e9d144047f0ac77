"""Kinds: who may sign which, what each touches, and what a shape cannot say."""

import pytest

from tests.builders import (
    assay,
    assembly,
    audience,
    blend,
    correction,
    erasure,
    extraction,
    facility,
    genesis,
    grant,
    introduction,
    key,
    key_revocation,
    loss,
    new_lot,
    offer,
    opening,
    organization,
    owned_by,
    passing,
    receipt,
    received,
    recovery,
    relationship,
    shipment,
    split,
    stocktake,
    taken,
    transfer,
    transformation,
    understood,
    void,
    withdrawal,
)
from traceability.errors import (
    AmbiguousParty,
    EquivalentIsNoMass,
    EquivalentOfAnotherElement,
    ImpossibleFigure,
    ImpossibleTime,
    MalformedStatement,
    UnitDoesNotFitBasis,
    UnknownCountry,
    UnknownUnit,
    WrongIdentifier,
)
from traceability.ledger.kinds import CUSTODY, KINDS, REGISTRY, WHO_MAY_SIGN, lot, roles_for
from traceability.ledger.vocabulary import OrganizationRole as Role

HASH = "ab" * 32
EXAMPLES = [
    (genesis(), ["organization:operator"]),
    (organization("bob"), ["organization:bob"]),
    (key("bob", "new"), ["organization:bob"]),
    (key_revocation("bob", "bob"), ["organization:bob"]),
    (facility("bob:mine"), ["facility:bob:mine"]),
    (relationship("bob:r", "alice", "carol"), ["organization:carol", "relationship:bob:r"]),
    (audience("bob", "alice"), ["audience:bob"]),
    (grant("bob:g", "eve"), ["grant:bob:g"]),
    (opening("bob:o"), ["opening:bob:o"]),
    (erasure(HASH), [f"statement:{HASH}"]),
    (extraction("bob:L"), ["lot:bob:L"]),
    (introduction("bob:L"), ["lot:bob:L"]),
    (recovery("bob:O", inputs=[taken("bob:I", "1")], at="bob:r"), ["lot:bob:I", "lot:bob:O"]),
    (
        transformation([taken("bob:I", "1")], [new_lot("bob:O")], at="bob:s"),
        [
            "lot:bob:I",
            "lot:bob:O",
        ],
    ),
    (blend([taken("bob:I", "1")], new_lot("bob:O"), at="bob:s"), ["lot:bob:I", "lot:bob:O"]),
    (split("bob:L", taken("bob:P", "1")), ["lot:bob:L", "lot:bob:P"]),
    (assembly([taken("bob:I", "1")], new_lot("bob:O"), at="bob:s"), ["lot:bob:I", "lot:bob:O"]),
    (
        shipment("bob:C", "carol", taken("bob:P", "1") | {"from": "bob:L"}),
        [
            "consignment:bob:C:carol",
            "lot:bob:L",
            "lot:bob:P",
        ],
    ),
    (shipment("bob:C", {"name": "Stranger"}, taken("bob:L", "1")), ["lot:bob:L"]),
    (
        receipt("alice:C", received("alice:L", "1", "2", "bob:R"), at="bob:s"),
        [
            "consignment:alice:C:bob",
            "lot:alice:L",
            "lot:bob:R",
        ],
    ),
    (transfer(passing("bob:L", "bob", "carol")), ["lot:bob:L"]),
    (assay("bob:L"), ["lot:bob:L"]),
    (assay(consignment="bob:C", consignee="carol"), ["consignment:bob:C:carol"]),
    (stocktake(taken("bob:L", "1"), at="bob:s"), ["lot:bob:L"]),
    (loss("bob:L", "1"), ["lot:bob:L"]),
    (offer("bob:L", to=["carol"]), ["lot:bob:L"]),
    (withdrawal(HASH, "bob:L"), ["lot:bob:L", f"statement:{HASH}"]),
    (correction(HASH, extraction("bob:L"), "bob:L"), ["lot:bob:L", f"statement:{HASH}"]),
    (void(HASH, "bob:L"), ["lot:bob:L", f"statement:{HASH}"]),
]


@pytest.mark.parametrize(("claim", "subjects"), EXAMPLES, ids=lambda told: str(told[0])[:40])
def test_a_statement_touches_exactly_its_subjects(claim, subjects):
    assert list(understood(claim, "bob").subjects) == subjects


def test_the_examples_show_every_kind():
    assert {claim[0] for claim, _ in EXAMPLES} == KINDS.keys()


# ── who may sign ──────────────────────────────────────────────────────────────────────────

ALL = frozenset(Role)
COMPANY, OPERATING = frozenset({Role.COMPANY}), frozenset({Role.OPERATOR})
CERTIFYING = frozenset({Role.ASSURANCE_SCHEME, Role.REGISTRAR})
AUTHORITY = {
    "registry.genesis": OPERATING,
    "registry.organization": OPERATING,
    "registry.key": ALL,
    "registry.key_revocation": ALL,
    "registry.facility": COMPANY | OPERATING,
    "registry.relationship": COMPANY | OPERATING | {Role.REGISTRAR},
    "registry.audience": COMPANY | {Role.CLUB},
    "registry.grant": COMPANY,
    "registry.opening": COMPANY,
    "registry.erasure": OPERATING,
    "standards.certificate": CERTIFYING,
    "standards.certificate_status": CERTIFYING,
    "standards.snapshot": CERTIFYING | OPERATING,
    "standards.declaration": COMPANY,
    "standards.account": COMPANY,
    "standards.claim": COMPANY,
    "standards.close": COMPANY,
    "standards.credit": COMPANY | CERTIFYING,
    "standards.policy": frozenset({Role.CLUB}),
    "standards.waiver": frozenset({Role.CLUB}),
    "standards.waiver_use": frozenset({Role.CLUB}),
    "standards.pack_activation": OPERATING,
    "standards.verdicts": OPERATING,
} | dict.fromkeys(CUSTODY, COMPANY)


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize("kind", sorted({*AUTHORITY, *KINDS, *WHO_MAY_SIGN}))
def test_a_kind_is_signed_by_exactly_these_roles(kind, role):
    assert (role in roles_for(kind)) is (role in AUTHORITY[kind])


def test_a_kind_nobody_knows_is_signed_by_nobody():
    assert roles_for("standards.miracle") == frozenset()
    assert lot("bob:L") == "lot:bob:L"
    assert KINDS == REGISTRY | CUSTODY


# ── what a shape cannot express ───────────────────────────────────────────────────────────

BOTH = {"organization": "carol", "name": "Carol"}
NOBODYS = ("registry.relationship", relationship("bob:r", "alice", "carol")[1] | {"holder": {}})
RECOVERED = {"element": "Cu", "low": "0.9", "high": "0.95", "stage": "smelting"}


def capacity(**changes):
    per_year = {"value": "100", "unit": "t", "basis": "dry"} | changes
    return {"material": "copper_concentrate", "per_year": per_year}


REFUSALS = [
    (
        extraction("bob:L", owners=[*owned_by("bob"), {"owner": BOTH, "parts": 1}]),
        AmbiguousParty,
        "lot.owners[1].owner",
    ),
    (
        extraction("bob:L", owners=[{"owner": {}, "parts": 1}]),
        AmbiguousParty,
        "lot.owners[0].owner",
    ),
    (
        blend(
            [taken("bob:L", "1")],
            new_lot("bob:M", owners=[{"owner": {}, "parts": 1}]),
            at="bob:smelter",
        ),
        AmbiguousParty,
        "output.owners[0].owner",
    ),
    (
        transformation(
            [taken("bob:L", "1")],
            [new_lot("bob:M"), new_lot("bob:N", owners=[{"owner": {}, "parts": 1}])],
            at="bob:smelter",
        ),
        AmbiguousParty,
        "outputs[1].owners[0].owner",
    ),
    (shipment("bob:C", BOTH, taken("bob:L", "1")), AmbiguousParty, "consignee"),
    (transfer(passing("bob:L", "bob", BOTH)), AmbiguousParty, "items[0].to"),
    (transfer(passing("bob:L", "bob", "carol") | {"from": {}}), AmbiguousParty, "items[0].from"),
    (assay("bob:L", laboratory={}), AmbiguousParty, "laboratory"),
    (assay(), MalformedStatement, "lot"),
    (assay("bob:L", consignment="bob:C", consignee="carol"), MalformedStatement, "lot"),
    (assay("bob:L", consignee="carol"), MalformedStatement, "consignee"),
    (assay(consignment="bob:C"), MalformedStatement, "consignee"),
    (assay(consignment="alice:C", consignee="carol"), MalformedStatement, "consignment"),
    (assay("bob:L", sampled_on="2026-02-30"), ImpossibleTime, "sampled_on"),
    (receipt("alice:C", received("alice:L"), at="bob:s"), MalformedStatement, "lots[0]"),
    (
        receipt("alice:C", received("alice:L", "1", "1"), at="bob:s"),
        MalformedStatement,
        "lots[0].rejected_lot",
    ),
    (
        receipt("alice:C", received("alice:L", "1", None, "bob:R"), at="bob:s"),
        MalformedStatement,
        "lots[0].rejected_lot",
    ),
    (
        receipt("alice:C", received("alice:L", "1"), received("alice:L", "1"), at="bob:s"),
        MalformedStatement,
        "lots",
    ),
    (
        shipment("bob:C", "carol", taken("bob:L", "1"), taken("bob:L", "1")),
        MalformedStatement,
        "lots",
    ),
    (stocktake(taken("bob:L", "1"), taken("bob:L", "2"), at="bob:s"), MalformedStatement, "counts"),
    (offer("bob:L", "bob:L", to=["carol"]), MalformedStatement, "lots"),
    (offer("bob:L", to=["carol", "carol"]), MalformedStatement, "audience"),
    (offer("bob:L", to=["carol"], until="2026-02-30"), ImpossibleTime, "until"),
    (grant("bob:g", "eve", until="2026-02-30"), ImpossibleTime, "until"),
    (opening("bob:o", until="2026-02-30"), ImpossibleTime, "until"),
    (
        relationship("bob:r", "alice", "carol", valid_until="2026-02-30"),
        ImpossibleTime,
        "valid_until",
    ),
    (NOBODYS, AmbiguousParty, "holder"),
    (
        relationship("bob:r", "alice", "carol", target_facility="carol:mine"),
        MalformedStatement,
        "target_organization",
    ),
    (facility("bob:mine", operator=BOTH), AmbiguousParty, "operator"),
    (facility("bob:mine", country="XX"), UnknownCountry, "country"),
    (facility("bob:mine", subdivision="US-CA"), UnknownCountry, "country"),
    (
        facility("bob:mine", identifiers=[{"scheme": "gln", "value": "1234567890123"}]),
        WrongIdentifier,
        "identifiers[0]",
    ),
    (facility("bob:mine", latitude="90.1", longitude="0"), ImpossibleFigure, "latitude"),
    (facility("bob:mine", latitude="0", longitude="-180.1"), ImpossibleFigure, "longitude"),
    (facility("bob:mine", latitude="45"), ImpossibleFigure, "longitude"),
    (facility("bob:mine", longitude="45"), ImpossibleFigure, "latitude"),
    (facility("bob:mine", capacities=[capacity(unit="hl")]), UnknownUnit, "per_year"),
    (facility("bob:mine", capacities=[capacity(unit="t LCE")]), EquivalentIsNoMass, "per_year"),
    (
        facility("bob:mine", capacities=[capacity(unit="t LCE") | {"element": "Cu"}]),
        EquivalentOfAnotherElement,
        "per_year",
    ),
    (
        facility("bob:mine", capacities=[capacity(basis="count")]),
        UnitDoesNotFitBasis,
        "per_year",
    ),
    (facility("bob:mine", recoveries=[RECOVERED | {"low": "0.99"}]), ImpossibleFigure, "[0]"),
    (facility("bob:mine", recoveries=[RECOVERED | {"high": "1.1"}]), ImpossibleFigure, "[0]"),
    (organization("bob", country="UK"), UnknownCountry, "country"),
    (
        organization("bob", identifiers=[{"scheme": "lei", "value": "X" * 20}]),
        WrongIdentifier,
        "identifiers[0]",
    ),
    (
        introduction(
            "bob:L", declared_origin=[{"stage": "extraction", "parts": 1, "country": "QQ"}]
        ),
        UnknownCountry,
        "declared_origin[0]",
    ),
    (recovery("bob:O", at="bob:r", collected_in="QQ"), UnknownCountry, "collected_in"),
]


@pytest.mark.parametrize(("claim", "error", "place"), REFUSALS)
def test_what_a_shape_cannot_say_is_refused_with_its_place(claim, error, place):
    with pytest.raises(error) as refused:
        understood(claim, "bob")
    assert refused.value.at.startswith("$.body")
    assert refused.value.at.endswith(place)


@pytest.mark.parametrize("kind", sorted(CUSTODY.keys() - {"custody.correction", "custody.void"}))
def test_a_custody_event_has_a_clock_time_with_an_offset(kind):
    claim = next(claim for claim, _ in EXAMPLES if claim[0] == kind)
    with pytest.raises(ImpossibleTime):
        understood(claim, "bob", effective="2026-03-01")


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_a_registration_holds_from_a_day(kind):
    claim = next(claim for claim, _ in EXAMPLES if claim[0] == kind)
    assert not understood(claim, "bob", effective="2026-03-01").effective.is_instant


def test_a_relationship_may_be_about_a_facility():
    kind, body = relationship("bob:r", "alice", "carol", target_facility="carol:mine")
    body.pop("target_organization")
    told = understood((kind, body), "bob")
    assert told.subjects == ("facility:carol:mine", "relationship:bob:r")


def test_days_that_exist_are_accepted():
    assert understood(grant("bob:g", "eve", until="2028-02-29"), "bob").body.until == "2028-02-29"
    assert understood(opening("bob:o"), "bob").body.until is None


def test_a_facility_registers_what_plausibility_is_measured_against():
    told = facility(
        "bob:mine",
        latitude="-90",
        longitude="180",
        capacities=[capacity(), capacity(unit="m3", basis="volume", density="1.2")],
        recoveries=[RECOVERED, RECOVERED | {"material": "copper_concentrate", "high": "1"}],
    )

    body = understood(told, "bob").body

    assert body.recoveries[0].stage == "smelting"
    assert body.capacities[1].per_year.density == "1.2"
