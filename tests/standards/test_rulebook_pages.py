"""The rulebook's pages: what each parameter says, since when, and what rests on it, for whom."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from standards.known import followed_size, packs_at
from standards.lawbook import NEWEST, assessments_citing, assessments_seen_by, counted_findings
from standards.models import Assessment, PackActivation
from standards.reading import clubs_of
from standards.replaying import replay
from standards.rulebook.overview import overview, stale
from standards.rulebook.pack_format import shipped_packs
from standards.scenario import parse_scenario
from tests.screens import CATHODE, CONCENTRATE, story_told
from traceability import seeing

pytestmark = pytest.mark.django_db
BOOK = "admin:standards_packactivation_rulebook"
PAGE = "admin:standards_packactivation_parameter"
NATIONS = "geography.covered_nations"
OVERDRAFT = "irma.account_overdraft"
TRIED = {
    "scenario": "tried-out",
    "title": "A pack tried out, and put back",
    "note": "Illustrative: it shows that a pack has a past.",
    "begins": "2026-05-12",
    "clock": "2026-05-13T12:00:00Z",
    "organizations": [],
    "facilities": [],
    "steps": [{"pack": "irma", "overrides": {OVERDRAFT: "forbidden"}}, {"pack": "irma"}],
}


@pytest.fixture(scope="module")
def story(django_db_setup, django_db_blocker, tmp_path_factory):
    with story_told(tmp_path_factory.mktemp("guard"), django_db_blocker) as guard:
        with django_db_blocker.unblock(), override_settings(GUARD_PATH=guard):
            replay(parse_scenario(json.dumps(TRIED).encode()))
        yield guard


@pytest.fixture(autouse=True)
def own_guard(story, settings):
    settings.GUARD_PATH = story


@pytest.fixture
def seen_by(client):
    """Return what a person gets to see of a page."""

    def get(login, page=BOOK, *arguments, **asked):
        user = User.objects.get(username=login)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client.get(reverse(page, args=arguments), asked)

    return get


def keys_of(answer):
    return {line.stated.parameter.key for part in answer.context["parts"] for line in part.lines}


def cited_by_hand(rows):
    """Return the (lot, mineral, rule) whose findings cite each key of a pack, in plain loops."""
    told = {}
    for row in rows:
        for finding in row.findings:
            for cite in finding["cites"]:
                if not cite["pack"]["id"].startswith("club:"):
                    name = (row.lot, row.mineral, finding["rule_id"])
                    told.setdefault(cite["key"], set()).add(name)
    return told


def test_every_parameter_is_there_with_its_source_and_who_put_it_in_force(seen_by):
    answer = seen_by("officer")
    told = answer.content.decode()

    assert keys_of(answer) == {key for pack in shipped_packs() for key in pack.parameters}
    for pack in packs_at(followed_size()):
        assert pack.digest in told
        for parameter in pack.parameters.values():
            for version in parameter.versions:
                assert version.url.replace("&", "&amp;") in told
    idle = {pack.id for pack in shipped_packs()} - {p.id for p in packs_at(followed_size())}
    assert told.count("comes with the ledger") == 2 * len(idle)  # at a glance, and in its section
    assert "Operator of the ledger" in told


def test_what_nobody_filled_in_comes_first_and_what_leaves_most_open_before_the_rest(seen_by):
    answer = seen_by("officer")
    told = answer.content.decode()
    unset = answer.context["unset"]

    assert {line.stated.parameter.key for line in unset} == {
        key
        for pack in packs_at(followed_size())
        for key, parameter in pack.parameters.items()
        if parameter.versions[-1].verification == "unset"
    }
    assert told.index("Still not filled in") < told.index("Packs at a glance")
    counts = [line.decided.findings if line.decided else 0 for line in unset]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0


@pytest.mark.parametrize("login", ["officer", "rival", "operator", "secretary"])
def test_findings_are_counted_as_they_were_kept_and_only_where_one_may_see_the_lot(login, seen_by):
    organization = User.objects.get(username=login).membership.organization_id
    lots = set(seeing.lots_seen_by(organization).values_list("pk", flat=True))
    clubs = {"", *clubs_of(organization).values_list("pk", flat=True)}
    rows = [
        row
        for row in Assessment.objects.filter(is_current=True)
        if row.lot in lots and row.club in clubs
    ]

    counted = counted_findings(organization)

    by_hand = cited_by_hand(rows)
    assert {key: one.findings for key, one in counted.by_key.items()} == {
        key: len(found) for key, found in by_hand.items()
    }
    assert counted.read == counted.total == len(rows) < NEWEST
    for key in (NATIONS, OVERDRAFT):
        assert {row.lot for row in assessments_citing(key, organization)} == {
            lot for lot, _, _ in by_hand.get(key, ())
        }
    page = seen_by(login, PAGE, NATIONS)
    assert {one.assessment.lot for one in page.context["resting"]} == {
        lot for lot, _, _ in by_hand.get(NATIONS, ())
    }


def test_a_rival_reads_the_same_rules_and_nothing_of_anybodys_lots(seen_by):
    told = seen_by("rival", PAGE, NATIONS).content.decode()

    assert "CN, IR, KP, RU" in told
    assert CONCENTRATE not in told
    assert "copper-club" not in told
    assert "Copper buyers" not in seen_by("rival").content.decode()
    assert CATHODE in seen_by("officer", PAGE, NATIONS).content.decode()
    clubs = {row.club for row in assessments_seen_by("lakeshore-cells")}
    assert clubs == {""}


@pytest.mark.parametrize(
    ("login", "status", "counts"),
    [
        ("officer", 200, True),
        ("operator", 200, True),
        ("registrar", 200, False),  # records certificates, reads no verdicts
        ("miner", 403, False),
        ("accountant", 403, False),
    ],
)
def test_the_pages_are_for_those_whose_work_the_rules_are(login, status, counts, seen_by):
    for answer in (seen_by(login), seen_by(login, PAGE, NATIONS)):
        assert answer.status_code == status
    if status == 200:
        assert (seen_by(login).context["counts"] is not None) is counts
        assert (seen_by(login, PAGE, NATIONS).context["page"] is not None) is counts


def test_without_an_organization_the_rules_are_shown_and_nothing_is_counted(seen_by):
    answer = seen_by("nobody")

    assert answer.status_code == 200
    assert answer.context["counts"].total == 0
    assert not answer.context["counts"].by_key


def test_nobody_gets_in_without_a_login(client):
    assert client.get(reverse(BOOK)).status_code == 302
    assert client.get(reverse(PAGE, args=[NATIONS])).status_code == 302


def test_a_parameter_that_no_pack_has_is_not_found(seen_by):
    assert seen_by("officer", PAGE, "irma.colour").status_code == 404


@pytest.mark.parametrize(
    ("asked", "some", "others"),
    [
        ({"pack": "irma"}, {OVERDRAFT, "irma.levels"}, {NATIONS}),
        ({"pack": "irma", "status": "unset"}, {OVERDRAFT}, {"irma.levels", NATIONS}),
        ({"status": "secondary"}, {"irma.levels", NATIONS}, {OVERDRAFT}),
        (
            {"scheme": "The Copper Mark Assurance Process"},
            {"copper_mark.marks"},
            {OVERDRAFT, NATIONS},
        ),
        ({"pack": "none"}, set(), {OVERDRAFT, "irma.levels", NATIONS}),
        ({"status": "'; DROP"}, set(), {OVERDRAFT, "irma.levels", NATIONS}),
    ],
)
def test_parameters_are_filtered_by_pack_scheme_and_status(asked, some, others, seen_by):
    shown = keys_of(seen_by("operator", **asked))

    assert some <= shown
    assert not others & shown


def test_what_was_not_checked_for_half_a_year_is_listed(seen_by):
    packs, today = packs_at(followed_size()), timezone.localdate()
    old = {one.version.key for one in stale(overview(packs, (), on=today), on=today)}

    answer = seen_by("operator", status="stale")

    assert {one.version.key for one in answer.context["stale"]} == old
    assert keys_of(answer) == old
    assert bool(old) != ("within 180 days" in answer.content.decode())


def test_a_version_of_the_past_is_shown_when_asked_for_and_says_that_it_is_past(seen_by):
    tried, *_ = [
        row.digest
        for row in PackActivation.objects.filter(pack="irma")
        if row.digest not in {pack.digest for pack in shipped_packs()}
    ]

    answer = seen_by("operator", pack="irma", digest=tried)

    [part] = answer.context["parts"]
    assert part.booked.pack.digest == tried
    assert not part.booked.is_in_force
    assert "no longer in force" in answer.content.decode()
    [line] = [one for one in part.lines if one.stated.parameter.key == OVERDRAFT]
    assert line.stated.current.value == "forbidden"
    unknown = seen_by("operator", pack="irma", digest="0" * 64)
    assert all(part.booked.pack.digest != "0" * 64 for part in unknown.context["parts"])


def test_a_parameter_tells_when_what_it_says_was_changed(seen_by):
    answer = seen_by("operator", PAGE, OVERDRAFT)

    [(_, _, changes)] = answer.context["found"]
    values = [pack.parameters[OVERDRAFT].versions[-1].value for _, pack in changes]
    assert values == [None, "forbidden", None]  # the newest first
    [(_, _, unchanged)] = seen_by("operator", PAGE, "irma.levels").context["found"]
    assert len(unchanged) == 1


def test_a_clubs_own_value_is_shown_to_its_members_beside_the_packs(seen_by):
    key = "copper_mark.minimum_share"

    [own] = seen_by("officer", PAGE, key).context["clubs"]
    assert (own.club.pk, str(own.provision.value)) == ("copper-club", "0.75")
    assert "75 %" in seen_by("officer", PAGE, key).content.decode()
    assert not seen_by("rival", PAGE, key).context["clubs"]


def test_the_rulebook_asks_the_database_a_few_questions_whatever_there_is(seen_by):
    seen_by("operator")
    with CaptureQueriesContext(connection) as asked:
        seen_by("operator")

    assert len(asked) <= 30
