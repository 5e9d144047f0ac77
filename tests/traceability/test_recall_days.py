"""From which day on a facility is out: by what happened there, for as long as it lasted."""

import pytest
from django.db import connection

from tests.traceability.ledger.paper_ledger import extract, mine_and_buyer, new_lot
from tests.traceability.stored_ledger import StoredLedger
from traceability import seeing
from traceability.downstream import recall_of
from traceability.ledger.effective import parse_day
from traceability.publishing import publish_checkpoint
from traceability.tracing import published_size

pytestmark = pytest.mark.django_db(transaction=True)

WEEK = "2026-05-04T06:00:00-05:00/2026-05-09T18:00:00-05:00"
LATER = "2026-05-06T06:00:00-05:00/2026-05-14T18:00:00-05:00"
LOT = "acme:L9"


@pytest.fixture
def ledger():
    return mine_and_buyer(StoredLedger())


def is_hit(day):
    publish_checkpoint()
    size, operator = published_size(), seeing.operator()
    telling = recall_of("acme:mine", since=parse_day(day), size=size, reader=operator)
    return LOT in {line.lot for line in telling.lines()}


def correct(ledger, entry, effective):
    correction = {
        "replaces": entry,
        "reason": "the shift book says otherwise",
        "lots": [LOT],
        "replacement": {
            "effective": effective,
            "body": {"facility": "acme:mine", "lot": new_lot(LOT, "7")},
        },
    }
    return ledger.say("custody.correction", "acme", correction, effective="2026-06-01")


@pytest.mark.parametrize(
    ("day", "hit"), [("2026-05-04", True), ("2026-05-09", True), ("2026-05-10", False)]
)
def test_what_lasted_into_the_day_is_of_it(ledger, day, hit):
    extract(ledger, LOT, "7", effective=WEEK)
    assert is_hit(day) is hit


@pytest.mark.parametrize(("day", "hit"), [("2026-05-14", True), ("2026-05-15", False)])
def test_a_correction_tells_how_long_it_lasted(ledger, day, hit):
    correct(ledger, extract(ledger, LOT, "7", effective=WEEK), LATER)
    assert is_hit(day) is hit


def test_a_correction_that_moves_the_end_alone_counts(ledger):
    correct(ledger, extract(ledger, LOT, "7", effective=WEEK), WEEK.partition("/")[0])
    assert is_hit("2026-05-04")
    assert not is_hit("2026-05-05")


def test_of_a_correction_whose_text_was_erased_the_day_is_left(ledger):
    entry = correct(ledger, extract(ledger, LOT, "7", effective=WEEK), LATER)
    body = {"entry": entry, "ground": "Article 17", "fields": ["everything"]}
    erasure = ledger.say("registry.erasure", "operator", body, effective="2026-06-02")
    publish_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s)", [entry, erasure])
    assert is_hit("2026-05-06")
    assert not is_hit("2026-05-07")
