"""RMI-01 to RMI-03, RMI-09: what the RMI's list says of smelters and refiners."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    NOVEMBER,
    PROCESSING,
    UNSET,
    claimed,
    dossier,
    listed,
    snapshot,
    source,
    step,
)

DAY = timedelta(days=1)
VALUES = {"rmi.minimum_share": "1", "rmi.register_max_age": 30}


def row(status="Conformant", **changes):
    usual = {"materials": ("Co",), "numbers": ("CID1",), "country": "CA", "status": status}
    return listed("acme:plant", **(usual | changes))


def register(*rows, on=PROCESSING, complete=True, unmatched=()):
    return replace(snapshot("rmi", on, complete=complete), rows=rows, unmatched=unmatched)


def smelted(*registers, mineral="Co", parcel=None, **changes):
    usual = {"steps": (step(10, "refining"),), "snapshots": registers}
    return dossier(parcel or source(10, "CD"), mineral=mineral, **(usual | changes))


def case(rule, title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule=rule, about=about, outcome=outcome, says=says, values=kept)


SOUND = register(row())
BEFORE, SINCE, NEXT = date(2024, 1, 1), PROCESSING - 3 * DAY, PROCESSING + DAY
LONG_AGO = register(row(listed_from=BEFORE), on=date(2026, 3, 1))


def last_list(*rows, complete=True):
    """Return the last copy before the site worked the metal."""
    return register(*rows, on=PROCESSING - 5 * DAY, complete=complete)


def beside(was, later):
    return smelted(last_list(was), register(later, on=NOVEMBER))


OF_SITES = ("RMI-01", "RMI-02", "RMI-03")
EVERYWHERE = [
    one
    for rule in OF_SITES
    for one in (
        case(rule, "no list for graphite", smelted(mineral="graphite"), NONE, "no list of fac"),
        case(rule, "no metal in the lot", smelted(parcel=source(0)), NONE, "contains no Co"),
        case(rule, "not refined yet", smelted(SOUND, steps=()), NONE, "no smelting or refining"),
        case(rule, "a refinery nobody named", smelted(steps=(step(10, facility_id=None),)), OPEN),
        case(
            rule,
            "worked nobody knows where",
            smelted(SOUND, steps=(), parcel=source(10, kind="unknown")),
            OPEN,
        ),
        case(rule, "no copy of the list", smelted(), OPEN, "no RMI facility list of"),
        case(rule, "no share set", smelted(SOUND), OPEN, "minimum", rmi__minimum_share=UNSET),
        case(
            rule,
            "not on a complete list",
            smelted(register()),
            FAIL,
            "not on the RMI facility list of 2026-10-15",
        ),
        case(rule, "not on a list in part", smelted(register(complete=False)), OPEN, "in part"),
        case(
            rule,
            "a row of the country that nobody matched",
            smelted(register(unmatched=("CA",))),
            OPEN,
            "not matched with sites",
        ),
        case(
            rule, "a row of another country", smelted(register(unmatched=("CN",))), FAIL, "not on"
        ),
    )
]
STATUS = [
    case("RMI-01", "conformant", smelted(SOUND), PASS),
    case("RMI-01", "active is a commitment", smelted(register(row("Active"))), FAIL, "committed"),
    case("RMI-01", "eligible is no result", smelted(register(row("Eligible"))), FAIL, "eligible"),
    case(
        "RMI-01",
        "cross-recognized, which the club does not accept",
        smelted(register(row("Cross-recognized"))),
        FAIL,
        "cross-recognized on the RMI facility list",
    ),
    case(
        "RMI-01",
        "cross-recognized, which the club accepts",
        smelted(register(row("Cross-recognized"))),
        PASS,
        rmi__accepted_statuses=["conformant", "cross_recognized"],
    ),
    case("RMI-01", "a word nobody knows", smelted(register(row("Paused"))), OPEN, '"Paused"'),
    case("RMI-01", "no status", smelted(register(row(None))), OPEN, "without a status"),
    case(
        "RMI-01",
        "a row for each metal: that of this metal counts",
        smelted(register(row(), row("Active", materials=("Ni",)))),
        PASS,
    ),
    case(
        "RMI-01",
        "a row for another metal, and one for a metal nobody coded: that one counts",
        smelted(register(row(materials=("Au",)), row("Active", materials=None))),
        FAIL,
        "active",
    ),
    case(
        "RMI-01",
        "a row for another metal only is left to RMI-02",
        smelted(register(row(materials=("Ni",)))),
        PASS,
    ),
    case(
        "RMI-01",
        "the list as old as is allowed",
        smelted(register(row(), on=PROCESSING - 30 * DAY)),
        PASS,
    ),
    case(
        "RMI-01",
        "the list a day too old",
        smelted(register(row(), on=PROCESSING - 31 * DAY)),
        OPEN,
        "31 days old on 2026-10-15; 30 days are allowed",
    ),
    case(
        "RMI-01",
        "an older list while nobody set how old it may be",
        smelted(register(row(), on=PROCESSING - DAY)),
        OPEN,
        "rmi.register_max_age",
        rmi__register_max_age=None,
    ),
    case(
        "RMI-01",
        "only a later list, which does not say since when",
        smelted(register(row(), on=NOVEMBER)),
        OPEN,
        "of 2026-10-15 or earlier",
    ),
    case(
        "RMI-01",
        "a later list that says since when: the very day",
        smelted(register(row(listed_from=PROCESSING), on=NOVEMBER)),
        PASS,
    ),
    case(
        "RMI-01",
        "a later list that says since when: the day before",
        smelted(register(row(listed_from=PROCESSING + DAY), on=NOVEMBER)),
        OPEN,
    ),
    case(
        "RMI-01",
        "a list retrieved after the day of the question is not known yet",
        smelted(register(row(listed_from=PROCESSING), on=NOVEMBER), as_of=NOVEMBER - DAY),
        OPEN,
    ),
    case(
        "RMI-01",
        "removed from the list on the very day",
        smelted(register(row(listed_until=PROCESSING - DAY))),
        FAIL,
        "not on the RMI facility list",
    ),
    *(
        case("RMI-01", f"a list of long ago says since when; {title}", one, outcome, says)
        for title, one, outcome, says in (
            ("there is no later one", smelted(LONG_AGO), OPEN, "days old"),
            ("the last one is without it", smelted(LONG_AGO, last_list()), FAIL, "not on the"),
            (
                "the last one has it as active",
                smelted(LONG_AGO, last_list(row("Active"))),
                FAIL,
                "act",
            ),
            ("the last one still has it", smelted(LONG_AGO, last_list(row())), PASS, ""),
            (
                "the last one is in part",
                smelted(LONG_AGO, last_list(complete=False)),
                OPEN,
                "in part",
            ),
        )
    ),
    *(
        case("RMI-01", f"beside the last list a later one says: {title}", one, outcome, says)
        for title, one, outcome, says in (
            ("active since before it", beside(row(), row("Active", listed_from=BEFORE)), FAIL, ""),
            ("active since after it", beside(row(), row("Active", listed_from=SINCE)), FAIL, "act"),
            ("active, not since when", beside(row(), row("Active")), PASS, ""),
            (
                "active since after the day",
                beside(row(), row("Active", listed_from=NEXT)),
                PASS,
                "",
            ),
            (
                "conformant since before it, when it was active",
                beside(row("Active"), row(listed_from=BEFORE)),
                FAIL,
                "active",
            ),
            (
                "conformant since after it, when it was active",
                beside(row("Active"), row(listed_from=SINCE)),
                PASS,
                "",
            ),
            (
                "conformant since before it, when it was not on it",
                smelted(last_list(), register(row(listed_from=BEFORE), on=NOVEMBER)),
                FAIL,
                "not on the",
            ),
            (
                "conformant since after it, when it was not on it",
                smelted(last_list(), register(row(listed_from=SINCE), on=NOVEMBER)),
                PASS,
                "",
            ),
            (
                "conformant, where the last one is in part",
                smelted(
                    last_list(complete=False),
                    register(row("Active", listed_from=NEXT), on=NOVEMBER - DAY),
                    register(row(listed_from=BEFORE), on=NOVEMBER),
                ),
                PASS,
                "",
            ),
            (
                "active and then conformant, both since before it",
                smelted(
                    register(row("Active", listed_from=BEFORE), on=NOVEMBER - DAY),
                    register(row(listed_from=BEFORE), on=NOVEMBER),
                ),
                FAIL,
                "active",
            ),
            (
                "of another metal, since after it",
                beside(row(), row("Active", materials=("Ni",), listed_from=SINCE)),
                PASS,
                "",
            ),
        )
    ),
    case(
        "RMI-01",
        "of two lists of one day the one recorded last",
        smelted(register(row()), register(row("Active"))),
        FAIL,
        "active",
    ),
    case(
        "RMI-02",
        "a later list tells since when of another metal only",
        beside(row(), row(materials=("Ni",), listed_from=SINCE)),
        PASS,
    ),
    case("RMI-02", "for this metal", smelted(SOUND), PASS),
    case(
        "RMI-02",
        "for another metal",
        smelted(register(row(materials=("Ni", "Cu")))),
        FAIL,
        "for Cu and Ni only, not for Co",
    ),
    case("RMI-02", "metal not coded", smelted(register(row(materials=None))), OPEN, "not coded"),
]
LATEST = {"on": NOVEMBER}


def planned(on, **changes):
    return register(row(next_action_on=on, **changes), **LATEST)


CYCLE = [
    case("RMI-03", "planned for the very day", smelted(planned(NOVEMBER)), PASS, "is not overdue"),
    case(
        "RMI-03",
        "planned for the day before, and still listed",
        smelted(planned(NOVEMBER - DAY)),
        OPEN,
        "the planned day is no expiry",
    ),
    case(
        "RMI-03",
        "last assessed twelve months before",
        smelted(planned(None, assessed_on=date(2025, 11, 1), level="RMAP")),
        PASS,
    ),
    case(
        "RMI-03",
        "last assessed a day earlier",
        smelted(planned(None, assessed_on=date(2025, 10, 31), level="RMAP")),
        OPEN,
        "planned for 2026-10-31",
    ),
    case(
        "RMI-03",
        "three years for the risk-based programme",
        smelted(planned(None, assessed_on=date(2025, 10, 31), level="Risk-based")),
        PASS,
    ),
    case(
        "RMI-03",
        "a programme nobody knows",
        smelted(planned(None, assessed_on=date(2025, 10, 31))),
        OPEN,
        "is not told",
    ),
    case("RMI-03", "no day at all", smelted(planned(None)), OPEN, "is not told"),
    case(
        "RMI-03",
        "cycles unset",
        smelted(planned(None, assessed_on=date(2025, 10, 31), level="RMAP")),
        OPEN,
        "is not told",
        rmi__cycle_months=UNSET,
    ),
    case(
        "RMI-03",
        "removed from the list",
        smelted(SOUND, register(**LATEST)),
        FAIL,
        "on the RMI facility list of 2026-10-15, and no longer on the RMI facility list of",
    ),
    case(
        "RMI-03",
        "the last list only in part",
        smelted(SOUND, register(complete=False, **LATEST)),
        OPEN,
        "in part",
    ),
]


def said(code="supports", says=("due_diligence",), **changes):
    return smelted(declared=(claimed("rmi", code=code, says=says, **changes),))


CLAIMS = [
    case("RMI-09", "nobody claims", smelted(), NONE, "nobody declared a claim"),
    case("RMI-09", "due diligence", said(), PASS, "speaks of due diligence"),
    case("RMI-09", "a site that takes part", said("site", ("site", "membership")), PASS),
    case("RMI-09", "content", said("contains"), FAIL, "about the material"),
    case("RMI-09", "origin", said("origin"), FAIL, "about the material"),
    case("RMI-09", "recycled", said("recycled"), FAIL, "about the material"),
    case("RMI-09", "words of content", said(says=("due_diligence", "content")), FAIL, "content"),
    case("RMI-09", "words nobody coded", said(says=None), OPEN, "nobody has coded"),
    case(
        "RMI-09",
        "what may be said is unset",
        said(),
        OPEN,
        rmi__claim_words=UNSET,
    ),
]
CASES = [*EVERYWHERE, *STATUS, *CYCLE, *CLAIMS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_list_says_of_smelters_and_refiners(case):
    check(case)
