"""Who may see what, rule by rule; the table of all callers is in api/test_who_sees_what.py."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.traceability.api.world import register
from tests.traceability.ledger.paper_ledger import (
    company,
    mine_and_buyer,
    new_lot,
    receive,
    ship,
    tonnes,
)
from tests.traceability.stored_ledger import StoredLedger
from traceability import noting, seeing
from traceability.errors import UnknownLot
from traceability.models import Entry, Lot, Reading

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 1)


@pytest.fixture
def ledger():
    """Acme mines and sells L2 to bolt, who smelts it into C; cell and an auditor look on."""
    ledger = mine_and_buyer(StoredLedger())
    company(ledger, "cell", "cell:plant")
    register(ledger, "audit", "auditor")
    register(ledger, "club", "club")
    return ledger


def seen(organization, on=DAY):
    return set(seeing.lots_seen_by(organization, on=on).values_list("id", flat=True))


def in_full(organization, on=DAY):
    return seeing.lots_seen_in_full(list(Lot.objects.all()), organization, on=on)


def reads(organization, entry, on=DAY):
    order = Entry.objects.get(hash=entry).recorded_order
    one_by_one = bool(seeing.readable_orders(organization, [order], on=on))
    listed = seeing.entries_readable_by(organization, on=on).filter(hash=entry).exists()
    assert one_by_one == listed
    return one_by_one


def offer(ledger, *audience, lots=("bolt:C",), **more):
    body = {"lots": list(lots), "audience": list(audience)} | more
    return ledger.say("custody.offer", "bolt", body)


def grant(ledger, until="2026-12-31", facilities=("acme:mine",), lots=()):
    body = {
        "grant": "acme:g",
        "auditor": "audit",
        "until": until,
        "facilities": list(facilities),
        "lots": list(lots),
    }
    return ledger.say("registry.grant", "acme", body)


def members(ledger, *names):
    ledger.say("registry.audience", "club", {"audience": "club", "members": list(names)})


# ── lots ──────────────────────────────────────────────────────────────────────────────────


def test_a_lot_is_seen_by_who_has_or_had_it_and_by_the_operator(ledger):
    assert seen("acme") == {"acme:L1", "acme:L2"}
    assert seen("bolt") == {"acme:L2", "bolt:S", "bolt:C"}
    assert seen("cell") == seen("nobody") == set()
    assert seen("operator") == {"acme:L1", "acme:L2", "bolt:S", "bolt:C"}


def test_what_one_may_not_see_is_said_like_what_does_not_exist(ledger):
    told = []
    for lot in ("bolt:C", "bolt:X"):
        with pytest.raises(UnknownLot) as refused:
            seeing.lot_seen_by(lot, "cell")
        told.append(str(refused.value.as_json()).replace(lot, ""))
    assert told[0] == told[1]
    assert seeing.lot_seen_by("bolt:C", "bolt").id == "bolt:C"


def test_an_offer_opens_a_lot_until_its_day_and_that_day_counts(ledger):
    offer(ledger, "cell", until="2026-06-30")
    assert seen("cell", on=date(2026, 6, 30)) == {"bolt:C"}
    assert seen("cell", on=date(2026, 7, 1)) == set()
    assert in_full("cell", on=date(2026, 6, 30)) == {"bolt:C"}


def test_a_withdrawn_offer_closes_only_the_lots_it_names(ledger):
    entry = offer(ledger, "cell", lots=("bolt:C", "bolt:S"))
    assert seen("cell") == {"bolt:C", "bolt:S"}
    ledger.say("custody.withdrawal", "bolt", {"offer": entry, "lots": ["bolt:C"]})
    assert seen("cell") == {"bolt:S"}


def test_a_lot_opened_to_a_club_is_seen_by_whoever_is_a_member_now(ledger):
    offer(ledger, "club")
    assert seen("cell") == set()
    members(ledger, "cell")
    assert seen("cell") == {"bolt:C"}
    members(ledger)
    assert seen("cell") == set()
    assert seen("club") == {"bolt:C"}


def test_a_grant_opens_what_happened_at_a_site_until_its_day(ledger):
    grant(ledger, until="2026-06-01")
    assert seen("audit", on=DAY) == {"acme:L1", "acme:L2"}
    assert seen("audit", on=DAY + timedelta(days=1)) == set()


def test_a_grant_of_one_lot_opens_no_other(ledger):
    grant(ledger, facilities=(), lots=("acme:L1",))
    assert seen("audit") == {"acme:L1"}


def test_a_grant_that_is_stated_again_is_what_it_says_now(ledger):
    grant(ledger)
    grant(ledger, until="2026-01-31")
    assert seen("audit") == set()


def test_a_former_holder_knows_the_lot_and_not_what_the_buyer_has_left(ledger):
    assert "acme:L2" in in_full("acme")  # it is still acme's: custody went, title did not
    ledger.say(
        "custody.transfer",
        "acme",
        {
            "items": [
                {
                    "lot": "acme:L2",
                    "from": {"organization": "acme"},
                    "to": {"organization": "bolt"},
                }
            ]
        },
    )
    grant(ledger)
    assert "acme:L2" in seen("acme") & seen("audit")
    assert in_full("acme") == in_full("audit") == {"acme:L1"}
    assert "acme:L2" in in_full("bolt")
    assert in_full("operator") == seen("operator")


def test_lots_of_a_company_are_those_it_has_owns_or_is_to_receive(ledger):
    ship(ledger, "acme:L1", "60", number=2)
    told = seeing.held_by(Lot.objects.all(), "bolt").values_list("id", flat=True)
    assert set(told) == {"acme:L1", "acme:L2", "bolt:S", "bolt:C"}


# ── statements ────────────────────────────────────────────────────────────────────────────


def test_shipper_and_consignee_read_what_is_about_their_consignment(ledger):
    shipped = ship(ledger, "acme:L1", "60", number=2)
    received = receive(ledger, "acme:L1", "59.9", number=2)
    for entry in (shipped, received):
        assert reads("acme", entry)
        assert reads("bolt", entry)
        assert not reads("cell", entry)


def test_an_assay_of_a_consignment_is_read_by_both_and_by_the_sites_auditor(ledger):
    entry = ledger.say(
        "custody.assay",
        "bolt",
        {
            "consignment": "acme:1",
            "consignee": "bolt",
            "laboratory": {"name": "A laboratory"},
            "party": "buyer",
            "method": "ICP",
            "status": "final",
            "results": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "wet"}],
        },
    )
    assert reads("acme", entry)
    assert reads("bolt", entry)
    assert not reads("audit", entry)
    grant(ledger)
    assert reads("audit", entry)
    assert not reads("audit", entry, on=date(2027, 1, 1))


def test_a_transfer_is_read_by_who_gains_title_and_by_no_other_owner(ledger):
    entry = ledger.say(
        "custody.transfer",
        "acme",
        {
            "items": [
                {
                    "lot": "acme:L1",
                    "from": {"organization": "acme"},
                    "to": {"organization": "cell"},
                    "quantity": tonnes("10"),
                }
            ],
            "price": "1000",
            "currency": "USD",
        },
    )
    assert reads("cell", entry)
    assert seen("cell") == {"acme:L1"}
    again = ledger.say(
        "custody.transfer",
        "acme",
        {
            "items": [
                {
                    "lot": "acme:L1",
                    "from": {"organization": "acme"},
                    "to": {"organization": "bolt"},
                    "quantity": tonnes("5"),
                }
            ]
        },
    )
    assert reads("bolt", again)
    assert not reads("cell", again)


def test_an_amendment_is_read_by_whoever_reads_what_it_amends(ledger):
    shipped = ship(ledger, "acme:L1", "60", number=2)
    void = ledger.say(
        "custody.void", "acme", {"replaces": shipped, "reason": "a typo", "lots": ["acme:L1"]}
    )
    assert reads("bolt", void)
    assert not reads("cell", void)
    grant(ledger)
    assert reads("audit", void)


def test_an_organization_reads_what_the_operator_says_about_its_keys(ledger):
    [entry] = Entry.objects.filter(kind="registry.organization", author="operator").filter(
        recorded_order__in=_about("organization:cell")
    )
    assert reads("cell", entry.hash)
    assert not reads("bolt", entry.hash)


def _about(subject):
    from traceability.models import EntrySubject

    return EntrySubject.objects.filter(subject=subject).values("recorded_order")


def test_an_auditor_reads_no_more_than_the_owner_who_granted_may(ledger):
    grant(ledger, lots=("acme:L2",))
    smelting = Entry.objects.get(kind="custody.transformation")
    assert "acme:L2" in seen("audit")
    assert not reads("audit", smelting.hash)  # it took from acme:L2, at bolt's
    registered = Entry.objects.get(
        kind="registry.facility", recorded_order__in=_about("facility:acme:mine")
    )
    assert reads("audit", registered.hash)


def test_nothing_is_asked_for_no_entries(ledger, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert seeing.readable_orders("bolt", []) == set()


def test_a_handful_of_queries_serves_any_number_of_entries(ledger, django_assert_num_queries):
    orders = list(Entry.objects.values_list("recorded_order", flat=True))
    with django_assert_num_queries(3):
        seeing.readable_orders("bolt", orders)


# ── names ─────────────────────────────────────────────────────────────────────────────────


def open_names(ledger, *audience, public=False, own_name=True, facilities=(), until=None):
    body = {
        "opening": "acme:o",
        "own_name": own_name,
        "facilities": list(facilities),
        "audience": list(audience),
        "public": public,
    }
    ledger.say("registry.opening", "acme", body | ({"until": until} if until else {}))


def test_names_are_closed_until_their_owner_opens_them(ledger):
    names = seeing.names_open_to("cell", on=DAY)
    assert names.has_organization("cell")
    assert names.has_facility("cell:plant")
    assert names.has_organization("operator")
    assert not names.has_organization("acme")
    assert not names.has_facility("acme:mine")
    assert not names.has_facility(None)


def test_a_name_is_opened_per_buyer_per_club_or_to_all(ledger):
    open_names(ledger, "bolt")
    assert seeing.names_open_to("bolt", on=DAY).has_organization("acme")
    assert not seeing.names_open_to("cell", on=DAY).has_organization("acme")
    members(ledger, "cell")
    open_names(ledger, "club")
    assert seeing.names_open_to("cell", on=DAY).has_organization("acme")
    assert not seeing.names_open_to("bolt", on=DAY).has_organization("acme")
    open_names(ledger, public=True)
    assert seeing.names_open_to("audit", on=DAY).has_organization("acme")


def test_a_site_can_be_opened_without_its_owner_and_only_for_a_time(ledger):
    open_names(ledger, "cell", own_name=False, facilities=["acme:mine"], until="2026-06-01")
    names = seeing.names_open_to("cell", on=DAY)
    assert (names.has_facility("acme:mine"), names.has_organization("acme")) == (True, False)
    assert not seeing.names_open_to("cell", on=date(2026, 6, 2)).has_facility("acme:mine")


def test_an_auditor_knows_who_granted_and_the_operator_everybody(ledger):
    grant(ledger)
    names = seeing.names_open_to("audit", on=DAY)
    assert (names.has_organization("acme"), names.has_facility("acme:mine")) == (True, True)
    assert seeing.names_open_to("operator").has_organization("acme")


# ── readings ──────────────────────────────────────────────────────────────────────────────


def test_one_reading_a_day_per_reader_person_lot_and_what(ledger):
    offer(ledger, "cell")
    lot, evening = Lot.objects.get(id="bolt:C"), datetime(2026, 6, 1, 23, 59, tzinfo=UTC)
    for now, what, person in (
        (evening, "lot", ""),
        (evening, "lot", ""),
        (evening, "bundle", ""),
        (evening, "lot", "officer-1"),
        (evening + timedelta(minutes=2), "lot", ""),
    ):
        noting.note_reading([lot], reader="cell", what=what, person=person, now=now)
    assert Reading.objects.filter(reader="cell", owner="bolt", lot="bolt:C").count() == 4


def test_looking_at_ones_own_leaves_no_trace(ledger):
    lots = list(Lot.objects.filter(custodian="bolt", id__startswith="bolt:"))
    noting.note_reading(lots, reader="bolt", what="lot")
    noting.note_reading([], reader="bolt", what="lot")
    own = Entry.objects.filter(author="bolt").first()
    noting.note_statement_read(own, reader="bolt")
    assert not Reading.objects.exists()


def test_the_operator_leaves_traces_too(ledger):
    noting.note_reading(list(Lot.objects.all()), reader="operator", what="lot")
    assert Reading.objects.filter(reader="operator").count() == 4


def test_no_lot_is_seen_before_it_is_recorded(ledger):
    assert "cell:N" not in seen("cell")
    body = {"facility": "cell:plant", "reason": "opening_stock", "lot": new_lot("cell:N", "1")}
    ledger.say("custody.introduction", "cell", body)
    assert seen("cell") == in_full("cell") == {"cell:N"}
