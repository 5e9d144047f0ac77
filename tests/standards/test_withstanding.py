"""What fails, fails alone: one broken row of each kind, and everything else goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import django.db
import psycopg
import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.urls import reverse

from standards import assessing, following
from standards.assessing import assess_due
from standards.following import follow_log
from standards.models import (
    Assessment,
    Certificate,
    ClosedPeriod,
    DueAssessment,
    Judgement,
    Setback,
)
from standards.withstanding import FIRST_WAIT, LONGEST_WAIT, is_its_own, is_waiting
from tests.standards.world import NOW, World, kg, owned_by, percent
from tests.traceability.api.world import client, token
from traceability.errors import UnknownLot
from traceability.models import Entry, LogIndex
from traceability.upstream import provenance_of

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1, minutes=1)


@pytest.fixture
def as_superuser(cluster):
    """Run SQL past every grant and trigger, as whoever owns the disk can."""

    def run(table, sql, *values):
        connection.close()
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as database:
            database.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            database.execute(sql, values)

    return run


@pytest.fixture
def world() -> World:
    """A ledger with a fine lot, a poor one, certificates, two clubs, and two closed accounts."""
    made = World()
    made.packs()
    made.policy()
    made.policy("club-two")
    made.mined("mine:poor")
    made.accounted()
    made.offered()
    made.say("custody.offer", "smelter", {"lots": ["smelter:cathode"], "audience": ["club-two"]})
    made.awarded()
    for holder in ("smelter", "buyer"):
        if holder == "buyer":
            made.account("buyer", facilities=["buyer:plant"])
        made.closed("2026-03-31", on="2026-04-02", holder=holder)
    made.publish()
    return made


@dataclass(frozen=True)
class Poison:
    """One row, how it is broken, and what is set back by it."""

    table: str
    column: str
    where: str
    broken: str
    set_back: frozenset[tuple[str, str]]
    goes_on: Callable[[], bool]


def lots_found() -> set[str]:
    return set(Assessment.objects.filter(is_current=True).values_list("lot", flat=True))


POISONS = {
    "a lot": Poison(
        table="traceability_movement",
        column="facts",
        where="lot = 'mine:poor' AND role = 'make'",
        broken="facts - 'quantity'",
        set_back=frozenset({("lot", "mine:poor"), ("entry", "custody.extraction")}),
        goes_on=lambda: lots_found() == {"mine:ore", "smelter:cathode"},
    ),
    "a certificate": Poison(
        table="traceability_statementtext",
        column="jws",
        where="recorded_order = (SELECT min(recorded_order) FROM traceability_entry "
        "WHERE kind = 'standards.certificate')",
        broken="'no statement'",
        set_back=frozenset({("entry", "standards.certificate")}),
        goes_on=lambda: [one.scheme for one in Certificate.objects.all()] == ["copper_mark"],
    ),
    "a policy": Poison(
        table="standards_clubpolicy",
        column="form",
        where="club_id = 'club-two'",
        broken="'{}'",
        set_back=frozenset({("club", "club-two")}),
        goes_on=lambda: not Judgement.objects.filter(club="club-two").exists(),
    ),
    "an account": Poison(
        table="standards_account",
        column="opening",
        where="account = 'buyer:cu'",
        broken="""'[{"lot": "buyer:x"}]'""",
        set_back=frozenset({("close", "standards.close")}),
        goes_on=lambda: [one.account for one in ClosedPeriod.objects.all()] == ["smelter:cu"],
    ),
}


def break_a_row(poison: Poison, as_superuser: Callable[..., None]) -> Callable[[], None]:
    """Break a row; return what mends it."""
    table, column, where = poison.table, poison.column, poison.where
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}::text FROM {table} WHERE {where}")  # noqa: S608
        [(whole,)] = cursor.fetchall()
    change = f"UPDATE {table} SET {column} = "  # noqa: S608
    as_superuser(table, f"{change} {poison.broken} WHERE {where}")
    kind = "text" if column == "jws" else "jsonb"
    return lambda: as_superuser(table, f"{change} %s::{kind} WHERE {where}", whole)


def set_back() -> set[tuple[str, str]]:
    """Return what is set back; of an entry its kind, in place of its index."""
    found = set()
    for row in Setback.objects.all():
        assert row.because
        assert "Traceback" in row.traceback
        about = row.about
        if row.kind in ("entry", "close"):
            order = LogIndex.objects.get(index=int(row.about)).recorded_order
            about = Entry.objects.get(recorded_order=order).kind
        found.add((row.kind, about))
    return found


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_one_broken_row_stops_nothing_else_and_is_made_up_for_once_it_is_mended(
    world, as_superuser, poison, caplog
):
    if poison.table.startswith("standards_"):
        world.follow()
        as_superuser("standards_closedperiod", "DELETE FROM standards_closedperiod")
    mend = break_a_row(poison, as_superuser)

    world.catch_up()

    assert set_back() == poison.set_back
    assert poison.goes_on()
    assert Judgement.objects.filter(lot="smelter:cathode", club="club").exists()
    assert {name for name, _ in poison.set_back} <= {
        row.kind for row in Setback.objects.filter(tries=1)
    }
    follow_log(now=NOW + timedelta(seconds=1))
    assert not Setback.objects.filter(tries__gt=1).exists()  # not at once again
    told = [record for record in caplog.records if record.name == "standards.withstanding"]
    assert sum(record.levelname == "ERROR" for record in told) == len(poison.set_back)
    assert all(record.exc_info for record in told)

    mend()
    follow_log(now=LATER)
    while assess_due(now=LATER):
        pass

    assert not Setback.objects.exists()
    assert lots_found() == {"mine:poor", "mine:ore", "smelter:cathode"}
    assert (Certificate.objects.count(), ClosedPeriod.objects.count()) == (2, 2)
    assert set(Judgement.objects.values_list("club", flat=True)) == {"club", "club-two"}


def test_what_fails_under_one_clubs_policy_is_judged_by_all_others(world):
    """A policy that its door takes, and that a rule cannot reckon with."""
    world.catch_up()
    assert {one.club_id for one in judged()} == {"club", "club-two"}
    flags = world.flags("club-two").keys()
    world.policy("club-two", "2", irma__minimum_share=("text", "most of it"))
    world.catch_up()

    [kept] = Setback.objects.all()
    assert (kept.kind, kept.about, kept.club) == ("lot", "smelter:cathode", "club-two")
    assert "most of it" in kept.because
    assert {one.club_id for one in judged()} == {"club"}  # what was found before is no answer
    assert world.flags("club-two").keys() == flags
    assert lots_found() == {"mine:poor", "mine:ore", "smelter:cathode"}
    [again] = DueAssessment.objects.filter(lot="smelter:cathode", due_on=LATER.date())
    assert again.because == "calendar"

    world.policy("club-two", "3")
    world.catch_up()
    assert not Setback.objects.exists()
    assert {one.club_id for one in judged()} == {"club", "club-two"}


def judged():
    return Judgement.objects.filter(is_current=True)


def test_a_quantity_that_may_be_nothing_is_a_bound_and_stops_nobody(world):
    body = {
        "facility": "mine:pit",
        "lot": {
            "lot": "mine:vague",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": kg("30000") | {"low": "0", "high": "40000"},
            "owners": owned_by("mine"),
            "assays": [percent("Cu", "30")],
        },
    }
    world.say("custody.extraction", "mine", body)
    world.catch_up()

    assert not Setback.objects.exists()
    assert "mine:vague" in lots_found()
    told = provenance_of("mine:vague", size=world.publish(), reader="mine")
    assert [(one.element, one.low_mg, one.high_mg) for one in told.elements] == [
        ("Cu", "0", str(12_000 * 10**6))
    ]


def test_whoever_asks_for_a_lot_that_is_set_back_is_told_so_and_only_the_operator_why(
    world, as_superuser, as_staff_of, as_person
):
    world.catch_up()
    assert "mine:poor" in lots_found()
    mend = break_a_row(POISONS["a lot"], as_superuser)
    world.site("mine:pit", "mine", "mine", "CL")
    world.catch_up()
    assert "mine:poor" not in lots_found()
    page = reverse("admin:traceability_lot_change", args=[quote("mine:poor")])
    row = Setback.objects.get(kind="lot")
    own, home = reverse("admin:standards_setback_change", args=[row.pk]), reverse("admin:index")

    miner = as_staff_of("mine")
    assert 'id="set-back"' in miner.get(page).content.decode()
    assert miner.get(own).status_code == 403
    assert 'id="setbacks"' not in miner.get(home).content.decode()
    operator = as_staff_of("operator", "operator")
    assert "KeyError" in operator.get(own).content.decode()
    assert "mine:poor" in operator.get(home).content.decode()
    token("mine")
    told = client("mine").get("/api/v1/lots/mine:poor/verdicts").json()
    assert (told["minerals"], told["set_back_at"][:10]) == ([], "2026-11-01")

    mend()
    assess_due(now=LATER)
    told = client("mine").get("/api/v1/lots/mine:poor/verdicts").json()
    assert [one["mineral"] for one in told["minerals"]] == ["Cu"]
    assert told["set_back_at"] is None
    miner = as_person("mine-metal accountant")
    assert 'id="set-back"' not in miner.get(page).content.decode()


@pytest.mark.parametrize("error", [django.db.OperationalError, django.db.InterfaceError])
def test_what_is_wrong_with_the_database_ends_the_turn_and_nothing_is_lost(
    world, monkeypatch, error
):
    def lost(*_):
        raise error("server closed the connection unexpectedly")

    for module, name, turn in (
        (following, "note_statements", follow_log),
        (assessing, "_assess", assess_due),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lost)
            with pytest.raises(error):
                turn(now=NOW)
        assert not Setback.objects.exists()
        world.follow()
    assert DueAssessment.objects.filter(lot="smelter:cathode").exists()


def test_an_error_is_of_the_data_unless_the_database_is_at_the_bottom_of_it():
    assert is_its_own(KeyError("material"))
    assert is_its_own(UnknownLot("mine:ore", at=""))
    assert is_its_own(django.db.DataError("value too long"))
    assert is_its_own(psycopg.IntegrityError("duplicate key"))
    assert not is_its_own(psycopg.errors.DeadlockDetected())
    assert not is_its_own(KeyboardInterrupt())
    hidden = ValueError("no rows")
    hidden.__cause__ = django.db.OperationalError("gone")
    assert not is_its_own(hidden)


def test_waiting_grows_from_a_minute_to_an_hour():
    for tries, wait in (
        (1, FIRST_WAIT),
        (2, 2 * FIRST_WAIT),
        (7, LONGEST_WAIT),
        (99, LONGEST_WAIT),
    ):
        row = Setback(tries=tries, last_at=NOW)
        assert is_waiting(row, NOW + wait - timedelta(seconds=1))
        assert not is_waiting(row, NOW + wait)
