"""OECD-01 to OECD-03: red flags, the gravest abuses, six months for the others."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    DISPATCH,
    NOVEMBER,
    PROCESSING,
    UNSET,
    answered,
    dossier,
    form,
    hand,
    listed,
    path_lot,
    snapshot,
    source,
    step,
)

from traceability.ledger.plausibility.view import Observation

DAY = timedelta(days=1)
AREAS = {
    "title": "Areas",
    "unit": "country_group",
    "versions": [
        {
            "value": [{"code": "CD", "from": "2012-01-01", "source": "Assumed"}],
            "in_force_from": "2012-01-01",
            "published_on": "2012-01-01",
            "checked_on": "2026-11-25",
            "source": "Assumed",
            "url": "",
            "status": "hypothetical",
            "verification": "unverified",
        }
    ],
}
VALUES = {"oecd.cahra_countries": AREAS, "oecd.register_max_age": 30}


def case(rule, title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule=rule, about=about, outcome=outcome, says=says, values=kept)


def refined(*registers, country="FI", **changes):
    usual = {
        "steps": (step(10, "refining"),),
        "lots": (path_lot(),),
        "snapshots": registers,
        "mineral": "Co",
    }
    return dossier(source(10, country), **(usual | changes))


def register(*rows, on=NOVEMBER, complete=True, unmatched=()):
    return replace(snapshot("oecd", on, complete=complete), rows=rows, unmatched=unmatched)


def risk(level, status, subject="acme:mine", **changes):
    return listed(subject, level=level, status=status, **changes)


def closer(**changes):
    return form(
        "enhanced_due_diligence",
        answered("visited", mineral=None),
        **({"author": "buyer", "facilities": ("acme:mine",)} | changes),
    )


def beyond(amount):
    """A statement of so many milligrams of a country in a year."""
    return {
        "PL-04": (
            Observation(
                entry="a" * 64,
                author="acme",
                lot="acme:ore",
                facility="acme:mine",
                because="so much was mined in the year",
                worst=Fraction(amount),
                best=Fraction(amount),
                against="CD 2025",
            ),
        )
    }


def sent(*countries, on=date(2026, 10, 2), kind="custody"):
    return replace(hand("acme", "smelter", on, kind), countries=countries)


def shipped(*hands):
    """Return a lot, and the ore it was made of, which was passed on."""
    return path_lot("acme:L1", "acme:ore"), path_lot("acme:ore", hands=hands, made_on=DISPATCH)


FLAGS = [
    case("OECD-01", "no flag", refined(), PASS, "no red flag is up"),
    case("OECD-01", "no metal", dossier(source(0), mineral="Co"), NONE, "contains no Co"),
    case(
        "OECD-01",
        "mined in a high-risk area",
        refined(country="CD"),
        OPEN,
        "red flag: acme:mine lies in CD, a conflict-affected or high-risk area; hold",
    ),
    case(
        "OECD-01",
        "refined in a high-risk area",
        refined(steps=(step(10, "refining", country="CD"),)),
        OPEN,
        "red flag: acme:plant lies in CD",
    ),
    case(
        "OECD-01",
        "shipped through a high-risk area",
        refined(lots=shipped(sent("CD", "ZM"))),
        OPEN,
        "red flag: a shipment of lot acme:ore on 2026-10-02 passes CD, a conflict-affected or "
        "high-risk area; hold",
    ),
    case("OECD-01", "shipped through others", refined(lots=shipped(sent("ZM"))), PASS),
    case(
        "OECD-01",
        "shipped through one after what came of the lot had left it",
        refined(lots=shipped(sent("CD", on=PROCESSING + DAY))),
        PASS,
    ),
    case(
        "OECD-01",
        "shipped through one on the day it left",
        refined(lots=shipped(sent("CD", on=PROCESSING))),
        OPEN,
    ),
    case(
        "OECD-01",
        "the lot itself, whenever it was shipped",
        refined(lots=(path_lot(hands=(sent("CD", on=NOVEMBER),)),)),
        OPEN,
        "a shipment of lot acme:L1",
    ),
    case(
        "OECD-01",
        "title passes no country",
        refined(lots=shipped(sent("CD", kind="title"))),
        PASS,
    ),
    case(
        "OECD-01",
        "shipped through one, and whoever sent it took a closer look",
        refined(lots=shipped(sent("CD")), forms=(closer(author="acme", facilities=()),)),
        PASS,
        "looked into",
    ),
    case(
        "OECD-01",
        "no metal of the lot came from there",
        refined(sources=(source(10, "FI"), source(0, "CD", facility_id="acme:other"))),
        PASS,
    ),
    case(
        "OECD-01",
        "mined there, and looked into",
        refined(country="CD", forms=(closer(),)),
        PASS,
        "looked into by declaration acme:enhanced_due_diligence",
    ),
    case(
        "OECD-01",
        "looked into elsewhere",
        refined(country="CD", forms=(closer(facilities=("acme:plant",)),)),
        OPEN,
        "hold",
    ),
    case(
        "OECD-01",
        "looked into the day after",
        refined(country="CD", forms=(closer(made_on=NOVEMBER + DAY),)),
        OPEN,
        "hold",
    ),
    case(
        "OECD-01",
        "a country nobody recorded",
        refined(sources=(source(10, None, facility_id=None),)),
        OPEN,
        "the country of an unnamed site is not known",
    ),
    case("OECD-01", "nobody said which areas", refined(), OPEN, oecd__cahra_countries=None),
    case(
        "OECD-01",
        "an area from the day after",
        refined(country="CD", as_of=date(2011, 12, 31)),
        OPEN,
        "has no value before",
    ),
    case(
        "OECD-01",
        "a supplier declares to buy there",
        refined(forms=(form("emrt", answered("q3")),)),
        OPEN,
        "smelters buy in high-risk areas",
    ),
    case(
        "OECD-01",
        "a supplier of tin declares to buy there",
        refined(forms=(form("cmrt", answered("q4", mineral="Sn")),), mineral="Sn"),
        OPEN,
        "declaration acme:cmrt says",
    ),
    case(
        "OECD-01",
        "questions of the form unset",
        refined(forms=(form("emrt", answered("q3")),)),
        OPEN,
        "rmi.emrt_questions",
        rmi__emrt_questions=UNSET,
    ),
    case(
        "OECD-01",
        "a supplier declares not to buy there",
        refined(forms=(form("emrt", answered("q3", "no")),)),
        PASS,
    ),
    case(
        "OECD-01",
        "a supplier that looked into its own",
        refined(forms=(form("emrt", answered("q3")), closer(author="acme", facilities=()))),
        PASS,
        "looked into",
    ),
    case(
        "OECD-01",
        "more than the country can yield",
        refined(observations=beyond(10**18)),
        OPEN,
        "red flag: ",
    ),
    case("OECD-01", "what the country can yield", refined(observations=beyond(1)), PASS),
    case(
        "OECD-01",
        "what countries yield is unset",
        refined(observations=beyond(1)),
        OPEN,
        "plausibility.production_co",
        plausibility__production_co=UNSET,
    ),
]
WITH_REGISTER = [
    one
    for rule, none in (("OECD-02", PASS), ("OECD-03", NONE))
    for one in (
        case(rule, "nothing on the register", refined(register()), none, "about anybody on"),
        case(rule, "no metal", dossier(source(0), mineral="Co"), NONE, "contains no Co"),
        case(rule, "no register", refined(), OPEN, "no register of risks is on file"),
        case(
            rule,
            "a register as old as is allowed",
            refined(register(on=NOVEMBER - 30 * DAY)),
            none,
        ),
        case(
            rule,
            "a register a day too old",
            refined(register(on=NOVEMBER - 31 * DAY)),
            OPEN,
            "is older than the 30 days that are allowed",
        ),
        case(
            rule,
            "an older register while nobody set how old it may be",
            refined(register(on=NOVEMBER - DAY)),
            OPEN,
            oecd__register_max_age=None,
        ),
        case(rule, "a register in part", refined(register(complete=False)), OPEN, "in part"),
        case(rule, "rows nobody matched", refined(register(unmatched=("CN",))), OPEN, "matched"),
        case(
            rule,
            "origin unknown",
            refined(register(), sources=(source(10, None, kind="unknown"),)),
            OPEN,
            "who worked part of the metal",
        ),
        case(
            rule,
            "a plant nobody named",
            refined(register(), steps=(step(10, facility_id=None),)),
            OPEN,
            "who worked part of the metal",
        ),
        case(
            rule,
            "metal no source explains",
            refined(register(), sources=(source(4),)),
            OPEN,
            "who worked part of the metal",
        ),
        case(
            rule,
            "about somebody else",
            refined(register(risk("forced_labour", "credible", "other:mine"))),
            none,
        ),
        case(
            rule,
            "a closed case",
            refined(register(risk("forced_labour", "closed"), risk("security_forces", "closed"))),
            none,
        ),
    )
]
ABUSES = [
    case(
        "OECD-02",
        "a credible finding",
        refined(register(risk("Forced labour", "credible"))),
        FAIL,
        "acme:mine: forced labour, a credible finding on the register of risks of 2026-11-01",
    ),
    case(
        "OECD-02",
        "a credible finding about the company, not named",
        refined(register(risk("torture", "credible", "acme"))),
        FAIL,
        "a company on the path: torture",
    ),
    case(
        "OECD-02",
        "a plan does not cure it",
        refined(register(risk("war_crimes", "plan_adopted"))),
        FAIL,
    ),
    case(
        "OECD-02",
        "an allegation under review",
        refined(register(risk("forced_labour", "allegation"))),
        OPEN,
        "an allegation under review",
    ),
    case(
        "OECD-02",
        "a state nobody knows",
        refined(register(risk("forced_labour", "paused"))),
        OPEN,
        "no rule can read",
    ),
    case(
        "OECD-02",
        "no kind of risk",
        refined(register(risk(None, "credible"))),
        OPEN,
        "of a kind no rule can read",
    ),
    case(
        "OECD-02",
        "a lesser risk is left to OECD-03",
        refined(register(risk("bribery", "credible"))),
        PASS,
    ),
    case(
        "OECD-02",
        "ended the day before",
        refined(register(risk("torture", "credible", listed_until=NOVEMBER - DAY))),
        PASS,
    ),
    case(
        "OECD-02",
        "found from the day after",
        refined(register(risk("torture", "credible", listed_from=NOVEMBER + DAY))),
        PASS,
    ),
    case(
        "OECD-02",
        "nobody said which abuses",
        refined(register()),
        OPEN,
        oecd__serious_abuses=UNSET,
    ),
]
SIX_MONTHS = date(2026, 5, 2)  # the last day of six months is 2026-11-01


def plan(status, begun=SIX_MONTHS, **changes):
    return refined(register(risk("security_forces", status, listed_from=begun, **changes)))


CLOCK = [
    case(
        "OECD-03",
        "the last day of six months, no progress",
        plan("plan_adopted"),
        OPEN,
        "no measurable progress is on record yet, due by 2026-11-01",
    ),
    case(
        "OECD-03",
        "a day later",
        plan("no_progress", SIX_MONTHS - DAY),
        FAIL,
        "no measurable progress by 2026-10-31",
    ),
    case(
        "OECD-03",
        "progress on the last day",
        plan("Measurable progress", SIX_MONTHS - DAY, assessed_on=date(2026, 10, 31)),
        PASS,
        "measurable progress on 2026-10-31",
    ),
    case(
        "OECD-03",
        "progress a day late",
        plan("measurable_progress", SIX_MONTHS - DAY, assessed_on=NOVEMBER),
        FAIL,
    ),
    case(
        "OECD-03",
        "progress on no known day",
        plan("measurable_progress"),
        OPEN,
        "on which day its progress was measured",
    ),
    case("OECD-03", "a credible finding without a plan", plan("credible"), OPEN, "no plan"),
    case("OECD-03", "a plan of no known day", plan("plan_adopted", None), OPEN, "no plan"),
    case("OECD-03", "an allegation only", plan("allegation"), NONE),
    case(
        "OECD-03",
        "months unset",
        plan("plan_adopted"),
        OPEN,
        oecd__mitigation_months=UNSET,
    ),
]
CASES = [*FLAGS, *WITH_REGISTER, *ABUSES, *CLOCK]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_due_diligence_over_the_path(case):
    check(case)


@pytest.mark.parametrize(
    ("hands", "told"),
    [
        ((), None),
        ((sent("ZM"),), None),
        ((sent(kind="title"),), None),
        ((sent(),), "1 shipment on the path states no country on the way: transit is not known"),
        (
            (sent(), replace(sent(), entry="f" * 64), sent("ZM")),
            "2 shipments on the path state no country on the way: transit is not known",
        ),
    ],
)
def test_shipments_that_state_no_country_are_counted(hands, told):
    notices = case("OECD-01", "", refined(lots=shipped(*hands)), PASS).found().notices
    assert [one for one in notices if "transit" in one] == ([told] if told else [])


def test_a_red_flag_that_was_looked_into_stays_visible():
    found = case("OECD-01", "", refined(country="CD", forms=(closer(),)), PASS).found()
    assert any(one.startswith("red flag: acme:mine lies in CD") for one in found.notices)
