"""The officer's pages: the work list, the page of a lot, certificates and policies."""

from datetime import date

import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from standards.models import (
    Certificate,
    CertificateStatus,
    ClubPolicy,
    Flag,
    FlagDecision,
    Judgement,
)
from standards.reading import findings_on
from standards.veiling import veil_for
from tests.screens import CATHODE, CONCENTRATE, story_told
from traceability import tracing
from traceability.models import Lot, Membership, Reading
from traceability.streaming import Answers

pytestmark = pytest.mark.django_db
FIGURES = "0 % to 9.99 % of the Cu was mined in CA, MX, US; at least 50 % is needed."


@pytest.fixture(scope="module")
def story(django_db_setup, django_db_blocker, tmp_path_factory):
    with story_told(tmp_path_factory.mktemp("guard"), django_db_blocker) as guard:
        yield guard


@pytest.fixture(autouse=True)
def own_guard(story, settings):
    settings.GUARD_PATH = story


@pytest.fixture
def flag():
    return Flag.objects.get(lot=CATHODE, rule_id="B1")


def address(name, *arguments):
    return reverse(f"admin:{name}", args=arguments)


def text_of(response):
    return response.content.decode()


LIST = "standards_flag_changelist"


# ── the first page ────────────────────────────────────────────────────────────────────────


def test_the_first_page_tells_an_officer_what_is_due_and_how_the_lots_stand(as_person):
    flag = Flag.objects.filter(status="open").order_by("due_on", "id").first()
    told = text_of(as_person("officer").get(address("index")))

    assert FIGURES in told
    assert f'href="{address("standards_flag_change", flag.pk)}"' in told
    open_flags = Flag.objects.filter(severity=flag.severity, status="open").count()
    assert f'aria-label="{flag.severity}: {open_flags} ' in told
    assert "Seto Bay" not in told
    current = Judgement.objects.filter(is_current=True, verdict="fail").count()
    assert f"{current} fail" in told


@pytest.mark.parametrize("person", ["rival", "miner", "nobody", "registrar"])
def test_the_first_page_tells_nobody_else_of_the_clubs_lots(as_person, person):
    told = text_of(as_person(person).get(address("index")))

    assert CATHODE not in told
    assert FIGURES not in told


def test_a_flag_that_is_answered_leaves_the_first_page(as_person):
    flag = Flag.objects.filter(status="open").order_by("due_on", "id").first()
    client = as_person("officer")
    client.post(address("standards_flag_resolve", flag.pk), {"because": "waived by the board"})

    assert address("standards_flag_change", flag.pk) not in text_of(client.get(address("index")))


# ── flags ─────────────────────────────────────────────────────────────────────────────────


def test_the_work_list_tells_the_reason_with_its_figures(as_person):
    told = text_of(as_person("officer").get(address(LIST)))

    assert FIGURES in told
    assert "9999 kg of Cu came out of 9000 kg" in told


def test_a_name_that_was_not_opened_is_in_no_reason(as_person):
    told = text_of(as_person("officer").get(address(LIST)))

    assert "a site in Japan (name not opened)" in told
    assert "Seto Bay" not in told
    assert "Seto Bay smelter" in text_of(as_person("operator").get(address(LIST)))


@pytest.mark.parametrize("person", ["rival", "miner", "nobody", "registrar"])
def test_a_flag_of_a_club_one_is_not_in_is_not_found(as_person, person, flag):
    for name in ("change", "acknowledge", "resolve"):
        page = address(f"standards_flag_{name}", flag.pk)
        client = as_person(person)
        asked = client.get(page) if name == "change" else client.post(page, {"because": "x"})
        assert asked.status_code in (403, 404)
    flag.refresh_from_db()
    assert flag.status == Flag.Status.OPEN


def test_a_rivals_officer_gets_404_and_not_403(as_person, flag):
    assert as_person("rival").get(address("standards_flag_change", flag.pk)).status_code == 404
    assert as_person("rival").get(address("standards_flag_change", 999_999)).status_code == 404


def test_flags_are_acknowledged_in_bulk_and_the_message_counts_those_skipped(as_person, flag):
    Flag.objects.filter(pk=flag.pk).update(status=Flag.Status.ACKNOWLEDGED)
    chosen = list(Flag.objects.filter(lot=CATHODE).values_list("pk", flat=True))

    done = as_person("officer").post(
        address(LIST), {"action": "acknowledge", "_selected_action": chosen}, follow=True
    )

    assert f"Acknowledged {len(chosen) - 1} of {len(chosen)} selected flags." in text_of(done)
    assert not Flag.objects.filter(lot=CATHODE, status=Flag.Status.OPEN).exists()


def test_who_may_only_read_sees_no_action_and_no_button(as_person, flag):
    assert "Acknowledge" not in text_of(as_person("secretary").get(address(LIST)))
    page = text_of(as_person("secretary").get(address("standards_flag_change", flag.pk)))
    assert "/acknowledge/" not in page
    assert "/resolve/" not in page
    refused = as_person("secretary").post(address("standards_flag_acknowledge", flag.pk))
    assert refused.status_code == 403


def test_a_flag_is_acknowledged_from_its_page_and_gets_an_owner(as_person, flag):
    client = as_person("officer")

    done = client.post(address("standards_flag_acknowledge", flag.pk), follow=True)

    flag.refresh_from_db()
    assert (flag.status, flag.owner.username) == (Flag.Status.ACKNOWLEDGED, "officer")
    assert "Acknowledged 1 of 1 selected flag." in text_of(done)


def test_a_flag_is_resolved_with_a_reason_and_the_person_who_gave_it(as_person, flag):
    because = "The supplier ships from another mine from June."

    as_person("officer").post(address("standards_flag_resolve", flag.pk), {"because": because})

    flag.refresh_from_db()
    decision = flag.decisions.get(decision=FlagDecision.Decision.RESOLVED)
    assert flag.status == Flag.Status.RESOLVED
    assert decision.because == because
    assert decision.by == Membership.objects.get(user__username="officer").pseudonym
    assert because in text_of(as_person("officer").get(address("standards_flag_change", flag.pk)))


def test_a_flag_is_not_resolved_without_a_reason(as_person, flag):
    done = as_person("officer").post(
        address("standards_flag_resolve", flag.pk), {"because": "  "}, follow=True
    )

    flag.refresh_from_db()
    assert flag.status == Flag.Status.OPEN
    assert "The flag is resolved." not in text_of(done)


def test_what_is_answered_leaves_the_work_list_until_asked_for(as_person, flag):
    Flag.objects.filter(pk=flag.pk).update(status=Flag.Status.CLOSED)

    def listed(**asked):
        found = as_person("officer").get(address(LIST), asked).context["cl"].result_list
        return flag.pk in {one.pk for one in found}

    assert not listed()
    assert listed(status="closed")
    assert listed(status="every")
    assert not listed(status="open")


@pytest.mark.parametrize("name", [LIST, "traceability_lot_changelist"])
def test_a_list_takes_as_many_queries_for_one_row_as_for_all(as_person, name):
    client = as_person("operator")

    def queries(search):
        with CaptureQueriesContext(connection) as captured:
            client.get(address(name), {"q": search})
        return len(captured)

    assert queries("") == queries(CATHODE)


# ── the page of a lot ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def page(as_person):
    def read(person, lot=CATHODE):
        return text_of(as_person(person).get(address("traceability_lot_change", lot)))

    return read


def test_the_page_of_a_lot_gives_verdict_reason_and_figures(page):
    told = page("officer")

    assert "Copper buyers" in told
    assert FIGURES in told
    assert "at least 50 %" in told
    assert "\N{MINUS SIGN}50 %" in told
    assert f"origin of lot {CATHODE}" in told
    assert "secondary source" in told


def test_the_page_of_a_lot_gives_five_answers_and_none_it_does_not_have(page):
    told = page("officer")

    for question in ("Mined in", "Processed in", "Customs origin", "Value added", "Controlled by"):
        assert question in told
    assert "<b>90.01 %</b> Zambia" in told
    assert "<b>9.99 %</b> origin not known" in told
    assert "not asked yet" in told
    assert told.count("not in this record") == 2


def test_the_picture_of_the_way_can_be_read_aloud_and_in_a_table(page):
    told = page("officer")

    assert '<svg class="l-flow' in told
    assert "The way of the Cu into this lot" in told
    assert "90.01 % Zambia; 9.99 % Not known. The table below says the same in words." in told
    assert 'aria-label="smelting, Japan, name not opened, 100 %, 9.999 t: does not conform"' in told
    assert "more came out than went in" in told
    assert "Copper Mark (awarded)" in told


@pytest.fixture
def way(as_person):
    def read(person, opened="", lot=CATHODE, mineral="Cu"):
        page = address("traceability_lot_way", lot, mineral)
        return as_person(person).get(page, {"open": opened} if opened else {})

    return read


def test_the_way_has_a_page_of_its_own_that_leaves_a_reading(way):
    assert "The way of the Cu" in text_of(way("officer"))
    [reading] = Reading.objects.filter(lot=CATHODE, what="way")
    assert (reading.reader, reading.owner) == ("prairie-motors", "seto-bay")


@pytest.mark.parametrize("person", ["rival", "nobody", "registrar"])
def test_the_way_of_a_lot_one_may_not_see_is_not_found(way, person):
    assert way(person, lot=CONCENTRATE).status_code == 404
    assert way(person, lot="seto-bay:NO-SUCH-LOT").status_code == 404
    assert not Reading.objects.exists()


def test_the_way_of_a_metal_that_is_not_in_the_lot_is_not_found(way):
    assert way("officer", mineral="Ni").status_code == 404


GUESSES = [
    "",
    "sources/ZM",
    "sources/ZM/kafue-north:pit",
    "sources/ZM/closed-",
    "smelting/JP/seto-bay:smelter",
    "smelting/rest",
]


@pytest.mark.parametrize("opened", GUESSES)
def test_whatever_is_opened_nothing_that_is_not_open_is_told(way, opened):
    """No name, no id, no place of an upstream hop; a guess looks like any other miss."""
    told = text_of(way("officer", opened))
    told = told.replace(CATHODE, "").replace(quote(CATHODE), "")

    for name in ("Kafue", "kafue", "Seto Bay", "seto-bay", "CON-001", "smelter", "-12.4", "133.9"):
        assert name not in told, name
    assert "Zambia" in told
    assert "Japan" in told
    assert text_of(way("operator")).count("Kafue North pit") > 0


def test_the_page_of_a_lot_tells_of_no_place_upstream_but_its_country(page):
    told = page("officer")
    journey = told[told.index('id="journey"') :]
    journey = journey[: journey.index("</section>")]

    assert "Zambia (name not opened)" in journey
    assert "Japan (name not opened)" in journey
    for hidden in ("Kafue", "Seto", "Beira", "Naoshima", "-12.4", "133.9", "km</td>"):
        assert hidden not in journey, hidden
    for open_ in ("Kafue North pit", "Seto Bay smelter", "Beira, Mozambique", "km</td>"):
        assert open_ in page("operator")


@pytest.mark.parametrize("name", ["traceability_lot_change", "traceability_lot_way"])
def test_the_history_of_a_lot_is_read_once_for_all_pictures_of_a_page(as_person, name, monkeypatch):
    arguments = (CATHODE, "Cu") if name.endswith("way") else (CATHODE,)
    asked = []

    class Noted(Answers):
        def __init__(self, *calls, **more):
            asked.extend(function for function, _ in calls)
            super().__init__(*calls, **more)

    monkeypatch.setattr(tracing, "Answers", Noted)
    as_person("officer").get(address(name, *arguments))

    assert asked == ["ledger_ancestry"]


def test_a_history_too_large_to_draw_is_not_drawn_and_says_so(page, way, monkeypatch):
    monkeypatch.setattr("standards.ways.MOST_PARCELS", 0)

    assert "its history is too large to draw" in page("officer")
    told = text_of(way("officer"))
    assert "its history is too large to draw" in told
    assert "l-wayflow" not in told


def test_a_guessed_key_answers_like_one_that_means_nothing(way):
    def body(opened):
        told = text_of(way("officer", opened))
        return told[told.index("l-way") : told.index("</article>")]

    assert body("sources/ZM/kafue-north:pit") == body("sources/ZM/nothing:here")


def test_the_origin_of_each_metal_is_a_bar_in_the_colours_of_its_picture(as_person):
    answer = as_person("officer").get(address("traceability_lot_change", CATHODE))
    [copper] = answer.context["origins"]

    assert [one for one, _ in copper.bar] == list(copper.mined_in)
    assert sum(part.width for _, part in copper.bar) == 360
    drawn = {(key.colour, key.look) for key in copper.way.keys}
    for one, _ in copper.bar:
        assert (one.colour, one.look) in drawn or one.look in ("recycled", "unknown")
    label = ", ".join(f"{one.share_text} {one.label}" for one in copper.mined_in)
    assert f'aria-label="Origin of the Cu: {label}"' in text_of(answer)


def test_upstream_names_are_shown_to_the_operator_alone(page):
    hidden, open_ = page("officer"), page("operator")

    for name in ("Kafue North pit", "Seto Bay smelter", "kafue-north:pit"):
        assert name not in hidden
        assert name in open_ or name == "kafue-north:pit"


def test_a_company_outside_the_club_reads_findings_but_no_verdict_of_the_club(page):
    told = page("accountant")

    assert "Copper buyers" not in told
    assert "what is so, whoever judges" in told
    assert "Flags on this lot" not in told


@pytest.mark.parametrize("person", ["accountant", "rival"])
def test_the_first_page_counts_the_lots_a_company_holds_itself(as_person, person):
    mine = Membership.objects.get(user__username=person).organization_id
    held = Lot.objects.filter(custodian=mine, state="held", amount__gt=0).count()

    told = as_person(person).get(address("index")).context["lots"]

    assert told == {"held": held, "coming": 0, "leaving": 0}
    assert held > 0


def test_findings_nobody_judged_are_grouped_and_what_waits_for_a_value_is_not_opened(as_person):
    answer = as_person("accountant").get(address("traceability_lot_change", CATHODE))
    [copper] = [one for one in answer.context["unjudged"] if one.mineral == "Cu"]
    groups = (copper.refuted, copper.open, copper.unset, copper.met, copper.silent)
    told = [row.rule_id for group in groups for row in group]

    assert sorted(told) == sorted(row.rule_id for row in findings_on(CATHODE, "seto-bay")["Cu"])
    assert "B1" in [row.rule_id for row in copper.unset]
    assert all(row.verdict == "fail" for row in copper.refuted)
    assert all(row.finding.outcome == "not_applicable" for row in copper.silent)
    assert f"{len(copper.unset)} wait for a value" in text_of(answer)
    opened = text_of(answer).count('class="l-finding" open')
    assert opened == sum(len(one.refuted) for one in answer.context["unjudged"])


def test_the_lot_list_shows_the_worst_verdict_of_each_club_and_filters_by_it(as_person):
    client, name = as_person("officer"), "traceability_lot_changelist"

    assert "copper-club: fail" in text_of(client.get(address(name)))
    assert client.get(address(name), {"verdict": "pass"}).context["cl"].result_count == 0
    assert client.get(address(name), {"verdict": "fail"}).context["cl"].result_count > 0
    assert "copper-club" not in text_of(as_person("accountant").get(address(name)))


# ── certificates, policies, packs ─────────────────────────────────────────────────────────


def test_a_certificate_shows_its_timeline_with_both_times(as_person):
    certificate = Certificate.objects.get()
    told = text_of(
        as_person("registrar").get(address("standards_certificate_change", certificate.pk))
    )

    assert "Status, and since when we know" in told
    assert f"Known from entry {certificate.index}" in told
    assert "awarded" in told


def test_a_renewal_on_its_way_does_not_hide_that_a_certificate_is_suspended(as_person):
    certificate = Certificate.objects.get()
    for place, word in enumerate(("suspended", "renewal_stage_2_done")):
        CertificateStatus.objects.create(
            index=900_000 + place,
            entry="0" * 64,
            certificate=certificate.certificate,
            status=word,
            effective_from=date(2026, 1, 1 + place),
        )
    client = as_person("registrar")
    list_row = client.get(address("standards_certificate_changelist")).context["cl"].result_list[0]
    page = client.get(address("standards_certificate_change", certificate.pk)).context

    assert list_row.status == page["certificate"].status == "suspended"
    assert [one.is_positive for one in page["timeline"]] == [True, False, True]


def test_a_certificate_of_a_site_whose_name_is_closed_is_not_listed(as_person):
    client = as_person("officer")

    assert client.get(address("standards_certificate_changelist")).context["cl"].result_count == 0
    page = address("standards_certificate_change", Certificate.objects.get().pk)
    assert client.get(page).status_code == 404


def test_a_policy_is_a_table_of_requirements_and_values(as_person):
    policy = ClubPolicy.objects.get()
    told = text_of(as_person("officer").get(address("standards_clubpolicy_change", policy.pk)))

    for row in policy.form["requirements"]:
        assert row["rule_id"] in told
    assert policy.digest in told
    assert "critical" in told
    rival = as_person("rival").get(address("standards_clubpolicy_change", policy.pk))
    assert rival.status_code == 404


def test_rule_packs_are_listed_by_their_digest(as_person):
    told = as_person("officer").get(address("standards_packactivation_changelist"))

    assert told.context["cl"].result_count > 0


# ── the veil ──────────────────────────────────────────────────────────────────────────────


def test_the_veil_keeps_ones_own_names_and_hides_those_of_others():
    sentence = f"Metal of {CONCENTRATE} left Kafue North pit (kafue-north:pit) for seto-bay:smelter"

    assert (
        veil_for("kafue-north", [sentence])
        .text(sentence)
        .startswith(f"Metal of {CONCENTRATE} left")
    )
    hidden = veil_for("prairie-motors", [sentence]).text(sentence)
    assert hidden.startswith("Metal of an upstream lot left")
    assert "kafue-north" not in hidden
    assert "seto-bay" not in hidden
    assert "a site in Japan (name not opened)" in hidden


def test_the_veil_hides_what_it_does_not_know():
    told = "rests on elsewhere:CERT-1"

    assert (
        veil_for("prairie-motors", [told]).text(told) == "rests on a record that is not open to you"
    )
