"""POL-01 to -04, -07, -08: tiers, equivalences, grace, blends, and how a policy was made."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cases import FAIL, NONE, OPEN, PASS, Case, check
from msgspec import structs
from rulebook_builders import (
    DISPATCH,
    NOVEMBER,
    PROCESSING,
    UNSET,
    credential,
    dossier,
    listed,
    path_lot,
    snapshot,
    source,
    status,
    step,
)

DAY = timedelta(days=1)
TSM, IRMA = "tsm Level A", "irma IRMA 50"


def accepting(**changes):
    return {
        "accept": TSM,
        "as": IRMA,
        "version": "2024",
        "stage": "extraction",
        "approver": "the panel of 2026-05-01",
        "dissent": "one vote",
        "from": "2026-06-01",
        "until": "2027-05-31",
        "source": "Policy, clause 7",
    } | changes


TIERS = {
    IRMA: 3,
    "irma IRMA 75": 4,
    "copper_mark awarded": 3,
    "copper_mark awarded_with_improvement_plan": 1,
    "rmi conformant": 2,
    TSM: 1,
}
VALUES = {
    "policy.tiers": TIERS,
    "policy.minimum_tiers": {"Cu extraction": 3, "Cu smelting": 2, "Ni smelting": 2},
    "policy.minimum_share": "1",
    "policy.minimum_eligible_share": "0.6",
    "policy.equivalences": [accepting()],
    "policy.grace_days": 30,
    "rmi.register_max_age": 30,
    "entity_lists.trusted_recorders": [
        {"who": "operator", "as": "registrar", "from": "2026-01-01", "source": "Assumed"}
    ],
}


def case(rule, title, about, outcome, says="", **values):
    told = {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in (VALUES | told).items() if value is not None}
    return Case(title=title, rule=rule, about=about, outcome=outcome, says=says, values=kept)


def mine(**changes):
    return credential("irma", **({"version": "1.0"} | changes))


def tsm(**changes):
    usual = {"id": "t1", "version": "2024", "level": "Level A", "facility_id": "acme:mine"}
    return credential(
        "tsm",
        **(usual | {"activities": ("extraction",), "statuses": (status("published"),)} | changes),
    )


PLANT = credential("copper_mark", id="c2")


def lot(*credentials, **changes):
    usual = {"credentials": credentials, "steps": (step(10),), "lots": (path_lot(),)}
    return dossier(changes.pop("parcel", source(10)), **(usual | changes))


def rmi(word=None, on=PROCESSING, **changes):
    rows = (
        () if word is None else (listed("acme:plant", status=word, materials=("Cu",), **changes),)
    )
    return replace(snapshot("rmi", on), rows=rows)


def on_lists(*registers):
    long_ago = rmi("Conformant", date(2026, 3, 1), listed_from=date(2024, 1, 1))
    return lot(mine(), snapshots=(long_ago, *registers))


LOWER = mine(
    id="c8",
    level="IRMA Transparency",
    published_on=date(2026, 5, 1),
    valid_from=date(2026, 5, 1),
    supersedes=("c1",),
)
NOTHING = "nothing on file shows the tier that is needed"
NO_LEVEL = [
    (title, lot(*own, PLANT), outcome, says)
    for title, own, outcome, says in (
        ("a level about a product only", (mine(product="Cathode X"),), OPEN, NOTHING),
        (
            "a level of its own making",
            (mine(assessment_type="self_assessment"),),
            FAIL,
            "it assessed itself",
        ),
        ("a first party's", (mine(assessor_level="first_party"),), FAIL, "it assessed itself"),
        (
            "a self-assessment later than the audit",
            (mine(), mine(id="c8", assessment_type="self_assessment", published_on=DISPATCH)),
            PASS,
            "",
        ),
        ("published on the very day", (mine(published_on=DISPATCH),), PASS, ""),
        (
            "published the day after",
            (mine(published_on=DISPATCH + DAY),),
            FAIL,
            "its audit was published on 2026-10-02, after 2026-10-01",
        ),
        (
            "under a draft",
            (mine(standard_code="irma_mining", version="2.0"),),
            FAIL,
            "rests on irma mining 2.0, a draft on 2025-01-10",
        ),
        (
            "under a version nobody lists",
            (mine(standard_code="irma_mining", version="9.9"),),
            OPEN,
            "whether irma mining 9.9",
        ),
        ("under the final version", (mine(standard_code="irma_mining"),), PASS, ""),
        ("a lower level took its place", (mine(), LOWER), OPEN, NOTHING),
        (
            "two levels of one day",
            (mine(), mine(id="c8", level="IRMA 75")),
            OPEN,
            "which audit of those published on 2025-01-10 governs is not known",
        ),
        ("one level twice", (mine(), mine(id="c8")), PASS, ""),
    )
]
NO_MARK = [
    (title, lot(mine(), *own), outcome, says)
    for title, own, outcome, says in (
        (
            "a due-diligence status is no mark",
            (replace(PLANT, standard_code="joint_due_diligence"),),
            OPEN,
            NOTHING,
        ),
        (
            "nor is a chain-of-custody status",
            (replace(PLANT, standard_code="copper_mark_chain_of_custody"),),
            OPEN,
            NOTHING,
        ),
        (
            "a mark that was suspended",
            (replace(PLANT, statuses=(status("awarded"), status("suspended", PROCESSING))),),
            FAIL,
            "suspended since 2026-10-15",
        ),
        (
            "a mark that was reinstated",
            (
                replace(
                    PLANT,
                    statuses=(
                        status("awarded"),
                        status("suspended", DISPATCH),
                        status("reinstated", PROCESSING),
                    ),
                ),
            ),
            PASS,
            "",
        ),
        (
            "a mark whose renewal was suspended",
            (
                PLANT,
                replace(
                    PLANT,
                    id="c3",
                    supersedes=("c2",),
                    published_on=date(2026, 3, 1),
                    statuses=(status("awarded"), status("suspended", DISPATCH)),
                ),
            ),
            FAIL,
            "suspended",
        ),
        (
            "a second mark beside one that was suspended",
            (PLANT, replace(PLANT, id="c3", statuses=(status("suspended"),))),
            PASS,
            "",
        ),
        ("only a participant", (replace(PLANT, statuses=(status("participant"),)),), OPEN, NOTHING),
    )
]


RULES_ABOUT_TIERS = ("POL-01", "POL-02", "POL-03", "POL-04", "POL-07")
EVERYWHERE = [
    one
    for rule in RULES_ABOUT_TIERS
    for one in (
        case(rule, "no tier for lithium", lot(mineral="Li"), NONE, "asks for no tier of Li"),
        case(rule, "no metal", lot(parcel=source(0)), NONE, "contains no Cu"),
        case(
            rule,
            "nickel not smelted yet",
            lot(mineral="Ni", steps=()),
            NONE,
            "no smelting took place",
        ),
        case(rule, "tiers unset", lot(), OPEN, "policy.tiers", policy__tiers=UNSET),
        case(rule, "minimums unset", lot(), OPEN, policy__minimum_tiers=UNSET),
    )
]
ROWS = [
    case("POL-01", "both reach their tier", lot(mine(), PLANT), PASS),
    case("POL-01", "the mine is above it", lot(mine(level="IRMA 75"), PLANT), PASS),
    case(
        "POL-01",
        "the smelter is below it",
        lot(
            mine(),
            replace(PLANT, statuses=(status("awarded_with_improvement_plan"),)),
        ),
        FAIL,
        "tier 1 by copper_mark awarded_with_improvement_plan; tier 2 is needed",
    ),
    case("POL-01", "nothing on file of the smelter", lot(mine()), OPEN, "acme:plant: nothing on"),
    *(
        case("POL-01", f"conformant since long ago on the RMI list; {title}", one, outcome, says)
        for title, one, outcome, says in (
            ("the last one is without it", on_lists(rmi()), OPEN, "nothing on file"),
            ("the last one has it as active", on_lists(rmi("Active")), OPEN, "nothing on file"),
            ("the last one has it too", on_lists(rmi("Conformant")), PASS, ""),
            (
                "a later one has it as active since before the day",
                on_lists(rmi("Conformant"), rmi("Active", NOVEMBER, listed_from=date(2026, 9, 1))),
                FAIL,
                "not conformant on the RMI facility list of 2026-11-01",
            ),
        )
    ),
    case(
        "POL-01",
        "a level no tier knows",
        lot(mine(level="IRMA Transparency"), PLANT),
        OPEN,
        "nothing on file shows",
    ),
    case(
        "POL-01",
        "whose scope nobody coded",
        lot(mine(activities=None), PLANT),
        OPEN,
        "nobody has coded",
    ),
    case(
        "POL-01",
        "suspended when the metal left",
        lot(mine(statuses=(status(), status("suspended", DISPATCH))), PLANT),
        FAIL,
        "suspended",
    ),
    case(
        "POL-01",
        "suspended the day after the metal left",
        lot(mine(statuses=(status(), status("suspended", DISPATCH + DAY))), PLANT),
        PASS,
    ),
    case(
        "POL-01",
        "a day nobody recorded",
        lot(mine(), PLANT, parcel=source(10, dispatched_on=None)),
        OPEN,
    ),
    case(
        "POL-01",
        "the smelter is conformant on the RMI's list",
        lot(
            mine(),
            snapshots=(
                replace(
                    snapshot("rmi", PROCESSING),
                    rows=(listed("acme:plant", status="Conformant", materials=("Cu",)),),
                ),
            ),
        ),
        PASS,
    ),
    case(
        "POL-01",
        "the smelter is on the RMI's list for another metal, or without a status",
        lot(
            mine(),
            snapshots=(
                replace(
                    snapshot("rmi", PROCESSING),
                    rows=(
                        listed("acme:plant", status="Conformant", materials=("Ni",)),
                        listed("acme:plant", materials=("Cu",)),
                    ),
                ),
            ),
        ),
        OPEN,
    ),
    case(
        "POL-01",
        "the RMI's list is too old",
        lot(mine(), snapshots=(snapshot("rmi", PROCESSING - 31 * DAY),)),
        OPEN,
    ),
    *(case("POL-01", *one) for one in NO_LEVEL),
    *(case("POL-01", *one) for one in NO_MARK),
    case(
        "POL-01",
        "a scheme that no rule knows",
        lot(replace(mine(), scheme="rgmp", level="Conformant"), PLANT),
        PASS,
        policy__tiers=TIERS | {"rgmp Conformant": 3},
    ),
    case("POL-01", "another scheme's evidence accepted", lot(tsm(), PLANT), PASS),
    case("POL-01", "no share set", lot(mine(), PLANT), OPEN, policy__minimum_share=UNSET),
    case(
        "POL-01",
        "no equivalence adopted",
        lot(tsm(), PLANT),
        FAIL,
        "tier 1 by tsm Level A",
        policy__equivalences=UNSET,
    ),
]
EQUIVALENCES = [
    case(
        "POL-02",
        "accepted, with who decided and who dissented",
        lot(tsm(), PLANT),
        PASS,
        "tsm Level A accepted as irma IRMA 50 until 2027-05-31, decided by the panel of 2026-05-01;"
        " dissent: one vote",
    ),
    case("POL-02", "none needed", lot(mine(), PLANT), NONE, "rests on an equivalence"),
    case("POL-02", "none of what is on file", lot(), NONE, "rests on an equivalence"),
    case(
        "POL-02",
        "the other way round",
        lot(tsm(), PLANT),
        FAIL,
        "irma IRMA 50 as tsm Level A is accepted, not the other way round",
        policy__equivalences=[accepting(**{"accept": IRMA, "as": TSM})],
    ),
    case(
        "POL-02",
        "its last day",
        lot(tsm(), PLANT),
        PASS,
        policy__equivalences=[accepting(until=DISPATCH.isoformat())],
    ),
    case(
        "POL-02",
        "a day after its last",
        lot(tsm(), PLANT),
        FAIL,
        "was accepted until 2026-09-30, not on 2026-10-01",
        policy__equivalences=[accepting(until=(DISPATCH - DAY).isoformat())],
    ),
    case(
        "POL-02",
        "its first day",
        lot(tsm(), PLANT),
        PASS,
        policy__equivalences=[accepting(**{"from": DISPATCH.isoformat()})],
    ),
    case(
        "POL-02",
        "the day before its first",
        lot(tsm(), PLANT),
        FAIL,
        "is accepted from 2026-10-02",
        policy__equivalences=[accepting(**{"from": (DISPATCH + DAY).isoformat()})],
    ),
    case(
        "POL-02",
        "without an end",
        lot(tsm(), PLANT),
        FAIL,
        "without an end",
        policy__equivalences=[{k: v for k, v in accepting().items() if k != "until"}],
    ),
    case(
        "POL-02",
        "another stage",
        lot(tsm(), PLANT),
        FAIL,
        "is accepted for smelting, not for extraction",
        policy__equivalences=[accepting(stage="smelting")],
    ),
    case(
        "POL-02",
        "another version",
        lot(tsm(version="2019"), PLANT),
        FAIL,
        "is accepted in version 2024, not 2019",
    ),
    case("POL-02", "no version", lot(tsm(version=None), PLANT), OPEN, "not unknown"),
    case(
        "POL-02",
        "what is accepted was suspended itself",
        lot(tsm(statuses=(status("suspended"),)), PLANT),
        FAIL,
        "suspended",
    ),
    case(
        "POL-02",
        "a row that would not reach the tier",
        lot(tsm(), PLANT),
        NONE,
        policy__equivalences=[accepting(**{"as": "rmi conformant"})],
    ),
]
AS_ICMM = {
    "policy__tiers": TIERS | {"icmm Validated": 3},
    "policy__equivalences": [accepting(**{"as": "icmm Validated"})],
}
ENDED_YESTERDAY = accepting(**{"as": "icmm Validated", "until": (DISPATCH - DAY).isoformat()})
OFFICIAL = [
    case(
        "POL-02",
        "accepted as what the other scheme itself recognizes",
        lot(tsm(), PLANT),
        PASS,
        "tsm Level A accepted as icmm Validated",
        **AS_ICMM,
    ),
    case(
        "POL-02",
        "an official recognition does not stand in for the club's decision",
        lot(tsm(), PLANT),
        FAIL,
        "was accepted until 2026-09-30",
        **(AS_ICMM | {"policy__equivalences": [ENDED_YESTERDAY]}),
    ),
    case(
        "POL-02",
        "recognized, in a version nobody stated",
        lot(tsm(version=None), PLANT),
        OPEN,
        "not unknown",
        **AS_ICMM,
    ),
    case("POL-02", "recognized and not needed", lot(mine(), PLANT), NONE, **AS_ICMM),
    case(
        "POL-02",
        "official recognitions unset",
        lot(tsm(), PLANT),
        OPEN,
        "recognitions.official",
        **(AS_ICMM | {"recognitions__official": UNSET}),
    ),
]
CHAINS = [
    case("POL-03", "one hop", lot(tsm(), PLANT), PASS, "accepted by one equivalence"),
    case("POL-03", "none needed", lot(mine(), PLANT), NONE),
    case("POL-03", "nothing to begin with", lot(PLANT), NONE),
    case(
        "POL-03",
        "two hops",
        lot(tsm(), PLANT),
        FAIL,
        "tsm Level A as rgmp Conformant, and that as irma IRMA 50",
        policy__equivalences=[
            accepting(**{"as": "rgmp Conformant"}),
            accepting(accept="rgmp Conformant", version="1"),
        ],
    ),
    case(
        "POL-03",
        "two hops that do not reach",
        lot(tsm(), PLANT),
        NONE,
        policy__equivalences=[
            accepting(**{"as": "rgmp Conformant"}),
            accepting(**{"accept": "rgmp Conformant", "as": "rmi conformant"}),
        ],
    ),
]
ENDED = DISPATCH - 30 * DAY
RENEWING = (status(), status("renewal_stage_2_done", ENDED))


def ended(*extra, last=ENDED, statuses=RENEWING):
    return lot(mine(valid_until=last, statuses=statuses), PLANT, *extra)


def renewal(**changes):
    return mine(
        id="c9",
        supersedes=("c1",),
        assessment_type="renewal",
        published_on=None,
        valid_from=None,
        valid_until=None,
        statuses=(status("in_process", ENDED),),
        **changes,
    )


GRACE = [
    case("POL-04", "in good standing", lot(mine(), PLANT), NONE, "has run out"),
    case("POL-04", "nothing on file", lot(PLANT), NONE, "has run out"),
    case(
        "POL-04", "a site that is not known", lot(PLANT, parcel=source(10, facility_id=None)), NONE
    ),
    case("POL-04", "the last day of grace", ended(), PASS, "within 30 days of grace"),
    case(
        "POL-04",
        "a day beyond",
        ended(last=ENDED - DAY, statuses=(status(), status("renewal_stage_2_done", ENDED - DAY))),
        FAIL,
        "31 days before 2026-10-01; renewal under way; 30 days of grace are given",
    ),
    case(
        "POL-04",
        "stage 2 the day after the expiry",
        ended(statuses=(status(), status("renewal_stage_2_done", ENDED + DAY))),
        FAIL,
        "before the on-site audit of a renewal was over",
    ),
    case("POL-04", "no renewal", ended(statuses=(status(),)), FAIL, "before the on-site audit"),
    case(
        "POL-04",
        "a renewal whose stage 2 is on file",
        ended(renewal(stage_2_on=ENDED), statuses=(status(),)),
        PASS,
    ),
    case(
        "POL-04",
        "a renewal whose stage 2 was late",
        ended(renewal(stage_2_on=ENDED + DAY), statuses=(status(),)),
        FAIL,
    ),
    case(
        "POL-04",
        "a renewal whose stage 2 nobody dated",
        ended(renewal(), statuses=(status(),)),
        OPEN,
        "on which day the on-site audit of its renewal was is not known",
    ),
    case(
        "POL-04",
        "suspended",
        ended(statuses=(*RENEWING, status("suspended", ENDED + DAY))),
        FAIL,
        "no grace for a certificate that was not in good standing",
    ),
    case(
        "POL-04",
        "suspended before the on-site audit of its renewal was over",
        ended(statuses=(status(), status("suspended", ENDED - DAY), RENEWING[1])),
        FAIL,
        "no grace for a certificate that was not in good standing",
    ),
    case(
        "POL-04",
        "suspended when it expired",
        ended(statuses=(*RENEWING, status("suspended", ENDED), status("expired", ENDED + DAY))),
        FAIL,
        "no grace for a certificate that was not in good standing",
    ),
    case(
        "POL-04",
        "no term on file",
        lot(mine(valid_until=None), PLANT),
        NONE,
    ),
    case("POL-04", "days unset", ended(), OPEN, "policy.grace_days", policy__grace_days=UNSET),
]
CLEAN = (
    replace(snapshot("oecd"), author="operator"),
    replace(snapshot("uflpa_entity_list"), author="operator"),
)
PARTS = (
    source(6, id="s1"),
    source(4, id="s2", facility_id="acme:other", lot_id="acme:o2", entry="2" * 64),
)


def blend(*snapshots, parts=PARTS):
    told = (mine(), PLANT, credential("irma", id="c8", facility_id="acme:other", level="IRMA 0"))
    made = lot(*told, snapshots=snapshots or CLEAN)
    return replace(made, sources=parts)


BLENDS = [
    case(
        "POL-07",
        "exactly enough",
        blend(),
        PASS,
        "60 % of the Cu",
        policy__tiers=TIERS | {"irma IRMA 0": 0},
    ),
    case(
        "POL-07",
        "less than enough",
        blend(parts=(structs.replace(PARTS[0], mg=5), structs.replace(PARTS[1], mg=5))),
        FAIL,
        "50 % of the Cu",
        policy__tiers=TIERS | {"irma IRMA 0": 0},
    ),
    case(
        "POL-07",
        "the rest may be eligible",
        blend(parts=(structs.replace(PARTS[0], mg=5), structs.replace(PARTS[1], mg=5))),
        OPEN,
        "50 % to 100 %",
    ),
    case(
        "POL-07",
        "a small part meets a hard stop",
        blend(
            CLEAN[0],
            replace(CLEAN[1], rows=(listed("acme:other", name="Listed Co."),)),
        ),
        FAIL,
        "part of the lot meets a hard stop: acme:other is on the UFLPA Entity List",
    ),
    case(
        "POL-07",
        "a grave abuse at a small part",
        blend(
            replace(CLEAN[0], rows=(listed("acme:other", level="torture", status="credible"),)),
            CLEAN[1],
        ),
        FAIL,
        "part of the lot meets a hard stop: acme:other: torture",
    ),
    case(
        "POL-07",
        "whether a hard stop is met is not known",
        blend(CLEAN[0]),
        OPEN,
        "whether a hard stop is met is not known: no copy of the UFLPA Entity List",
    ),
    case("POL-07", "no share set", blend(), OPEN, policy__minimum_eligible_share=UNSET),
]
SAID = {
    "policy.comment_log": "https://example.org/comments",
    "policy.panel": "the panel of 2026-05-01",
    "policy.notice_days": 30,
}


def noticed(on, effect="2026-06-01"):
    version = {
        "value": on,
        "in_force_from": effect,
        "published_on": effect,
        "checked_on": effect,
        "source": "Policy, clause 9",
        "url": "",
        "status": "hypothetical",
        "verification": "official",
    }
    return {"title": "Notice", "unit": "date", "versions": [version]}


def adopted(title, on, outcome, says="", *, as_of=NOVEMBER, **values):
    about = dossier(source(10), as_of=as_of)
    told = SAID | {"policy.noticed_on": on and noticed(on)}
    told |= {key.replace("__", "."): value for key, value in values.items()}
    kept = {key: value for key, value in told.items() if value is not None}
    return Case(title=title, rule="POL-08", about=about, outcome=outcome, says=says, values=kept)


PROCESS = [
    adopted("exactly the days of notice", "2026-05-02", PASS, "30 days; comments in https"),
    adopted("a day too few", "2026-05-03", FAIL, "29 days, and 30 are needed"),
    adopted("notice after the fact", "2026-06-02", FAIL, "-1 days"),
    adopted("no notice on record", None, OPEN, "policy.noticed_on"),
    adopted("days unset", "2026-05-02", OPEN, policy__notice_days=None),
    adopted("no log of comments", "2026-05-02", OPEN, policy__comment_log=None),
    adopted("nobody decided", "2026-05-02", OPEN, policy__panel=None),
    adopted("the day before the policy", "2026-05-02", OPEN, as_of=date(2026, 5, 31)),
    adopted("the day of the policy", "2026-05-02", PASS, as_of=date(2026, 6, 1)),
]
CASES = [*EVERYWHERE, *ROWS, *EQUIVALENCES, *OFFICIAL, *CHAINS, *GRACE, *BLENDS, *PROCESS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_policy_in_the_club_s_own_terms(case):
    check(case)


def test_official_recognitions_are_shown_beside_what_a_club_accepts():
    [by_both] = OFFICIAL[0].found().notices[:1]
    assert by_both == "icmm itself recognizes tsm for benchmark against the Mining Principles"
    [by_club] = case("POL-02", "", lot(tsm(), PLANT), PASS).found().notices[:1]
    assert by_club.startswith("no official recognition stands behind it")
