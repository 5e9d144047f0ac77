"""EU-01 to EU-03: importers of 3TG, batteries, and schemes said to be recognized."""

from datetime import date, timedelta

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    UNSET,
    answered,
    claimed,
    credential,
    dossier,
    form,
    source,
    status,
)

DAY = timedelta(days=1)


def case(rule, title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    return Case(title=title, rule=rule, about=about, outcome=outcome, says=says, values=told)


# ── EU-01 ─────────────────────────────────────────────────────────────────────────────────


def volume(text, product="tungsten_ores", mineral="W"):
    return answered("annual_kg", None, mineral, text=text, about=product)


def company(question, answer=None, text=None):
    return answered(question, answer, None, text=text)


WHOLE = company("year_complete", "yes")


def imported(*answers, on=date(2026, 6, 1), mineral="W", **changes):
    forms = (form("eu_2017_821", *answers),) if answers else ()
    dates = {"imported_on": on} if on else {}
    usual = {"forms": forms, "dates": dates, "mineral": mineral}
    return dossier(changes.pop("parcel", source(10)), **(usual | changes))


IMPORTS = [
    case("EU-01", "below, whole year", imported(volume("249999.9"), WHOLE), PASS, "below 250000"),
    case("EU-01", "below so far", imported(volume("249999")), OPEN, "the year goes on"),
    case(
        "EU-01",
        "below, the year not over",
        imported(volume("1"), company("year_complete", "no")),
        OPEN,
        "the year goes on",
    ),
    case(
        "EU-01",
        "the threshold itself, no due diligence",
        imported(volume("250000"), company("due_diligence", "no")),
        FAIL,
        "250000 kg or more; it says that it carries out no due diligence",
    ),
    case(
        "EU-01",
        "above, with due diligence",
        imported(volume("250000"), company("due_diligence", "yes")),
        PASS,
        "carries out due diligence",
    ),
    case("EU-01", "above, silent", imported(volume("250000")), OPEN, "is not told"),
    case(
        "EU-01",
        "above, not known",
        imported(volume("250000"), company("due_diligence", "unknown")),
        OPEN,
        "is not told",
    ),
    case("EU-01", "no importer's form", imported(), OPEN, "nobody declared how much W"),
    case("EU-01", "a volume of tin only", imported(volume("1", "tin_ores", "Sn")), OPEN, "nobody"),
    case(
        "EU-01",
        "tin ores",
        imported(volume("5000", "tin_ores", "Sn"), company("due_diligence", "no"), mineral="Sn"),
        FAIL,
        "5000 kg or more",
    ),
    case("EU-01", "a product without a threshold", imported(volume("1", "wire")), OPEN, "of wire"),
    case("EU-01", "no product", imported(volume("1", None)), OPEN, "a product it does not name"),
    case("EU-01", "no number", imported(volume("some")), OPEN, "is not told"),
    case("EU-01", "no text", imported(volume(None)), OPEN, "is not told"),
    case("EU-01", "less than nothing", imported(volume("-1")), OPEN, "is not told"),
    case("EU-01", "no number at all", imported(volume("NaN")), OPEN, "is not told"),
    case("EU-01", "copper", imported(mineral="Cu"), NONE, "none of the minerals"),
    case("EU-01", "copper of no known day", imported(mineral="Cu", on=None), NONE, "none of the"),
    case("EU-01", "no tungsten in it", imported(parcel=source(0)), NONE, "contains no W"),
    case("EU-01", "tungsten of no known day", imported(on=None), OPEN, "imported"),
    case(
        "EU-01",
        "minerals unset and no known day",
        imported(on=None),
        OPEN,
        "imported",
        eu_due_diligence__conflict_minerals=UNSET,
    ),
    case("EU-01", "the day before due diligence", imported(on=date(2020, 12, 31)), NONE),
    case("EU-01", "the day of due diligence", imported(on=date(2021, 1, 1)), OPEN, "nobody"),
]

# ── EU-02 ─────────────────────────────────────────────────────────────────────────────────

DUE = date(2027, 8, 18)


def turnover(text):
    return company("net_turnover_eur", text=text)


def verified(**changes):
    usual = {
        "facility_id": None,
        "organization_id": "acme",
        "valid_until": date(2029, 1, 1),
        "statuses": (status("awarded"),),
    }
    return credential("eu_battery_due_diligence", **(usual | changes))


def placed(*answers, on=DUE, mineral="Co", **changes):
    forms = (form("eu_2023_1542", *answers),) if answers else ()
    dates = {"placed_on_eu_market_on": on} if on else {}
    usual = {"forms": forms, "dates": dates, "mineral": mineral, "as_of": date(2027, 9, 1)}
    return dossier(changes.pop("parcel", source(10)), **(usual | changes))


YES, NO = company("due_diligence", "yes"), company("due_diligence", "no")
LARGE, MIDDLE, SMALL = turnover("150000000"), turnover("149999999.99"), turnover("39999999")
BATTERIES = [
    case("EU-02", "verified", placed(YES, LARGE, credentials=(verified(),)), PASS, "notified body"),
    case("EU-02", "none, and large", placed(NO, LARGE), FAIL, "no due-diligence policy"),
    case("EU-02", "none, and small", placed(NO, SMALL), PASS, "below 40000000 EUR, so it is"),
    case(
        "EU-02", "none, at the adopted threshold", placed(NO, turnover("40000000")), OPEN, "which"
    ),
    case("EU-02", "none, below the proposed threshold", placed(NO, MIDDLE), OPEN, "which"),
    case("EU-02", "none, turnover unknown", placed(NO), OPEN, "net turnover is not told"),
    case("EU-02", "silent, and large", placed(LARGE), OPEN, "is not on record"),
    case("EU-02", "silent, and small", placed(SMALL), PASS, "exempt"),
    case("EU-02", "said, not verified", placed(YES, LARGE), OPEN, "is not on record"),
    case("EU-02", "said, not verified, and small", placed(YES, SMALL), PASS, "exempt"),
    case("EU-02", "said, not verified, between", placed(YES, MIDDLE), OPEN, "is not on record"),
    case(
        "EU-02",
        "a verification that ran out the day before",
        placed(YES, LARGE, credentials=(verified(valid_until=DUE - DAY),)),
        FAIL,
        "was valid until 2027-08-17",
    ),
    case(
        "EU-02",
        "a verification on its last day",
        placed(YES, LARGE, credentials=(verified(valid_until=DUE),)),
        PASS,
    ),
    case(
        "EU-02",
        "a verification that was withdrawn",
        placed(YES, LARGE, credentials=(verified(statuses=(status("withdrawn"),)),)),
        FAIL,
        "withdrawn",
    ),
    case(
        "EU-02",
        "a verification of somebody else",
        placed(YES, LARGE, credentials=(verified(organization_id="other"),)),
        OPEN,
    ),
    case("EU-02", "no operator", placed(), OPEN, "nobody declared to be the operator"),
    case("EU-02", "the day before the duty", placed(NO, LARGE, on=DUE - DAY), NONE),
    case("EU-02", "no known day", placed(NO, LARGE, on=None), OPEN, "placed on eu market"),
    case("EU-02", "copper", placed(mineral="Cu"), NONE, "none of the raw materials"),
    case("EU-02", "copper of no known day", placed(mineral="Cu", on=None), NONE, "none of the raw"),
    case("EU-02", "no cobalt in it", placed(parcel=source(0)), NONE, "contains no Co"),
    case("EU-02", "natural graphite", placed(NO, LARGE, mineral="graphite"), FAIL),
    case(
        "EU-02",
        "graphite nobody knows where from",
        placed(NO, LARGE, mineral="graphite", parcel=source(10, kind="introduced")),
        OPEN,
        "whether the graphite is natural",
    ),
    case(
        "EU-02",
        "thresholds unset",
        placed(NO, LARGE),
        OPEN,
        eu_due_diligence__battery_turnover_eur=UNSET,
    ),
]

# ── EU-03 ─────────────────────────────────────────────────────────────────────────────────

MAY = date(2025, 5, 31)


def said(*words, on=MAY, **changes):
    told = claimed("rmi", says=words or None, made_on=date(2025, 1, 1), **changes)
    return dossier(source(10), declared=(told,), as_of=on)


CLAIMS = [
    case("EU-03", "nobody claims", dossier(source(10)), NONE, "nobody claims"),
    case("EU-03", "another claim", said("due_diligence"), NONE, "nobody claims"),
    case("EU-03", "a claim about another lot", said("eu_recognized", lot_id="acme:L0"), NONE),
    case(
        "EU-03",
        "claimed on the last day of the list that was read",
        said("eu_recognized"),
        FAIL,
        "it is not on the list of the Commission",
    ),
    case("EU-03", "a day later", said("eu_recognized", on=MAY + DAY), OPEN),
    case("EU-03", "before any list", said("eu_recognized", on=date(2025, 1, 1)), FAIL),
    case(
        "EU-03",
        "on a later list",
        said("eu_recognized", on=date(2026, 11, 1)),
        PASS,
        "rmi is on the list",
        eu_due_diligence__recognized_schemes=["rmi"],
    ),
    case("EU-03", "words nobody coded", said(), OPEN, "nobody has coded"),
]
CASES = [*IMPORTS, *BATTERIES, *CLAIMS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_european_due_diligence(case):
    check(case)
