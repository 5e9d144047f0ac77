"""LAW-01: nobody on the physical path is on a list of restricted parties today."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    NOVEMBER,
    UNSET,
    dossier,
    hand,
    listed,
    path_lot,
    snapshot,
    source,
    step,
)

from standards.rulebook.findings import Outcome

DAY = timedelta(days=1)
TRUSTED = [{"who": "operator", "as": "registrar", "from": "2026-01-01", "source": "Assumed"}]
VALUES = {"entity_lists.register_max_age": 7, "entity_lists.trusted_recorders": TRUSTED}


def case(title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule="LAW-01", about=about, outcome=outcome, says=says, values=kept)


def copy(
    *rows, on=NOVEMBER, complete=True, unmatched=(), author="operator", of="uflpa_entity_list"
):
    made = snapshot(of, on, complete=complete)
    return replace(made, rows=rows, unmatched=unmatched, author=author)


def path(*copies, **changes):
    usual = {
        "steps": (step(10),),
        "lots": (path_lot("acme:L1", "acme:ore", hands=(hand("acme", "buyer"),)),),
        "snapshots": copies,
    }
    return dossier(changes.pop("parcel", source(10)), **(usual | changes))


def hit(subject="acme:mine", **changes):
    return listed(subject, **({"name": "Listed Mining Co."} | changes))


BOTH = {"uflpa_entity_list": "UFLPA Entity List", "sanctions": "list of sanctions"}
CASES = [
    case("nobody is on the list", path(copy()), PASS, "nobody on the path is on the UFLPA"),
    case("no metal", path(parcel=source(0)), NONE, "contains no Cu"),
    case(
        "the mine", path(copy(hit())), FAIL, "acme:mine is on the UFLPA Entity List of 2026-11-01"
    ),
    case("the smelter", path(copy(hit("acme:plant"))), FAIL, "acme:plant is on"),
    case("a company that only held it", path(copy(hit("buyer"))), FAIL, '"Listed Mining Co."'),
    case("a row without a name", path(copy(hit(name=None))), FAIL, "without a name"),
    case("somebody else", path(copy(hit("other:mine"))), PASS),
    case("listed from today", path(copy(hit(listed_from=NOVEMBER))), FAIL),
    case("listed from tomorrow", path(copy(hit(listed_from=NOVEMBER + DAY))), PASS),
    case("taken off yesterday", path(copy(hit(listed_until=NOVEMBER - DAY))), PASS),
    case(
        "listed now though not when it was mined",
        path(copy(), copy(hit(), on=NOVEMBER), copy(on=NOVEMBER - DAY)),
        FAIL,
        "is on the UFLPA Entity List of 2026-11-01",
    ),
    case("the last copy counts", path(copy(hit(), on=NOVEMBER - DAY), copy()), PASS),
    case("the last copy counts against it", path(copy(on=NOVEMBER - DAY), copy(hit())), FAIL),
    case("a copy of tomorrow is not known yet", path(copy(on=NOVEMBER + DAY)), OPEN, "no copy"),
    case("no copy", path(), OPEN, "no copy of the UFLPA Entity List of 2026-11-01"),
    case("a copy of whom nobody trusts", path(copy(author="mallory")), OPEN, "no copy"),
    case("trust that begins tomorrow", path(copy(), as_of=date(2025, 12, 31)), OPEN, "no copy"),
    case(
        "nobody said whom to trust",
        path(copy(hit())),
        OPEN,
        "entity_lists.trusted_recorders",
        entity_lists__trusted_recorders=None,
    ),
    case("a copy as old as is allowed", path(copy(on=NOVEMBER - 7 * DAY)), PASS),
    case("a copy a day too old", path(copy(on=NOVEMBER - 8 * DAY)), OPEN, "8 days old"),
    case("a hit on an old copy is a hit", path(copy(hit(), on=NOVEMBER - 8 * DAY)), FAIL),
    case(
        "nobody said how old",
        path(copy(on=NOVEMBER - DAY)),
        OPEN,
        "entity_lists.register_max_age",
        entity_lists__register_max_age=None,
    ),
    case("a copy in part", path(copy(complete=False)), OPEN, "only in part"),
    case("rows of the country nobody matched", path(copy(unmatched=("CL",))), OPEN, "matched"),
    case("rows of no country", path(copy(unmatched=("",))), OPEN, "not matched"),
    case("rows of other countries", path(copy(unmatched=("CN",))), OPEN, "not matched"),
    case(
        "rows of the country of a company that only held it",
        path(
            copy(unmatched=("CN",)),
            lots=(path_lot(hands=(hand("acme", "cn-trader"), hand("cn-trader", "acme"))),),
        ),
        OPEN,
        "may be of the path",
    ),
    case(
        "a second list with a hit",
        path(copy(), copy(hit(), of="sanctions")),
        FAIL,
        "sanctions",
        entity_lists__required_lists=BOTH,
    ),
    case(
        "a second list not on file",
        path(copy()),
        OPEN,
        "list of sanctions",
        entity_lists__required_lists=BOTH,
    ),
    case(
        "origin unknown", path(copy(), parcel=source(10, None, kind="unknown")), OPEN, "origin of"
    ),
    case("a site nobody named", path(copy(), steps=(step(10, facility_id=None),)), OPEN, "site of"),
    case(
        "a maker nobody knows",
        path(copy(), lots=(path_lot(maker=None),)),
        OPEN,
        "identity of who made lot acme:L1",
    ),
    case(
        "an owner by name only",
        path(copy(), lots=(path_lot(owners=("Smith & Sons",)),)),
        OPEN,
        "without a key on this ledger",
    ),
    case(
        "mined in Xinjiang, whatever the lists say",
        path(copy(), parcel=source(10, "CN", subdivision="CN-XJ")),
        FAIL,
        "acme:mine lies in CN-XJ",
    ),
    case(
        "no metal of the lot from there",
        path(copy(), steps=(step(10), step(0, country="CN", subdivision="CN-XJ"))),
        PASS,
    ),
    case(
        "worked somewhere in China",
        path(copy(), steps=(step(10, country="CN", facility_id="acme:far"),)),
        OPEN,
        "in which part of CN acme:far lies",
    ),
    case(
        "in another part of China", path(copy(), parcel=source(10, "CN", subdivision="CN-JX")), PASS
    ),
    case("the day before the presumption", path(copy(), as_of=date(2022, 6, 20)), NONE),
    case("the day of the presumption", path(copy(), as_of=date(2022, 6, 21)), OPEN, "no copy"),
    case("the day before the law", path(copy(), as_of=date(2021, 12, 22)), OPEN, "no value before"),
    case("regions unset", path(copy()), OPEN, entity_lists__presumed_regions=UNSET),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_lists_are_looked_up_as_they_stand_now(case):
    check(case)


def test_what_cannot_be_told_is_treated_as_not_met():
    assert case("", path(), OPEN).found().treat_as is Outcome.NONCONFORMING
