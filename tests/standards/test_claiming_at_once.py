"""Claims made at once, each over a database connection of its own: none is missed or used twice."""

from collections import Counter
from datetime import date

import pytest

from standards.accounting import book, records_at
from standards.known import followed_size, law_at
from tests.standards.world import NOW, World, claim
from tests.traceability.parallel import at_once
from traceability.errors import TraceabilityError
from traceability.models import EntrySubject, Subject
from traceability.registering import record_as_service, statement_document

pytestmark = pytest.mark.django_db(transaction=True)
KG = 10**6
EIGHT_AT_ONCE = 8


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.accounted()
    return made


def saying(kind, body, *, author="smelter", effective="2026-03-25T10:00:00-05:00"):
    """Return what records a statement, for a thread, and answers with its entry or the code."""

    def say():
        document = statement_document(kind=kind, author=author, effective=effective, body=body)
        try:
            [outcome] = record_as_service([document], now=NOW)
        except TraceabilityError as error:
            return error.code
        return outcome.entry

    return say


def booked():
    size = followed_size()
    told = book(records_at(size, ["smelter:cu"]).values(), on=date(2026, 11, 1), law=law_at(size))
    return told["smelter:cu"]


def verify_chain(subject):
    """Every entry of a chain names the one before it: nobody wrote beside another."""
    links = list(EntrySubject.objects.filter(subject=subject).order_by("recorded_order"))
    entries = [link.previous for link in links[1:]]
    assert links[0].previous is None
    assert len(set(entries)) == len(entries)
    return len(links)


def test_what_is_claimed_at_once_is_all_there_and_no_tranche_is_used_twice(world):
    works = [
        saying(
            "standards.claim",
            claim(f"C{number}", "1500"),
            effective=f"2026-03-25T10:00:{number:02}-05:00",
        )
        for number in range(EIGHT_AT_ONCE)
    ]

    entries = at_once(*works)

    assert len({entry for entry in entries if len(entry) == 64}) == EIGHT_AT_ONCE
    assert verify_chain("account:smelter:cu") == EIGHT_AT_ONCE + 1
    world.follow()
    told = booked()
    assert len(told.record.claims) == EIGHT_AT_ONCE
    uses = Counter()
    for draw in told.draws.values():
        for use in draw.uses:
            uses[use.source] += use.mg
    [tranche] = told.tranches
    assert uses == {
        "tranche:mine:ore": tranche.low_mg,
        "over_claimed": EIGHT_AT_ONCE * 1500 * KG - tranche.low_mg,
    }
    assert tranche.left_mg == 0
    last = [f"claim:smelter:C{number}" for number in (6, 7)]
    assert all(told.draws[name].over_mg == 1500 * KG for name in last)  # by the clock, not the lock


def test_claims_and_closes_at_once_leave_one_state_that_anybody_computes(world):
    works = [
        saying(
            "standards.claim",
            claim(f"C{number}", "3000"),
            effective=f"2026-03-25T10:00:{number:02}-05:00",
        )
        for number in range(4)
    ]
    close = {"account": "smelter:cu", "until": "2026-03-31"}
    works += [saying("standards.close", close, effective="2026-04-02")] * 3

    answers = at_once(*works)

    assert Counter(one for one in answers if len(one) != 64) == {"period_closed": 2}
    world.follow()
    told = booked()
    in_period = told.periods[0].claimed_mg
    late = sum(draw.mg for draw in told.draws.values() if draw.is_late)
    assert in_period + late == 4 * 3000 * KG
    assert told.over_mg == 4 * 3000 * KG - 8800 * KG


@pytest.mark.parametrize(
    ("kind", "body", "refused"),
    [
        ("standards.claim", claim("C1", "1"), "claim_exists"),
        (
            "standards.claim",
            {"claim": "smelter:C0", "account": "smelter:cu", "withdrawn": {"because": "Error."}},
            "claim_withdrawn",
        ),
        (
            "standards.credit",
            {"serial": "smelter:S0", "retired": {"because": "For our report."}},
            "credit_retired",
        ),
        (
            "standards.credit",
            {
                "serial": "smelter:S1",
                "issued": {
                    "registry": "A registry",
                    "holder": "smelter",
                    "element": "Cu",
                    "scheme": "irma",
                    "tier": "IRMA 75",
                    "quantity": {"value": "1", "unit": "kg"},
                    "vintage": "2026",
                    "account": "smelter:cu",
                },
            },
            "credit_exists",
        ),
        ("standards.close", {"account": "smelter:cu", "until": "2026-03-31"}, "period_closed"),
    ],
)
def test_what_can_be_done_once_is_done_by_one_of_many(world, kind, body, refused):
    world.claimed("C0", "1")
    issued = {
        "serial": "smelter:S0",
        "issued": {
            "registry": "A registry",
            "holder": "smelter",
            "element": "Cu",
            "scheme": "irma",
            "tier": "IRMA 75",
            "quantity": {"value": "1", "unit": "kg"},
            "vintage": "2026",
            "account": "smelter:cu",
        },
    }
    world.say("standards.credit", "smelter", issued, on="2026-03-26")

    works = [saying(kind, body, effective="2026-04-02T10:00:00-05:00")] * 6
    answers = at_once(*works)

    assert Counter(one for one in answers if len(one) != 64) == {refused: 5}
    assert sum(len(one) == 64 for one in answers) == 1


def test_two_accounts_of_one_site_are_not_opened_at_once(world):
    def opening(name):
        body = {
            "account": f"smelter:{name}",
            "facilities": ["smelter:works"],
            "element": "Co",
            "scheme": "irma",
            "tier": "IRMA 75",
            "method": "credit",
            "begins": "2026-01-01",
            "months": 3,
        }
        return saying("standards.account", body, effective="2026-04-02")

    answers = at_once(*(opening(f"co-{number}") for number in range(6)))

    assert Counter(one for one in answers if len(one) != 64) == {"accounts_overlap": 5}
    assert Subject.objects.filter(id__startswith="account:smelter:co-").count() == 1


def test_claims_on_two_accounts_and_one_lot_do_not_stand_in_each_others_way(world):
    world.account(account="smelter:other", element="Co")
    other = claim("D", "1", element="Co") | {"account": "smelter:other"}
    works = []
    for number in range(4):
        works.append(saying("standards.claim", claim(f"C{number}", "1")))
        works.append(saying("standards.claim", other | {"claim": f"smelter:D{number}"}))

    answers = at_once(*works)

    assert all(len(one) == 64 for one in answers)
    assert verify_chain("account:smelter:cu") == verify_chain("account:smelter:other") == 5
