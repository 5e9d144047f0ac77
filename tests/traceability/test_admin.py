"""The ledger's admin: who sees what, that nothing can be changed, and what the pages say."""

import json
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.screens import CATHODE, CONCENTRATE, story_told
from traceability.admin.base import ReadOnlyAdmin
from traceability.keeping import log_verifier
from traceability.ledger.verification import verify_bundle
from traceability.models import Entry, Lot, Membership, Reading, Rejection
from traceability.templatetags.ledger import amount

pytestmark = pytest.mark.django_db
MODELS = ("organization", "facility", "key", "lot", "entry", "rejection", "reading", "membership")


@pytest.fixture(scope="module")
def story(django_db_setup, django_db_blocker, tmp_path_factory):
    with story_told(tmp_path_factory.mktemp("guard"), django_db_blocker) as guard:
        yield guard


@pytest.fixture(autouse=True)
def own_guard(story, settings):
    settings.GUARD_PATH = story


@pytest.fixture
def as_person(client):
    def login(name):
        client.force_login(
            User.objects.get(username=name), "django.contrib.auth.backends.ModelBackend"
        )
        return client

    return login


def address(model, page="changelist", *arguments):
    return reverse(f"admin:traceability_{model}_{page}", args=arguments)


def text_of(response):
    return response.content.decode()


@pytest.mark.parametrize("model", [*MODELS, "logstate"])
def test_the_operators_staff_see_every_list(as_person, model):
    assert as_person("operator").get(address(model)).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes_a_row(as_person, model):
    client = as_person("nobody")
    [options] = [
        one for kind, one in admin.site._registry.items() if kind._meta.model_name == model
    ]

    assert isinstance(options, ReadOnlyAdmin)
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "add"), {}).status_code == 403
    row = options.model.objects.first()
    if row is not None:
        assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code in (
            403,
            404,
        )


@pytest.mark.parametrize("model", MODELS)
def test_a_superuser_who_acts_for_no_organization_sees_no_row(as_person, model):
    response = as_person("nobody").get(address(model))

    assert response.status_code == 200
    assert response.context["cl"].result_count == 0


@pytest.mark.parametrize("model", MODELS)
def test_a_row_whose_name_none_can_have_is_not_found(as_person, model):
    assert as_person("operator").get(address(model, "change", "a\0b")).status_code == 404


def test_every_list_says_that_the_ledger_is_the_truth(as_person):
    assert "the ledger is the truth" in text_of(as_person("accountant").get(address("lot")))


# ── who sees what ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("person", ["officer", "registrar", "nobody"])
@pytest.mark.parametrize("lot", [CONCENTRATE, "seto-bay:NO-SUCH-LOT"])
def test_a_lot_one_may_not_see_is_like_one_that_does_not_exist(as_person, person, lot):
    client = as_person(person)

    assert client.get(address("lot", "change", lot)).status_code == 404
    assert client.get(address("lot", "bundle", lot)).status_code == 404
    assert client.post(address("lot", "verify", lot)).status_code == 404
    assert not Reading.objects.filter(lot=lot).exists()


def test_lists_hold_only_lots_one_may_see(as_person):
    def lots(person):
        response = as_person(person).get(address("lot"))
        return {lot.pk for lot in response.context["cl"].result_list}

    assert CATHODE in lots("officer")
    assert CONCENTRATE not in lots("officer")
    assert lots("miner") == {CONCENTRATE}
    assert lots("operator") >= {CATHODE, CONCENTRATE}


def listed(client, query):
    answer = client.get(f"{address('lot')}?{query}")
    return answer.status_code, {lot.pk for lot in answer.context["cl"].result_list}


@pytest.mark.parametrize("person", ["miner", "accountant", "operator"])
@pytest.mark.parametrize(
    "query",
    [
        *("custodian=seto-bay", "custodian__startswith=s", "amount=1", "amount__gt=1"),
        *("facility=seto-bay:x", "consignee=seto-bay", "known_to__contains=x", "last_order__gt=0"),
        *("salt__startswith=0", "owners__0__parts=1", "state__exact=held", "material__gt=a"),
        *("nothing=1", "id__startswith=k"),
    ],
)
def test_a_list_is_filtered_by_what_it_offers_and_by_nothing_else(as_person, person, query):
    assert as_person(person).get(f"{address('lot')}?{query}").status_code == 400


def test_no_filter_and_no_order_tells_a_former_holder_how_a_lot_stands(as_person):
    miner, kept = as_person("miner"), Lot.objects.get(pk=CONCENTRATE)
    states = ("held", "in_transit", "exited")
    assert [listed(miner, f"state={one}")[1] for one in states].count({CONCENTRATE}) == 1
    sold = [{"owner": {"organization": kept.custodian}, "parts": 1}]
    Lot.objects.filter(pk=CONCENTRATE).update(owners=sold)

    told = text_of(miner.get(address("lot")))
    assert "passed on" in told
    assert amount(kept.amount, kept.unit) not in told
    page = text_of(miner.get(address("lot", "change", CONCENTRATE)))
    assert "passed on" in page
    assert amount(kept.amount, kept.unit) not in page
    for state in states:
        assert listed(miner, f"state={state}") == (200, set())
    assert listed(miner, "restated=yes") == (200, set())
    assert listed(miner, f"material={kept.material}&form__in={kept.form}")[1] == {CONCENTRATE}
    for column in range(1, 8):
        order = miner.get(f"{address('lot')}?o={column}").context["cl"].queryset.query.order_by
        assert not {"amount", "-amount", "state"} & {str(one) for one in order}

    operator = as_person("operator")
    assert CONCENTRATE in listed(operator, f"state={kept.state}")[1]
    assert amount(kept.amount, kept.unit) in text_of(operator.get(address("lot")))
    names = [*operator.get(address("lot")).context["cl"].list_display]
    sorted_by = names.index("how_much")
    ordered = operator.get(f"{address('lot')}?o={sorted_by}").context["cl"].result_list
    assert [lot.amount for lot in ordered] == sorted(lot.amount for lot in ordered)


def test_names_are_shown_only_where_they_were_opened(as_person):
    assert "Seto Bay" not in text_of(as_person("officer").get(address("lot", "change", CATHODE)))
    assert "name not opened" in text_of(as_person("officer").get(address("lot")))
    assert "Seto Bay Smelting" in text_of(as_person("accountant").get(address("lot")))
    assert "Kafue North" not in text_of(as_person("officer").get(address("facility")))


def test_a_statement_of_others_is_not_found(as_person):
    extraction = Entry.objects.get(kind="custody.extraction")

    assert as_person("officer").get(address("entry", "change", extraction.pk)).status_code == 404
    assert as_person("miner").get(address("entry", "change", extraction.pk)).status_code == 200


def test_refusals_are_shown_to_their_author_and_to_the_operator(as_person):
    refused = Rejection.objects.get(author="lakeshore-cells")
    page = address("rejection", "change", refused.pk)

    assert as_person("accountant").get(page).status_code == 404
    told = text_of(as_person("rival").get(page))
    assert refused.problem["hint"] in told.replace("&#x27;", "'")


def test_keys_and_people_are_those_of_ones_own_organization(as_person):
    keys = as_person("accountant").get(address("key")).context["cl"].result_list
    people = as_person("accountant").get(address("membership")).context["cl"].result_list

    assert {key.organization_id for key in keys} == {"seto-bay"}
    assert {one.organization_id for one in people} == {"seto-bay"}


def test_a_reading_of_anothers_lot_is_noted_and_shown_to_its_owner(as_person):
    as_person("officer").get(address("lot", "change", CATHODE))

    [reading] = Reading.objects.filter(lot=CATHODE, what="lot")
    assert (reading.reader, reading.owner) == ("prairie-motors", "seto-bay")
    assert reading.person == Membership.objects.get(user__username="officer").pseudonym
    shown = as_person("accountant").get(address("reading")).context["cl"].result_list
    assert [row.pk for row in shown] == [reading.pk]
    assert as_person("rival").get(address("reading")).context["cl"].result_count == 0


def test_ones_own_lot_leaves_no_reading(as_person):
    as_person("accountant").get(address("lot", "change", CATHODE))

    assert not Reading.objects.exists()


# ── the books of a site ───────────────────────────────────────────────────────────────────

SMELTER = "seto-bay:smelter"


@pytest.fixture
def books(as_person):
    def read(person, site=SMELTER, **period):
        page = address("facility", "balance", site)
        return as_person(person).get(page, {"from": "2026-01-01", "to": "2026-12-31"} | period)

    return read


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("accountant", 200),  # of the smelter itself
        ("operator", 200),
        ("miner", 404),
        ("officer", 404),
        ("rival", 404),
        ("registrar", 404),
        ("nobody", 404),
    ],
)
def test_the_books_of_a_site_are_not_found_by_those_who_may_not_read_them(books, person, status):
    assert books(person).status_code == status
    assert books(person, "seto-bay:no-such-site").status_code == 404


def test_books_add_up_in_figures_bars_and_words(books):
    told = text_of(books("accountant"))

    assert "Mass balance of Seto Bay smelter and refinery" in told
    assert "received 9 t; consumed \N{MINUS SIGN}9 t; produced 9.999 t" in told
    assert "Processing: 9 t went in and 9.999 t came out, 999 kg (11.1 %) more." in told
    assert told.count('<rect class="l-step') == 6
    assert "copper cathode" in told
    assert "from the first" in told


def test_a_period_with_nothing_in_it_says_so(books):
    told = text_of(books("accountant", **{"from": "2020-01-01", "to": "2020-12-31"}))

    assert "Nothing was there and nothing moved in this period." in told


def test_an_impossible_period_is_refused_with_a_hint(books):
    answer = books("accountant", **{"from": "2026-02-30"})

    assert answer.status_code == 400
    assert "Write both days as YYYY-MM-DD" in text_of(answer)


def test_a_reading_of_anothers_books_is_noted(books):
    books("accountant")
    assert not Reading.objects.exists()

    books("operator")
    [reading] = Reading.objects.filter(what="balance")
    assert (reading.owner, reading.lot) == ("seto-bay", SMELTER)


def test_the_page_of_a_site_offers_its_books_to_those_who_may_read_them(as_person):
    page = address("facility", "change", SMELTER)

    assert "Mass balance" in text_of(as_person("accountant").get(page))
    assert as_person("officer").get(page).status_code == 404
    told = text_of(as_person("accountant").get(page))
    for fact in ("Seto Bay smelter and refinery", "Japan", "34.46, 133.99", "smelter"):
        assert fact in told


# ── what pages say ────────────────────────────────────────────────────────────────────────


def test_a_statement_reads_line_by_line_with_its_place_in_the_record(as_person):
    extraction = Entry.objects.get(kind="custody.extraction")

    told = text_of(as_person("miner").get(address("entry", "change", extraction.pk)))

    assert extraction.hash in told
    assert "published" in told
    assert CONCENTRATE in told
    assert "none: its first" in told


@pytest.mark.parametrize("model", ["lot", "entry", "facility", "organization", "key"])
def test_a_list_takes_as_many_queries_for_one_row_as_for_all(as_person, model):
    client = as_person("operator")
    rows = client.get(address(model)).context["cl"].result_list
    one = getattr(rows[0], "hash", "") or rows[0].pk

    def queries(search):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found = client.get(address(model), {"q": search}).context["cl"].result_count
        return found, len(captured)

    every, few = queries(""), queries(one)
    assert every[0] > few[0] > 0
    assert every[1] == few[1]


def test_a_lot_is_verified_at_the_push_of_a_button(as_person):
    told = text_of(as_person("officer").post(address("lot", "verify", CATHODE)))

    assert "Verified just now" in told
    assert "Verified: unbroken as of size" in told
    assert told.count("<li>") >= 8


def test_a_verification_is_not_a_link_that_can_be_followed(as_person):
    assert as_person("officer").get(address("lot", "verify", CATHODE)).status_code == 405
    assert as_person("operator").get(address("logstate", "verify")).status_code == 405


def test_the_downloaded_bundle_verifies_and_holds_no_statement_of_others(as_person):
    response = as_person("officer").get(address("lot", "bundle", CATHODE))

    assert response["Content-Disposition"] == 'attachment; filename="seto-bay_CATH-014.bundle.json"'
    assert verify_bundle(response.content, verifiers=[log_verifier()]).is_verified
    assert b"Kafue" not in response.content
    assert Reading.objects.filter(what="bundle", reader="prairie-motors").exists()


def test_the_log_page_tells_that_the_guard_agrees(as_person):
    told = text_of(as_person("officer").get(address("logstate")))

    assert "agrees up to" in told
    assert log_verifier().vkey.replace("+", "&#x2B;") in told or log_verifier().vkey in told


def test_the_whole_log_is_verified_at_the_push_of_a_button(as_person):
    told = text_of(as_person("officer").post(address("logstate", "verify")))

    assert "every hash, signature and link" in told


def test_a_lost_guard_is_shown_and_fails_the_verification(as_person, settings, tmp_path):
    settings.GUARD_PATH = str(tmp_path / "elsewhere")

    assert "disagrees" in text_of(as_person("operator").get(address("logstate")))
    told = text_of(as_person("operator").post(address("logstate", "verify")))
    assert "damaged" in told
    assert "every hash, signature and link" not in told


def test_the_log_page_needs_its_permission(as_person):
    User.objects.get(username="officer").groups.clear()

    assert as_person("officer").get(address("logstate")).status_code == 403
    assert as_person("officer").post(address("logstate", "verify")).status_code == 403


def test_the_public_log_page_needs_no_account_and_no_script(client):
    response = client.get(reverse("log"))

    assert response.status_code == 200
    assert "<script" not in text_of(response)
    assert "unsafe" not in response["Content-Security-Policy"]
    newest = json.dumps(text_of(response))
    assert "demo.ledger.example" in newest
    assert "Kafue" not in newest


def test_styles_and_scripts_come_from_this_server_alone():
    folder = Path(__file__).parents[2]
    for page in [*folder.glob("*/templates/**/*.html"), *folder.glob("*/static/**/*.css")]:
        told = page.read_text()
        assert "<script" not in told, page
        assert " style=" not in told, page
        assert "//" not in told.replace("{#", ""), page


# ── what came of it ───────────────────────────────────────────────────────────────────────


def test_what_came_of_a_lot_is_one_click_away_and_tells_shares(as_person):
    client = as_person("operator")
    page = address("lot", "descendants", CONCENTRATE)
    assert "kafue-north_3ACON-001/descendants/" in text_of(
        client.get(address("lot", "change", CONCENTRATE))
    )

    told = text_of(client.get(page))

    assert CATHODE in told
    assert " %" in told
    assert "seto-bay" in told


@pytest.mark.parametrize("person", ["officer", "registrar", "nobody"])
def test_what_came_of_a_lot_one_may_not_see_is_not_found(as_person, person):
    page = address("lot", "descendants", CONCENTRATE)
    assert as_person(person).get(page).status_code == 404


def test_a_facility_tells_what_is_hit_if_it_is_out_from_a_day_on(as_person):
    page = address("facility", "change", "kafue-north:pit")
    client = as_person("operator")

    assert "If it were out" in text_of(client.get(page))
    hit = text_of(client.get(page, {"from": "2026-01-01"}))
    assert CONCENTRATE in hit
    assert CATHODE in hit
    assert "No lot" in text_of(client.get(page, {"from": "2126-01-01"}))
    refused = text_of(client.get(page, {"from": "yesterday"}))
    assert "is no calendar day" in refused
    assert as_person("officer").get(page).status_code == 404


def test_a_recall_in_the_admin_is_shown_to_the_owners_of_what_was_read(as_person):
    page = address("facility", "change", "kafue-north:pit")
    as_person("operator").get(page, {"from": "2026-01-01"})

    noted = Reading.objects.filter(what="recall", lot="kafue-north:pit")
    assert {one.owner for one in noted} >= {"seto-bay"}
    shown = as_person("accountant").get(address("reading")).context["cl"].result_list
    assert "kafue-north:pit" in {row.lot for row in shown}
