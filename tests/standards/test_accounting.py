"""Accounts on PostgreSQL: read from the log, closed for ever, and judged with the lots."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import Error, connection, connections

from standards import accounting
from standards.accounting import book, freeze_closes, records_at
from standards.assessing import assess_lot
from standards.balances import standing_of
from standards.certifying import activate_pack
from standards.known import followed_size, law_at
from standards.models import (
    Account,
    AccountClose,
    Assessment,
    Claim,
    ClosedPeriod,
    Credit,
    DueAssessment,
)
from standards.rulebook.closing import digest_of, parse_closed
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from tests.standards.world import NOW, World, kg, owned_by, percent
from traceability.errors import TraceabilityError
from traceability.models import Key, LogIndex, Lot
from traceability.registering import record_as_service, statement_document

pytestmark = pytest.mark.django_db(transaction=True)
KG = 10**6
TODAY = date(2026, 11, 1)


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.accounted()
    return made


def booked(account="smelter:cu", *, size=None, on=TODAY):
    size = followed_size() if size is None else size
    return book(records_at(size, [account]).values(), on=on, law=law_at(size))[account]


def in_kg(told):
    return {draw.id: draw.mg / KG for draw in told.draws.values()}, told.over_mg / KG


# ── from the log to the books ─────────────────────────────────────────────────────────────


def test_claims_are_drawn_from_measured_recovery_and_the_excess_is_shown(world):
    world.claimed("C1", "5000")
    world.claimed("C2", "5000", on="2026-03-26")
    world.follow()

    told = booked()

    [tranche] = told.tranches
    assert (tranche.id, tranche.low_mg, tranche.high_mg) == ("mine:ore", 8800 * KG, 8800 * KG)
    assert in_kg(told) == ({"claim:smelter:C1": 5000, "claim:smelter:C2": 5000}, 1200)
    assert told.record.claims[0].is_owner
    assert told.record.claims[0].is_inside


def test_what_is_read_at_a_size_is_told_by_entries_below_it(world):
    world.claimed("C1", "5000")
    size = world.publish()
    world.follow()
    first = booked(size=size)
    world.claimed("C2", "5000")
    world.withdrew("C1", on="2026-04-01")
    world.follow()

    assert booked(size=size) == first
    assert in_kg(booked()) == ({"claim:smelter:C2": 5000}, 0)
    assert records_at(size - 1, ["smelter:cu"])["smelter:cu"].claims == ()
    assert records_at(5, ["smelter:cu", "nobody:cu"]) == {}


def test_toll_metal_enters_the_account_of_its_owner(world):
    world.mined("mine:toll")
    world.sent("mine:toll")
    world.smelted("mine:toll", "smelter:toll-cathode", amount="8000", cu="100")
    world.account("mine", facilities=["smelter:works"])
    world.follow()

    assert [one.id for one in booked().tranches] == ["mine:ore"]
    [own] = booked("mine:cu").tranches
    assert (own.id, own.low_mg) == ("mine:toll", 8000 * KG)


def test_a_correction_is_booked_as_if_it_had_been_so(world):
    world.claimed("C1", "8800")
    body = {
        "laboratory": {"name": "Umpire Ltd"},
        "party": "umpire",
        "method": "fire assay",
        "status": "umpire",
        "results": [percent("Cu", "90")],
        "lot": "smelter:cathode",
    }
    world.say("custody.assay", "smelter", body, on="2026-04-20")
    world.follow()

    told = booked()
    assert told.tranches[0].low_mg == 7920 * KG
    assert told.over_mg == 880 * KG


def test_metal_from_outside_turns_on_the_certificate_of_the_declared_site(world):
    declared = [
        {"stage": "extraction", "parts": 1, "facility": "mine:pit", "left_on": "2026-02-01"}
    ]
    world.introduced("smelter:old", facility="smelter:works", declared=declared)
    world.claimed("C1", "99", lot="smelter:old", tranches=["smelter:old"])
    world.catch_up()

    assert booked().covered("smelter:C1") == (0, 99 * KG)
    [one] = [one for one in booked().inputs if one.source.lot_id == "smelter:old"]
    assert (one.certified_low_mg, one.certified_high_mg, one.outside) == (0, 99 * KG, "unset")

    world.status("withdrawn", "2025-06-01", retroactive=True)
    world.follow()
    [one] = [one for one in booked().inputs if one.source.lot_id == "smelter:old"]
    assert one.outside == "no_certificate"
    assert DueAssessment.objects.filter(lot="smelter:old").exists()


def test_a_receipt_recorded_ahead_counts_from_its_own_time(world):
    world.mined("mine:early")
    world.sold("mine:early", "mine", "smelter")
    received = {
        "facility": "smelter:works",
        "consignment": "mine:ahead",
        "lots": [{"lot": "mine:early", "accepted": kg("30000")}],
    }
    world.say("custody.receipt", "smelter", received, on="2026-03-12")
    shipped = {
        "facility": "mine:pit",
        "consignment": "mine:ahead",
        "consignee": {"organization": "smelter"},
        "lots": [{"lot": "mine:early", "quantity": kg("30000")}],
    }
    world.say("custody.shipment", "mine", shipped, on="2026-03-08")
    world.follow()

    one = next(one for one in booked().inputs if one.source.lot_id == "mine:early")
    assert one.source.at.date() == date(2026, 3, 12)


def test_a_claim_brings_its_recipient_what_its_own_account_covers(world):
    world.site("buyer:works", "buyer", "refinery", "US")
    world.account("buyer")
    world.sold("smelter:cathode", "smelter", "buyer", on="2026-03-22")
    shipped = {
        "facility": "smelter:works",
        "consignment": "smelter:1",
        "consignee": {"organization": "buyer"},
        "lots": [{"lot": "smelter:cathode", "quantity": kg("8800")}],
    }
    world.say("custody.shipment", "smelter", shipped, on="2026-03-23")
    received = {
        "facility": "buyer:works",
        "consignment": "smelter:1",
        "lots": [{"lot": "smelter:cathode", "accepted": kg("8800")}],
    }
    world.say("custody.receipt", "buyer", received, on="2026-03-24")
    output = {
        "lot": "buyer:wire",
        "material": "copper_wire",
        "form": "wire",
        "quantity": kg("4400"),
        "owners": owned_by("buyer"),
        "assays": [percent("Cu", "100")],
        "role": "product",
    }
    refined = {
        "facility": "buyer:works",
        "stage": "refining",
        "inputs": [{"lot": "smelter:cathode", "quantity": kg("8800"), "role": "feed"}],
        "outputs": [output],
    }
    world.say("custody.transformation", "buyer", refined, on="2026-03-26")
    world.follow()
    assert booked("buyer:cu").tranches == ()

    world.claimed("C1", "8000")
    world.claimed("C2", "2000", on="2026-03-26")
    world.follow()

    [tranche] = booked("buyer:cu").tranches
    assert tranche.low_mg == tranche.high_mg == 4400 * KG  # 8,800 covered of 10,000, half recovered


def test_a_key_distrusted_from_before_a_claim_leaves_it_unknown(world):
    world.claimed("C1", "5000")
    world.follow()
    kid = Key.objects.get(organization_id="smelter").kid
    index = LogIndex.objects.order_by("-index").first().index
    body = {
        "organization": "smelter",
        "kid": kid,
        "reason": "compromised",
        "distrusted_from": index,
    }
    world.say("registry.key_revocation", "operator", body, on="2026-10-01")
    world.follow()

    [claim] = booked().record.claims
    assert claim.is_disputed


# ── closing ───────────────────────────────────────────────────────────────────────────────


def test_a_closed_period_is_kept_with_its_digest_and_stays_as_it_was(world):
    world.claimed("C1", "8800")
    world.follow()
    row = Account.objects.get()
    told = standing_of(row, size=followed_size(), on=TODAY).to_close
    entry = world.closed("2026-03-31", on="2026-04-02", known_at=told.known_at, digest=told.digest)
    world.follow()

    [kept] = ClosedPeriod.objects.all()
    closed = parse_closed(kept.state)
    assert (closed.entry, closed.until, closed.known_at) == (
        entry,
        date(2026, 3, 31),
        told.known_at,
    )
    assert closed.digest == kept.digest == told.digest == digest_of("smelter:cu", closed)
    [close] = standing_of(row, size=followed_size(), on=TODAY).closes
    assert close.agrees

    world.claimed("LATE", "100", on="2026-03-30")
    body = {
        "laboratory": {"name": "Umpire Ltd"},
        "party": "umpire",
        "method": "fire assay",
        "status": "umpire",
        "results": [percent("Cu", "90")],
        "lot": "smelter:cathode",
    }
    world.say("custody.assay", "smelter", body, on="2026-04-20")
    world.follow()

    after = standing_of(row, size=followed_size(), on=TODAY)
    assert after.periods[0].closing_worst_mg == "0"
    assert [one.lot for one in after.restatements] == ["mine:ore"]
    assert after.periods[1].restated_mg == str(-880 * KG)
    assert after.over_claimed_mg == str(980 * KG)
    assert next(one for one in after.claims if one.id == "smelter:LATE").is_late
    assert ClosedPeriod.objects.get() == kept


def test_a_digest_that_is_not_of_what_was_closed_is_shown(world):
    world.follow()
    world.closed("2026-03-31", on="2026-04-02", known_at=followed_size(), digest="0" * 64)
    world.follow()

    [close] = standing_of(Account.objects.get(), size=followed_size(), on=TODAY).closes
    assert close.agrees is False


def test_a_close_counts_what_is_below_its_own_entry_and_periods_follow_in_order(world):
    world.claimed("C1", "8800")
    world.closed("2026-03-31", on="2026-04-02")
    world.claimed("C2", "1", on="2026-04-20")
    world.closed("2026-06-30", on="2026-07-02", known_at=1, digest="0" * 64)
    world.follow()

    first, second = ClosedPeriod.objects.order_by("index")
    assert parse_closed(first.state).known_at == first.index
    assert parse_closed(second.state).known_at == first.index + 1  # never before the last close
    told = standing_of(Account.objects.get(), size=followed_size(), on=TODAY)
    assert [one.state for one in told.periods] == ["closed", "closed", "ended", "open"]
    assert told.to_close.until == date(2026, 9, 30)
    early = standing_of(Account.objects.get(), size=followed_size(), on=date(2026, 9, 30))
    assert early.to_close is None


def test_a_period_that_cannot_be_told_is_computed_when_read_and_frozen_later(world, monkeypatch):
    world.claimed("C1", "8800")
    world.closed("2026-03-31", on="2026-04-02")

    def fail(*_):
        raise TraceabilityError("Not now.")

    with monkeypatch.context() as patch:
        patch.setattr(accounting, "closed_period", fail)
        world.follow()
    assert not ClosedPeriod.objects.exists()
    [read] = records_at(followed_size(), ["smelter:cu"])["smelter:cu"].closes

    assert freeze_closes(now=NOW) == 0  # it waits a minute
    assert freeze_closes(now=NOW + timedelta(minutes=1)) == 1
    [kept] = records_at(followed_size(), ["smelter:cu"])["smelter:cu"].closes
    assert kept == read
    assert freeze_closes() == 0


def test_a_log_size_from_before_the_account_was_opened_counts_as_its_opening(world):
    world.claimed("C1", "8800")
    world.closed("2026-03-31", on="2026-04-02", known_at=0, digest="0" * 64)
    world.catch_up()

    [closed] = ClosedPeriod.objects.all()
    opened = Account.objects.get(account="smelter:cu")
    assert parse_closed(closed.state).known_at == opened.index + 1
    assert world.follow() == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("model", [Account, AccountClose, Claim, ClosedPeriod, Credit])
def test_what_the_log_says_of_accounts_is_never_changed(world, model):
    world.claimed("C1", "8800")
    issued = {
        "serial": "smelter:S1",
        "issued": {
            "registry": "A registry",
            "holder": "buyer",
            "element": "Cu",
            "scheme": "irma",
            "tier": "IRMA 75",
            "quantity": {"value": "1", "unit": "kg"},
            "vintage": "2026",
            "account": "smelter:cu",
        },
    }
    world.say("standards.credit", "smelter", issued, on="2026-03-26")
    world.closed("2026-03-31", on="2026-04-02")
    world.follow()
    table = model._meta.db_table
    assert model.objects.exists()

    for alias in ("default", "owner"):
        for change in (f"UPDATE {table} SET account = 'x'", f"DELETE FROM {table}"):  # noqa: S608
            with connections[alias].cursor() as cursor, pytest.raises(Error):
                cursor.execute(change)


# ── what becomes due ──────────────────────────────────────────────────────────────────────


def due():
    rows = DueAssessment.objects.filter(due_on__lte=NOW.date())
    return set(rows.values_list("lot", flat=True))


def test_whatever_changes_an_account_makes_what_was_claimed_from_it_due(world):
    world.claimed("C1", "5000")
    world.catch_up()
    assert due() == set()

    world.claimed("C2", "5000", lot="mine:ore")
    world.follow()
    assert due() == {"mine:ore", "smelter:cathode"}
    world.catch_up()

    world.mined("mine:more")
    world.sold("mine:more", "mine", "smelter")
    world.sent("mine:more")
    world.follow()
    assert due() == {"mine:more", "mine:ore", "smelter:cathode"}
    world.catch_up()

    world.withdrew("C2", on="2026-04-01")
    world.follow()
    assert due() == {"mine:ore", "smelter:cathode"}
    world.catch_up()

    world.status("suspended", "2026-01-15")
    world.follow()
    assert {"smelter:cathode"} <= due()
    world.catch_up()
    assert booked().tranches == ()


def test_a_lot_is_judged_again_when_its_accounts_period_has_ended(world):
    world.claimed("C1", "5000", on="2026-10-05")
    world.catch_up()

    assess_lot("smelter:cathode", now=datetime(2026, 12, 1, 12, tzinfo=UTC))

    rows = DueAssessment.objects.filter(lot="smelter:cathode", because="calendar")
    assert max(row.due_on for row in rows) == date(2027, 1, 1)


# ── three rule sets ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("forbidden", "nonconforming"), ("within_period", "conforms"), (None, "indeterminate")],
)
def test_a_balance_below_zero_is_judged_under_the_pack_in_force(world, value, outcome):
    world.claimed("C1", "9000")
    if value is not None:
        irma = next(pack for pack in shipped_packs() if pack.id == "irma")
        pack = overridden_pack(irma, {"irma.account_overdraft": value})
        activate_pack(pack, effective=date(2026, 1, 1), now=NOW)
    world.catch_up()

    found = world.finding("MB-03", club="")
    assert found.outcome == outcome
    assert "was -200 kg" in found.because


def test_what_a_finding_asks_for_is_read_from_the_log(world):
    world.claimed("C1", "5000")
    world.claimed("C2", "100", model="segregated")
    world.catch_up()

    outcomes = {
        rule: world.finding(rule, club="").outcome.value
        for rule in ("MB-01", "MB-02", "MB-03", "MB-05", "MB-09", "MB-10", "ISO-MB-02", "ISO-SG-01")
    }
    assert set(outcomes.values()) == {"conforms"}
    assert world.finding("IRMA-02", club="").outcome is not None


def test_a_stocktake_is_compared_with_the_books_of_the_account(world):
    world.claimed("C1", "5000")
    count = {"lot": "smelter:cathode", "quantity": kg("8778"), "reason": "Counted."}
    body = {"facility": "smelter:works", "counts": [count]}
    stocktake = world.say("custody.stocktake", "smelter", body, on="2026-03-30")
    world.catch_up()

    [told] = booked().record.counts
    assert (told.entry, told.book_low_mg, told.off_low_mg) == (stocktake, 8800 * KG, -22 * KG)
    found = world.finding("MB-11", club="")
    assert "smelter:works found 22 kg less than the 8800 kg of 1 lot in the books" in found.because
    assert found.missing == ("a value of irma.account_stock_tolerance",)


def test_an_empty_silo_and_a_lost_cargo_are_seen_by_account_and_rules(world):
    world.claimed("C1", "5000")
    world.mined("mine:lost")
    world.say(
        "custody.shipment",
        "mine",
        {
            "facility": "mine:pit",
            "consignment": "mine:lost-at-sea",
            "consignee": {"organization": "smelter"},
            "lots": [{"lot": "mine:lost", "quantity": kg("30000")}],
        },
    )
    none = {
        "facility": "smelter:works",
        "consignment": "mine:lost-at-sea",
        "lots": [{"lot": "mine:lost", "accepted": kg("0")}],
    }
    world.say("custody.receipt", "smelter", none, on="2026-03-12")
    count = {"lot": "smelter:cathode", "quantity": kg("0"), "reason": "Nothing is there."}
    body = {"facility": "smelter:works", "counts": [count]}
    world.say("custody.stocktake", "smelter", body, on="2026-03-30")
    world.catch_up()

    [told] = booked().record.counts
    assert (told.book_low_mg, told.off_low_mg) == (8800 * KG, -8800 * KG)
    found = world.finding("MB-11", club="")
    assert "smelter:works found 8800 kg less than the 8800 kg" in found.because
    held = Lot.objects.filter(id__in=["mine:lost", "smelter:cathode"])
    assert [lot.amount for lot in held] == [0, 0]
    assert Assessment.objects.filter(lot="mine:lost", mineral="Cu").exists()


def test_the_service_refuses_a_claim_on_an_account_that_is_not_there(world):
    document = statement_document(
        kind="standards.close",
        author="smelter",
        effective="2026-04-02",
        body={"account": "smelter:none", "until": "2026-03-31"},
    )
    with pytest.raises(TraceabilityError) as refused:
        record_as_service([document], now=NOW)
    assert refused.value.code == "unknown_account"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traceability_subject WHERE id LIKE 'account:%none'")
        assert cursor.fetchone() == (0,)
