"""Registers and the calendar in a real browser, wide and narrow: import in two steps, days."""

import pytest
from playwright.sync_api import expect

from standards.following import follow_log
from standards.models import Certificate, RegistrySnapshot
from traceability.publishing import publish_checkpoint
from traceability.registering import record_as_service, statement_document

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FILE = (
    "name,facility,country,materials,level,status,from,to\n"
    "Kafue pit,kafue-north:pit,ZM,Cu,IRMA 50,completed,2025-06-01,2028-05-31\n"
    "Someone else,,PE,Cu,,in process,,\n"
)


def fill(page, path):
    page.set_input_files("#file", path)
    page.fill("#register", "irma")
    page.fill("#retrieved_at", "2026-02-01T10:00")
    page.select_option("#extent", "complete")
    page.fill("#title", "Published audits (invented)")
    page.fill("#url", "https://example.org/register")
    page.get_by_role("button", name="Compare").click()


def test_a_registrar_imports_a_register_in_two_steps(
    page, site, log_in, complaints, looked_at, tmp_path
):
    path = tmp_path / "audits.csv"
    log_in("operator")
    page.goto(f"{site}/admin/standards/registrysnapshot/")
    page.get_by_role("link", name="Import a copy").click()

    path.write_text(FILE.replace("ZM", "Zambia"))
    fill(page, path)
    expect(page.get_by_role("alert").get_by_text("line 2, country")).to_be_visible()
    expect(page.get_by_role("cell", name="line 2, country")).to_be_visible()
    looked_at("register-refused")

    path.write_text(FILE)
    fill(page, path)
    expect(page.get_by_text("2 added, 0 changed, 0 gone, 0 the same.")).to_be_visible()
    looked_at("register-compared")
    page.get_by_role("button", name="Accept and record").click()
    page.get_by_text("The copy is recorded as entry").wait_for()
    looked_at("register-accepted")

    publish_checkpoint()
    follow_log()
    page.goto(f"{site}/admin/standards/registrysnapshot/")
    looked_at("registers")
    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_role("heading", name="Published audits (invented)")).to_be_visible()
    expect(page.get_by_role("cell", name="Kafue pit")).to_be_visible()
    looked_at("register")
    page.goto(f"{site}/admin/standards/registryrow/")
    looked_at("register-rows")
    assert RegistrySnapshot.objects.count() == 1
    assert complaints == []


def test_the_calendar_and_its_neighbours_fit(page, site, log_in, complaints, looked_at):
    log_in("operator")
    author = Certificate.objects.values_list("author", flat=True).first()
    body = {"certificate": f"{author}:undated", "scheme": "irma", "facility": "kafue-north:pit"}
    told = {"published_on": "2026-01-15", "level": "IRMA 50", "materials": ["Cu"]}
    document = statement_document(
        kind="standards.certificate", author=author, effective="2026-01-20", body=body | told
    )
    record_as_service([document])
    publish_checkpoint()
    follow_log()

    page.goto(f"{site}/admin/standards/reminder/calendar/?until=2040-12-31")
    expect(page.get_by_role("heading", name="Cannot be told")).to_be_visible()
    looked_at("calendar")
    page.select_option("select[name=kind]", "expiry")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".l-table").get_by_text("Surveillance due")).to_have_count(0)
    page.get_by_role("link", name="Reminders").last.click()
    page.wait_for_url("**/standards/reminder/")
    looked_at("reminders")
    page.goto(f"{site}/admin/standards/certificate/")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url("**/certificate/*/change/")
    looked_at("certificate")
    page.goto(f"{site}/admin/standards/declaration/")
    looked_at("declarations")
    assert complaints == []
