"""Registers, declarations and certificates in full in the admin: who sees them, who imports."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from standards.following import follow_log
from standards.importing import DRAFTS_LAST
from standards.models import Certificate, Declaration, RegistrySnapshot, Reminder, SnapshotDraft
from tests.screens import CATHODE, tell_story
from traceability.models import Entry, Reading, ServiceKey, StatementText
from traceability.publishing import publish_checkpoint
from traceability.registering import record_as_service, statement_document

pytestmark = pytest.mark.django_db(transaction=True)
LIST, IMPORT = "standards_registrysnapshot_changelist", "standards_registrysnapshot_import"
FILE = (
    "name,facility,country,materials,level,status\n"
    "Kafue pit,kafue-north:pit,ZM,Cu,IRMA 50,completed\n"
    "Someone else,,PE,Cu,,in process\n"
)
FORM = {
    "register": "irma",
    "retrieved_at": "2026-02-01T10:00",
    "extent": "complete",
    "title": "Published audits (invented)",
    "url": "https://example.org/register",
}


@pytest.fixture
def story(django_db_setup, transactional_db, tmp_path, settings):

    settings.GUARD_PATH = str(tmp_path / "checkpoint")
    tell_story()


@pytest.fixture
def as_person(as_person, story):
    return as_person


def address(name, *arguments):
    return reverse(f"admin:{name}", args=arguments)


def text_of(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def uploaded(client, content=FILE, **changes):
    file = SimpleUploadedFile("audits.csv", content.encode(), "text/csv")
    return client.post(address(IMPORT), {"file": file} | FORM | changes, follow=True)


def follow():
    publish_checkpoint()
    follow_log()


def said(kind, author, body, effective="2026-03-02"):
    document = statement_document(kind=kind, author=author, effective=effective, body=body)
    [outcome] = record_as_service([document])
    follow()
    return outcome


# ── importing ─────────────────────────────────────────────────────────────────────────────


def test_a_registrar_uploads_compares_and_accepts(as_person):
    client = as_person("registrar")
    assert "Import a copy" in text_of(client.get(address(LIST)))

    page = text_of(uploaded(client))
    assert "The first copy of this register" in page
    assert "2 added, 0 changed, 0 gone, 0 the same." in page
    assert "Kafue pit" in page
    assert not Entry.objects.filter(kind="standards.snapshot").exists()

    draft = SnapshotDraft.objects.get()
    done = client.post(
        address("standards_registrysnapshot_compare", draft.pk), {"basis": ""}, follow=True
    )
    assert "The copy is recorded as entry" in text_of(done)
    assert not SnapshotDraft.objects.exists()
    follow()
    kept = RegistrySnapshot.objects.get()
    assert kept.entry == Entry.objects.get(kind="standards.snapshot").hash
    jws = StatementText.objects.get(
        recorded_order=Entry.objects.get(kind="standards.snapshot").recorded_order
    )
    assert jws is not None
    page = text_of(client.get(address("standards_registrysnapshot_change", kept.pk)))
    assert "kafue-north:pit" in page  # its own statement


def test_the_next_copy_shows_what_changed_and_what_it_does_not_bear_out(as_person):
    client = as_person("registrar")
    uploaded(client)
    draft = SnapshotDraft.objects.get()
    client.post(address("standards_registrysnapshot_compare", draft.pk), {"basis": ""})
    follow()

    second = FILE.replace("IRMA 50", "IRMA 75").replace("Someone else", "Another")
    page = text_of(uploaded(client, second, retrieved_at="2026-02-02T10:00", title="", url=""))

    assert "1 added, 1 changed, 1 gone, 0 the same." in page
    assert "<del>IRMA 50</del> → <ins>IRMA 75</ins>" in page
    [draft] = SnapshotDraft.objects.all()
    stale = client.post(
        address("standards_registrysnapshot_compare", draft.pk), {"basis": ""}, follow=True
    )
    assert "was recorded meanwhile" in text_of(stale)
    assert RegistrySnapshot.objects.count() == 1


def test_what_is_wrong_with_a_file_is_told_with_its_places_and_nothing_is_kept(as_person):
    client = as_person("registrar")

    page = text_of(uploaded(client, FILE.replace("kafue-north:pit", "nobody:mine")))
    assert "line 2, facility" in page
    assert "there is no facility nobody:mine on this ledger" in page
    assert 'value="irma"' in page  # what was typed is still there
    assert "(bad_register)" in page
    assert "(register_head_wrong)" in text_of(uploaded(client, extent=""))
    missing = client.post(address(IMPORT), FORM)
    assert "it is empty" in text_of(missing)
    assert not SnapshotDraft.objects.exists()


def test_an_upload_is_its_organizations_and_is_given_up_or_forgotten(as_person):
    client = as_person("registrar")
    uploaded(client)
    draft = SnapshotDraft.objects.get()
    page = address("standards_registrysnapshot_compare", draft.pk)

    assert as_person("operator").get(page).status_code == 404
    give_up = address("standards_registrysnapshot_give_up", draft.pk)
    assert as_person("operator").post(give_up).status_code == 404
    assert "nothing was recorded" in text_of(as_person("registrar").post(give_up, follow=True))
    assert not SnapshotDraft.objects.exists()

    uploaded(client)
    SnapshotDraft.objects.update(uploaded_at=timezone.now() - DRAFTS_LAST * 2)
    uploaded(client)
    assert SnapshotDraft.objects.count() == 1


def test_a_registrar_with_a_key_of_its_own_takes_the_statement_and_signs_it(as_person):
    client = as_person("registrar")
    ServiceKey.objects.filter(organization_id="assurance-desk").delete()
    assert "Take the statement to sign" in text_of(uploaded(client))
    draft = SnapshotDraft.objects.get()

    taken = client.get(address("standards_registrysnapshot_statement", draft.pk))

    told = taken.json()
    assert (told["kind"], told["author"]) == ("standards.snapshot", "assurance-desk")
    assert "attachment" in taken["Content-Disposition"]
    refused = client.post(
        address("standards_registrysnapshot_compare", draft.pk), {"basis": ""}, follow=True
    )
    assert "Sign the statement with the organization" in text_of(refused)  # no other way about it
    SnapshotDraft.objects.update(said=draft.said | {"complete": None})
    gone = client.get(address("standards_registrysnapshot_statement", draft.pk), follow=True)
    assert "Nobody says `complete` of this copy." in text_of(gone)


@pytest.mark.parametrize("person", ["officer", "secretary", "accountant", "miner", "nobody"])
def test_who_may_not_import_is_not_offered_it_and_not_let_in(as_person, person):
    client = as_person(person)

    assert client.get(address(IMPORT)).status_code == 403
    assert uploaded(client).status_code == 403
    answer = client.get(address(LIST))
    assert "Import a copy" not in answer.content.decode() or person == "nobody"


def test_everybody_reads_a_register_but_a_match_only_where_its_name_is_open(as_person):
    client = as_person("registrar")
    uploaded(client)
    draft = SnapshotDraft.objects.get()
    client.post(address("standards_registrysnapshot_compare", draft.pk), {"basis": ""})
    follow()
    page = address("standards_registrysnapshot_change", RegistrySnapshot.objects.get().pk)
    rows = address("standards_registryrow_changelist")

    for person, knows in (("operator", True), ("officer", False), ("rival", False)):
        told = text_of(as_person(person).get(page))
        assert "Kafue pit" in told
        assert ("kafue-north:pit" in told) == knows, person
        assert ("Kafue pit" in text_of(as_person(person).get(rows))) == knows, person


# ── declarations, certificates ────────────────────────────────────────────────────────────


def test_a_declaration_is_read_by_those_it_is_meant_for(as_person):
    body = {
        "declaration": "lakeshore-cells:d1",
        "form": "claims",
        "recipients": [{"organization": "copper-club"}],
        "claims": [
            {
                "scheme": "irma",
                "code": "site",
                "site": "kafue-north:pit",
                "wording": "From an audited mine.",
            }
        ],
    }
    said("standards.declaration", "lakeshore-cells", body)
    row = Declaration.objects.get()
    page, listed = (
        address("standards_declaration_change", row.pk),
        address("standards_declaration_changelist"),
    )

    for person in ("rival", "secretary", "operator"):
        assert "lakeshore-cells:d1" in text_of(as_person(person).get(listed)), person
        assert "From an audited mine." in text_of(as_person(person).get(page)), person
    assert Reading.objects.filter(what="declaration", owner="lakeshore-cells").exists()
    assert as_person("miner").get(listed).status_code == 403
    said("standards.declaration", "lakeshore-cells", body | {"withdrawn": True})
    row = Declaration.objects.order_by("-index").first()
    page = address("standards_declaration_change", row.pk)
    assert "withdrawn" in text_of(as_person("secretary").get(page))


def test_a_rivals_declaration_is_not_there(as_person):
    body = {
        "declaration": "prairie-motors:d1",
        "form": "attestation",
        "answers": [{"question": "child_labour", "answer": "no", "text": "None."}],
    }
    said("standards.declaration", "prairie-motors", body)
    page = address("standards_declaration_change", Declaration.objects.get().pk)

    assert "child labour" in text_of(as_person("officer").get(page))
    assert as_person("rival").get(page).status_code == 404
    assert "prairie-motors:d1" not in text_of(
        as_person("rival").get(address("standards_declaration_changelist"))
    )


def test_a_certificate_shows_what_was_found_and_which_documents_support_it(as_person):
    author = Certificate.objects.values_list("author", flat=True).first()
    body = {
        "certificate": f"{author}:full",
        "scheme": "irma",
        "facility": "kafue-north:pit",
        "standard_code": "irma_mining",
        "level": "IRMA 50",
        "assessor": {"name": "Careful Audits", "level": "third_party"},
        "next_action_on": "2027-03-01",
        "supersedes": [f"{author}:before"],
        "outcomes": [
            {"kind": "area", "code": "business_integrity", "score_percent": "72.5"},
            {
                "kind": "critical_requirement",
                "code": "1.1.1.1",
                "rating": "substantially",
                "plan": {"due_on": "2026-12-20"},
            },
        ],
        "complaints": [{"reference": "2026-007", "opened_on": "2026-02-01"}],
        "status": "published",
    }
    said("standards.certificate", author, body)
    row = Certificate.objects.get(certificate=f"{author}:full")

    page = text_of(as_person("operator").get(address("standards_certificate_change", row.pk)))

    for told in (
        "Careful Audits",
        "third party",
        "72.5 %",
        "due on Dec. 20, 2026",
        "2026-007",
        f"{author}:before",
        "March 1, 2027",
        "Nobody said whether documents support it.",
    ):
        assert told in page, told


# ── the calendar ──────────────────────────────────────────────────────────────────────────


def test_the_calendar_tells_what_is_stated_and_what_nobody_has_filled_in(as_person):
    client = as_person("registrar")
    uploaded(client)
    draft = SnapshotDraft.objects.get()
    client.post(address("standards_registrysnapshot_compare", draft.pk), {"basis": ""})
    follow()
    client = as_person("operator")
    page = text_of(client.get(address("standards_reminder_calendar"), {"until": "2040-12-31"}))

    certificate = Certificate.objects.exclude(valid_until=None).first()
    assert certificate.certificate in page
    assert "Cannot be told" in page
    assert "missing: a value of" in page
    assert CATHODE in page
    narrowed = client.get(address("standards_reminder_calendar"), {"kind": "declaration"})
    assert "Nothing runs out and nothing falls due." in text_of(narrowed)
    wrong = client.get(address("standards_reminder_calendar"), {"until": "soon"})
    assert "soon is no calendar day." in text_of(wrong)


def test_the_calendar_is_for_those_who_may_view_it_and_shows_them_no_rivals_site(as_person):
    assert as_person("miner").get(address("standards_reminder_calendar")).status_code == 403
    assert as_person("nobody").get(address("standards_reminder_calendar")).status_code == 403
    told = text_of(as_person("rival").get(address("standards_reminder_calendar")))
    assert "kafue-north" not in told
    assert "Kafue" not in told


def test_reminders_are_the_organizations_own_and_say_whether_they_still_hold(as_person):
    for number, organization in enumerate(["prairie-motors", "lakeshore-cells"]):
        Reminder.objects.create(
            organization=organization,
            kind="expiry",
            about=f"assurance-desk:cert-{number}",
            detail="zinc",
            due_on="2026-11-20",
            days_before=30,
            because="its audit states this last day",
            reminded_at=timezone.now(),
        )
    page = text_of(as_person("officer").get(address("standards_reminder_changelist")))

    assert "assurance-desk:cert-0" in page
    assert "assurance-desk:cert-1" not in page
    assert "no more due" in page  # nothing of that name is on record
    assert "validity ends (zinc)" in page
    assert "Open the calendar" in page
