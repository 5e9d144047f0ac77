"""Closing a period in a real browser, wide and narrow: look at what is frozen, then confirm."""

import pytest
from playwright.sync_api import expect

from standards.following import follow_log
from standards.known import operator_id
from standards.models import Account, ClosedPeriod
from traceability.keeping import keep_new_key
from traceability.models import Membership
from traceability.publishing import publish_checkpoint
from traceability.registering import enrolment, record_as_service, statement_document

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def say(kind, author, body, on="2026-01-01"):
    document = statement_document(kind=kind, author=author, effective=on, body=body)
    record_as_service([document])


@pytest.fixture
def account(site):
    """Let a works whose key the service holds open an account; its first period is long over."""
    key = keep_new_key("tide-works")
    person = {"organization": "tide-works", "name": "Tide Works (invented)", "country": "CA"}
    person |= {"roles": ["company"], "key": enrolment(key, "tide-works", held_by="service")}
    say("registry.organization", operator_id(), person)
    works = {"facility": "tide-works:one", "name": "Works One", "types": ["smelter"]}
    works |= {"country": "CA", "operator": {"organization": "tide-works"}}
    say("registry.facility", "tide-works", works)
    opened = {
        "account": "tide-works:cu",
        "facilities": ["tide-works:one"],
        "element": "Cu",
        "scheme": "irma",
        "tier": "IRMA 50",
        "method": "credit",
        "begins": "2026-01-01",
        "months": 3,
    }
    stock = {
        "facility": "tide-works:one",
        "reason": "opening_stock",
        "lot": {
            "lot": "tide-works:heel",
            "material": "copper_cathode",
            "form": "cathode",
            "quantity": {"value": "12500", "unit": "kg", "basis": "dry"},
            "owners": [{"owner": {"organization": "tide-works"}, "parts": 1}],
            "assays": [{"element": "Cu", "value": "99.9", "unit": "percent", "basis": "dry"}],
        },
    }
    say("custody.introduction", "tide-works", stock, on="2026-01-02T10:00:00-05:00")
    say("standards.account", "tide-works", opened)
    Membership.objects.filter(user__username="accountant").update(organization_id="tide-works")
    publish_checkpoint()
    follow_log()
    return Account.objects.get(account="tide-works:cu")


def test_an_accountant_closes_a_period_in_two_steps(page, account, log_in, complaints, looked_at):
    log_in("accountant", f"/admin/standards/account/{account.pk}/change/")
    expect(page.get_by_text("nothing: no origin is declared")).to_be_visible()
    looked_at("account")
    page.get_by_role("link", name="Close the period until March 31, 2026").click()
    expect(page.get_by_role("heading", name="What will be frozen")).to_be_visible()
    looked_at("account-close")
    page.get_by_role("link", name="Leave it open").click()
    page.wait_for_url("**/change/")
    assert not ClosedPeriod.objects.exists()

    page.get_by_role("link", name="Close the period until March 31, 2026").click()
    page.get_by_role("button", name="Close it for ever").click()
    page.get_by_text("The close is recorded as entry").wait_for()
    publish_checkpoint()
    follow_log()
    page.reload()
    expect(page.get_by_text("as its holder signed")).to_be_visible()
    expect(page.get_by_role("link", name="Close the period until June 30, 2026")).to_be_visible()
    looked_at("account-closed")
    assert ClosedPeriod.objects.count() == 1
    assert complaints == []
