"""RMI-04 to RMI-08: whether what suppliers declared is complete and hangs together."""

from dataclasses import replace
from datetime import date

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from rulebook_builders import (
    NOVEMBER,
    UNSET,
    answered,
    dossier,
    entry,
    form,
    hand,
    path_lot,
    smelter,
    snapshot,
    source,
)

from standards.rulebook.credential import Listing
from standards.rulebook.forms import NamedSite

DRC = [{"code": "CD", "from": "2012-01-01", "source": "Assumed"}]
GROUP = {
    "title": "Areas",
    "unit": "country_group",
    "versions": [
        {
            "value": DRC,
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
VALUES = {
    "oecd.cahra_countries": GROUP,
    "rmi.minimum_response": "greater_than_75",
    "rmi.register_max_age": 30,
}
COMPANY = tuple(
    answered(letter, mineral=None, text="https://example.org/policy" if letter == "b" else None)
    for letter in "abcdefg"
)


def about(mineral, number=7, **told):
    """Answers to the questions of a mineral: yes, but for what is told by number."""
    usual = {f"q{one}": "yes" for one in range(1, number + 1)}
    answers = []
    for question, answer in (usual | told).items():
        if answer is None:
            continue
        is_word = answer in ("yes", "no", "unknown", "not_applicable")
        answers.append(
            answered(
                question,
                answer if is_word else None,
                mineral,
                text=None if is_word else answer,
            )
        )
    return tuple(answers)


def emrt(*changed, mineral="Co", sources=None, company=COMPANY, **told):
    """An EMRT that answers everything: 100 % of suppliers, one smelter with its mine."""
    answers = about(mineral, **({"q5": "100%"} | told))
    lines = (smelter(mineral=mineral, mine_countries=("FI",)),) if sources is None else sources
    made = form("emrt", *answers, *company, sources=lines)
    return replace(made, **dict(changed))


def cmrt(**told):
    answers = about("Sn", 8, **({"q6": "Greater than 90%"} | told))
    company = (*COMPANY, answered("h", mineral=None))
    lines = (smelter(mineral="Sn", mine_countries=("ID",)),)
    return form("cmrt", *answers, *company, sources=lines)


def held(*forms, mineral="Co", country="FI", registers=(), **changes):
    lots = (path_lot("acme:L1", hands=(hand("acme", "buyer"),)),)
    usual = {"lots": lots, "forms": forms, "snapshots": registers}
    return dossier(source(10, country), mineral=mineral, **(usual | changes))


def case(rule, title, about_, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule=rule, about=about_, outcome=outcome, says=says, values=kept)


def listed_as(number="CID1", **changes):
    usual = Listing(subject_id="", numbers=(number,), materials=("Co",), country="FI")
    return replace(usual, **changes)


def register(*rows, complete=True, on=NOVEMBER):
    return replace(snapshot("rmi", on, complete=complete), rows=rows)


FORMS = ("RMI-04", "RMI-05", "RMI-06", "RMI-07", "RMI-08")
LISTED = (register(listed_as()),)
EVERYWHERE = [
    one
    for rule in FORMS
    for one in (
        case(rule, "a sound declaration", held(emrt(), registers=LISTED), PASS),
        case(rule, "no template for vanadium", held(mineral="V"), NONE, "no template of the RMI"),
        case(rule, "no metal", held(sources=(source(0),), contained_mg=None), OPEN, "not known"),
        case(rule, "nobody declared", held(), OPEN, "no supplier on the path has filled in"),
        case(
            rule,
            "a declaration of tomorrow",
            held(emrt(("made_on", date(2026, 11, 2)))),
            OPEN,
            "no supplier on the path",
        ),
        case(
            rule,
            "a declaration that ran out the day before",
            held(emrt(("valid_until", date(2026, 10, 31)))),
            OPEN,
            "no supplier on the path",
        ),
    )
]
TEMPLATE = [
    case("RMI-04", "tin in the CMRT", held(cmrt(), mineral="Sn"), PASS, "6.5, final"),
    case(
        "RMI-04",
        "cobalt declared in the CMRT only",
        held(replace(emrt(), form="cmrt", version="6.5")),
        FAIL,
        "the CMRT is not for Co; the EMRT is",
    ),
    case("RMI-04", "cobalt in both", held(emrt(), replace(emrt(), form="cmrt", id="x:y")), PASS),
    case("RMI-04", "a CMRT that says nothing of cobalt", held(cmrt()), OPEN, "no supplier"),
    case(
        "RMI-04",
        "a newer version",
        held(emrt(("version", "2.2"))),
        OPEN,
        "EMRT 2.2 is not a version known here; it may be newer",
    ),
    case("RMI-04", "no version", held(emrt(("version", None))), OPEN, "of no stated version"),
    case(
        "RMI-04",
        "the version before, on its last day",
        held(emrt(("version", "2.0"), ("authorized_on", date(2025, 10, 16)))),
        PASS,
        "final on 2025-10-16",
    ),
    case(
        "RMI-04",
        "the version before, a day later",
        held(emrt(("version", "2.0"), ("authorized_on", date(2025, 10, 17)))),
        PASS,
        "superseded on 2025-10-17",
    ),
    case(
        "RMI-04",
        "the day before the version was there",
        held(emrt(("version", "2.1"), ("authorized_on", date(2025, 10, 16)))),
        OPEN,
    ),
    case(
        "RMI-04",
        "a version that was a draft",
        held(emrt(("version", "3.0"))),
        FAIL,
        "a draft",
        rmi__template_versions=[
            {
                "standard": "emrt",
                "version": "3.0",
                "status": "draft",
                "from": "2026-01-01",
                "source": "Assumed",
            }
        ],
    ),
    *(
        case(rule, "only in another template", held(replace(emrt(), form="cmrt")), OPEN, "EMRT")
        for rule in FORMS[1:]
    ),
]
GATES = [
    case("RMI-05", "first gate blank", held(emrt(q1=None)), FAIL, "Q1 is blank for Co"),
    case("RMI-05", "second gate blank", held(emrt(q2=None)), FAIL, "Q2 is blank for Co"),
    case(
        "RMI-05",
        "not added: nothing more is asked",
        held(form("emrt", answered("q1", "no"))),
        PASS,
        "Q1 is not answered with yes",
    ),
    case(
        "RMI-05",
        "not in the product: nothing more is asked",
        held(form("emrt", answered("q1"), answered("q2", "unknown"))),
        PASS,
        "Q2 is not answered with yes",
    ),
    case("RMI-05", "a question left out", held(emrt(q4=None)), FAIL, "blank for Co: Q4"),
    case(
        "RMI-05",
        "questions of the company left out",
        held(emrt(company=COMPANY[:5])),
        FAIL,
        "blank for Co: F, G",
    ),
    case(
        "RMI-05",
        "a public policy without its address",
        held(emrt(company=(COMPANY[0], answered("b", mineral=None), *COMPANY[2:]))),
        FAIL,
        "address under B",
    ),
    case(
        "RMI-05",
        "no public policy needs no address",
        held(emrt(company=(COMPANY[0], answered("b", "no", None), *COMPANY[2:]))),
        PASS,
    ),
    case(
        "RMI-05",
        "nobody answered for it",
        held(emrt(("authorized_on", None))),
        FAIL,
        "day of authorization",
    ),
    case(
        "RMI-05",
        "a scope of its own, not described",
        held(emrt(company=(*COMPANY, answered("scope", None, None, text="User defined")))),
        FAIL,
        "description of the scope",
    ),
    case(
        "RMI-05",
        "a scope of its own, described",
        held(
            emrt(
                company=(
                    *COMPANY,
                    answered("scope", None, None, text="User defined"),
                    answered("scope_description", None, None, text="Cathode of one plant"),
                )
            )
        ),
        PASS,
    ),
    case(
        "RMI-05",
        "the scope of a company needs no description",
        held(emrt(company=(*COMPANY, answered("scope", None, None, text="Company")))),
        PASS,
    ),
    case("RMI-05", "no smelter", held(emrt(sources=())), FAIL, "list of smelters"),
    case(
        "RMI-05",
        "a smelter that is not listed, without a country",
        held(emrt(sources=(smelter(None, lookup="not_listed", name="Works", country=None),))),
        FAIL,
        "name and country of smelter 1",
    ),
    case(
        "RMI-05",
        "a smelter that is not listed, with name and country",
        held(emrt(sources=(smelter(None, lookup="not_listed", name="Works"),))),
        PASS,
    ),
    case(
        "RMI-05",
        "the second question of the AMRT is optional",
        held(
            form("amrt", answered("q1", "yes", "Zn"), sources=(smelter(mineral="Zn"),)),
            mineral="Zn",
        ),
        PASS,
    ),
    case("RMI-05", "questions unset", held(emrt()), OPEN, rmi__emrt_questions=UNSET),
]
MINE = NamedSite(role="mine", mineral="Co", name="Pit", country="CD")
NO = {"q3": "no"}
COUNTRIES = [
    case("RMI-06", "no, and no such mine", held(emrt(**NO)), PASS, "as the mines named"),
    case("RMI-06", "yes needs no mine", held(emrt(sources=(smelter(),))), PASS, "with yes"),
    case(
        "RMI-06",
        "no beside a mine in the Congo",
        held(emrt(sources=(smelter(), MINE), **NO)),
        FAIL,
        "Q3 is answered with no, yet metal from CD",
    ),
    case(
        "RMI-06",
        "no beside a smelter that buys in the Congo",
        held(emrt(sources=(smelter(mine_countries=("FI", "CD")),), **NO)),
        FAIL,
        "CD is named there",
    ),
    case(
        "RMI-06",
        "no beside a record of metal from the Congo",
        held(emrt(**NO), country="CD"),
        FAIL,
        "on record",
    ),
    case(
        "RMI-06",
        "no of somebody who never held this lot",
        held(emrt(("author", "other"), **NO), country="CD"),
        PASS,
    ),
    case(
        "RMI-06",
        "no of somebody who names this lot",
        held(emrt(("author", "other"), ("lots", ("acme:L1",)), **NO), country="CD"),
        FAIL,
        "on record",
    ),
    case(
        "RMI-06",
        "unknown beside a mine in the Congo",
        held(emrt(sources=(smelter(), MINE), q3="unknown")),
        FAIL,
        "answered with unknown",
    ),
    case("RMI-06", "unknown", held(emrt(q3="unknown")), OPEN, "answered with unknown"),
    case("RMI-06", "blank", held(emrt(q3=None)), OPEN, "Q3 is blank"),
    case("RMI-06", "a gate left blank", held(emrt(q1=None, **NO)), PASS),
    case(
        "RMI-06",
        "no mine named",
        held(emrt(sources=(smelter(),), **NO)),
        OPEN,
        "not every mine's country told",
    ),
    case("RMI-06", "no smelter named", held(emrt(sources=(), **NO)), OPEN, "not every mine"),
    case(
        "RMI-06",
        "a mine without a country",
        held(emrt(sources=(smelter(), replace(MINE, country=None)), **NO)),
        OPEN,
        "not every mine",
    ),
    case(
        "RMI-06",
        "a mine elsewhere speaks for the smelter",
        held(emrt(sources=(smelter(), replace(MINE, country="FI")), **NO)),
        PASS,
    ),
    case(
        "RMI-06",
        "recycled metal only has no mine",
        held(emrt(sources=(smelter(recycled_only=True),), **NO)),
        PASS,
    ),
    case(
        "RMI-06",
        "a smelter in the Congo that does not say where it buys",
        held(emrt(sources=(smelter(country="CD"), replace(MINE, country="FI")), **NO)),
        OPEN,
        "not every mine",
    ),
    case(
        "RMI-06",
        "nobody said which areas",
        held(emrt(**NO)),
        OPEN,
        "oecd.cahra_countries",
        oecd__cahra_countries=None,
    ),
    case(
        "RMI-06",
        "says that it sells none, and this lot has some",
        held(form("emrt", answered("q1", "no"))),
        FAIL,
        "says no Co is in what it sells; this lot has some",
    ),
    case(
        "RMI-06",
        "somebody upstream sells none",
        held(form("emrt", answered("q1", "no"), author="other")),
        PASS,
        "said not to be sold",
    ),
    case("RMI-06", "tin: both questions", held(cmrt(q3="no", q4="no"), mineral="Sn"), PASS),
    case(
        "RMI-06",
        "tin: a covered country denied",
        held(cmrt(q3="no"), mineral="Sn", country="RW"),
        FAIL,
        "Q3 is answered with no, yet metal from RW",
    ),
    case(
        "RMI-06",
        "the AMRT asks nothing about countries",
        held(form("amrt", answered("q1", "yes", "Zn")), mineral="Zn"),
        PASS,
        "asks nothing about countries",
    ),
]
SMELTERS = [
    case("RMI-07", "no list", held(emrt()), OPEN, "no RMI facility list is on file"),
    case(
        "RMI-07",
        "a number that is not on the list",
        held(emrt(), registers=(register(),)),
        FAIL,
        "smelter 1 of Co: its number is not on the",
    ),
    case(
        "RMI-07",
        "a list in part",
        held(emrt(), registers=(register(complete=False),)),
        OPEN,
        "on file only in part",
    ),
    case(
        "RMI-07",
        "a number for another metal",
        held(emrt(), registers=(register(listed_as(materials=("Ni",))),)),
        FAIL,
        "has its number for Ni",
    ),
    case(
        "RMI-07",
        "a number without a metal",
        held(emrt(), registers=(register(listed_as(materials=None)),)),
        PASS,
    ),
    case(
        "RMI-07",
        "a number in another country",
        held(emrt(), registers=(register(listed_as(country="CN")),)),
        FAIL,
        "in another country",
    ),
    case(
        "RMI-07",
        "a country that neither tells",
        held(emrt(sources=(smelter(country=None),)), registers=LISTED),
        PASS,
    ),
    case(
        "RMI-07",
        "a smelter that is not listed",
        held(emrt(sources=(smelter(lookup="not_listed"),)), registers=LISTED),
        OPEN,
        "smelter 1 of Co is not listed",
    ),
    case(
        "RMI-07",
        "a smelter that is not yet identified",
        held(emrt(sources=(smelter(lookup="not_yet_identified"),)), registers=LISTED),
        OPEN,
        "not yet identified",
    ),
    case(
        "RMI-07",
        "a smelter without a number",
        held(emrt(sources=(smelter(None),)), registers=LISTED),
        OPEN,
        "without its number",
    ),
    case(
        "RMI-07",
        "one of two is fake",
        held(
            emrt(sources=(smelter(), smelter("CID9"))),
            registers=LISTED,
        ),
        FAIL,
        "smelter 2 of Co",
    ),
    case("RMI-07", "no smelter", held(emrt(sources=())), OPEN, "names no smelter"),
    case("RMI-07", "none sold", held(form("emrt", answered("q1", "no"))), PASS, "names no"),
]
KNOWN = [
    case("RMI-08", "exactly the band asked for", held(emrt(q5="Greater than 75%")), PASS),
    case(
        "RMI-08",
        "the band below",
        held(emrt(q5="Greater than 50%")),
        FAIL,
        "it says greater than 50; greater than 75 is needed",
    ),
    case("RMI-08", "none answered", held(emrt(q5="None")), FAIL, "it says none"),
    case("RMI-08", "did not survey", held(emrt(q5="Did not survey")), FAIL, "did not survey"),
    case("RMI-08", "a word nobody knows", held(emrt(q5="most")), OPEN, "is not told"),
    case("RMI-08", "blank", held(emrt(q5=None)), OPEN, "is not told"),
    case("RMI-08", "nobody set how many", held(emrt()), OPEN, rmi__minimum_response=None),
    case(
        "RMI-08",
        "set to a band that there is not",
        held(emrt()),
        OPEN,
        "rules know",
        rmi__minimum_response="plenty",
    ),
    case(
        "RMI-08",
        "not all smelters are identified",
        held(emrt(q6="no")),
        FAIL,
        "not all smelters are identified",
    ),
    case("RMI-08", "not all are reported", held(emrt(q7="no")), FAIL, "are reported"),
    case("RMI-08", "not known", held(emrt(q6="unknown")), OPEN, "Q6 is not answered"),
    case("RMI-08", "none sold", held(form("emrt", answered("q1", "no"))), PASS, "not said"),
    case(
        "RMI-08",
        "the AMRT asks for answers only",
        held(
            form(
                "amrt",
                answered("q1", "yes", "Zn"),
                answered("q2", None, "Zn", text="100%"),
            ),
            mineral="Zn",
        ),
        PASS,
    ),
]
CASES = [*EVERYWHERE, *TEMPLATE, *GATES, *COUNTRIES, *SMELTERS, *KNOWN]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_suppliers_declared(case):
    check(case)


def test_the_last_of_the_forms_of_a_company_counts():
    old = emrt(("id", "acme:old"), ("authorized_on", date(2026, 1, 1)), q7="no")
    new = emrt(("id", "acme:new"), ("entry", entry("8")))
    for forms in ((old, new), (new, old)):
        assert case("RMI-08", "", held(*forms), PASS).found().outcome is PASS
