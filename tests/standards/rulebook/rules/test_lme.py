"""LME-01: whether a site's brand may be delivered, and on which track."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    NOVEMBER,
    PROCESSING,
    UNSET,
    credential,
    dossier,
    listed,
    snapshot,
    source,
    status,
    step,
)

DAY = timedelta(days=1)
VALUES = {"lme.minimum_share": "1", "lme.register_max_age": 30}


def case(title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule="LME-01", about=about, outcome=outcome, says=says, values=kept)


def brand(word="Listed", track="B", **changes):
    usual = {"name": "ACME-H", "status": word, "level": track, "materials": ("Ni",)}
    return listed("acme:plant", **(usual | changes))


def register(*rows, on=PROCESSING, complete=True, unmatched=()):
    return replace(snapshot("lme", on, complete=complete), rows=rows, unmatched=unmatched)


def iso(number, **changes):
    usual = {
        "id": f"c{number}",
        "facility_id": "acme:plant",
        "materials": None,
        "statuses": (status("awarded"),),
    }
    return credential(f"iso_{number}", **(usual | changes))


CERTIFIED = (iso(14001), iso(45001))
LONG_AGO = register(brand(listed_from=date(2024, 1, 1)), on=date(2026, 3, 1))


def refined(*registers, mineral="Ni", **changes):
    usual = {
        "steps": (step(10, "refining"),),
        "credentials": CERTIFIED,
        "snapshots": registers,
    }
    return dossier(changes.pop("parcel", source(10)), mineral=mineral, **(usual | changes))


CASES = [
    case("listed, with track and certificates", refined(register(brand())), PASS),
    case("a track in full words", refined(register(brand(track="Track A"))), PASS),
    case("no brands of lithium", refined(mineral="Li"), NONE, "no brands of Li"),
    case("no metal", refined(parcel=source(0)), NONE, "contains no Ni"),
    case("not refined yet", refined(steps=()), NONE, "no refining took place"),
    case("a refinery nobody named", refined(steps=(step(10, "refining", facility_id=None),)), OPEN),
    case("no list", refined(), OPEN, "no LME list of brands of 2026-10-15"),
    case("suspended", refined(register(brand("Suspended"))), FAIL, "its brand is suspended"),
    case("delisted", refined(register(brand("Delisted"))), FAIL, "its brand is delisted"),
    case("not on the list", refined(register()), FAIL, "no brand of its Ni is on the"),
    case("a brand of another metal", refined(register(brand(materials=("Cu",)))), FAIL, "no brand"),
    case(
        "a brand of a metal nobody coded",
        refined(register(brand(materials=None))),
        OPEN,
        "for which metal its brand is on the LME list of brands of 2026-10-15 is not coded",
    ),
    case(
        "a brand of a metal nobody coded beside one of this metal",
        refined(register(brand("Suspended", materials=None), brand())),
        PASS,
    ),
    *(
        case(
            f"ISO 14001 {title}",
            refined(register(brand()), credentials=(iso(14001, **changes), CERTIFIED[1])),
            outcome,
            says,
        )
        for title, changes, outcome, says in (
            ("for this metal", {"materials": ("Cu", "Ni")}, PASS, ""),
            ("for another metal", {"materials": ("Cu",)}, FAIL, "Ni is not in its scope"),
            ("for another activity", {"activities": ("extraction",)}, FAIL, "refining is not"),
            ("of a scope nobody coded", {"activities": None}, OPEN, "nobody has coded"),
        )
    ),
    case(
        "a second brand that is suspended",
        refined(register(brand("Suspended"), brand())),
        PASS,
    ),
    case("rows nobody matched", refined(register(unmatched=("CA",))), OPEN, "not matched"),
    case("a list in part", refined(register(complete=False)), OPEN, "only in part"),
    case("a state nobody knows", refined(register(brand("Pending"))), OPEN, "cannot be read"),
    case("no track", refined(register(brand(track=None))), OPEN, "on which track"),
    case("a track that there is not", refined(register(brand(track="E"))), FAIL, "on track E"),
    case(
        "listed from the very day",
        refined(register(brand(listed_from=PROCESSING), on=NOVEMBER)),
        PASS,
    ),
    case(
        "listed from the day after",
        refined(register(brand(listed_from=PROCESSING + DAY), on=NOVEMBER)),
        OPEN,
    ),
    case(
        "listed since long ago, and suspended on the last list before the day",
        refined(LONG_AGO, register(brand("Suspended"), on=PROCESSING - DAY)),
        FAIL,
        "suspended",
    ),
    case(
        "listed since long ago, and not on the last list before the day",
        refined(LONG_AGO, register(on=PROCESSING - DAY)),
        FAIL,
        "no brand",
    ),
    case("listed since long ago, and no later list", refined(LONG_AGO), OPEN, "days old"),
    case(
        "suspended since before the day, as a later list says",
        refined(
            register(brand()),
            register(brand("Suspended", listed_from=PROCESSING), on=NOVEMBER),
        ),
        FAIL,
        "suspended",
    ),
    case(
        "no ISO 45001",
        refined(register(brand()), credentials=CERTIFIED[:1]),
        OPEN,
        "no certificate under ISO 45001",
    ),
    case(
        "ISO 14001 that ran out the day before",
        refined(
            register(brand()),
            credentials=(iso(14001, valid_until=PROCESSING - DAY), CERTIFIED[1]),
        ),
        FAIL,
        "was valid until 2026-10-14",
    ),
    case(
        "ISO 14001 on its last day",
        refined(register(brand()), credentials=(iso(14001, valid_until=PROCESSING), CERTIFIED[1])),
        PASS,
    ),
    case(
        "ISO 14001 signed with a distrusted key",
        refined(register(brand()), credentials=(iso(14001, is_disputed=True), CERTIFIED[1])),
        OPEN,
        "distrusted key",
    ),
    case(
        "a certificate of another site",
        refined(
            register(brand()),
            credentials=(iso(14001, facility_id="acme:mine"), CERTIFIED[1]),
        ),
        OPEN,
        "no certificate under ISO 14001",
    ),
    case("nobody set the share", refined(register(brand())), OPEN, lme__minimum_share=UNSET),
    case("metals unset", refined(register(brand())), OPEN, lme__metals=UNSET),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_brand_is_listed(case):
    check(case)
