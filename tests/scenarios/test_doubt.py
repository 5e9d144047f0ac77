"""A doubted statement, from the flag under a club's policy to the reply of the company asked."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from standards.demonstrating import shipped_scenario
from standards.models import Flag, Question
from standards.replaying import replay
from standards.staffing import ensure_roles
from traceability.models import Entry, Membership

pytestmark = pytest.mark.django_db(transaction=True)
REPLY = "The lorry left the evening before; the pit states shipments at the gate the day after."


def logged_in(organization: str, role: str) -> Client:
    user = User.objects.create_user(f"{role} of {organization}", is_staff=True)
    user.groups.set([Group.objects.get(name=role)])
    Membership.objects.create(
        user=user, organization_id=organization, pseudonym=f"person-{organization}"
    )
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_fraud_is_flagged_and_the_doubted_company_replies():
    done = replay(shipped_scenario("doubt"))
    assert [one.differences for one in done.answers] == [[]] * len(done.answers)
    ensure_roles()

    [flag] = Flag.objects.filter(club="valley-club")
    assert (flag.lot, flag.rule_id) == ("lakehead-smelting:K-2", "PL-05")
    assert "in 10 h 0 min: 174 km/h; at most 80 km/h is plausible" in flag.because

    [question] = Question.objects.all()
    receipt = Entry.objects.get(hash=question.entry)
    assert (question.organization, receipt.kind) == ("lakehead-smelting", "custody.receipt")

    accountant = logged_in("lakehead-smelting", "metal accountant")
    [asked] = accountant.get("/api/v1/questions").json()["items"]
    assert asked["lots"] == ["salt-ridge:S-2"]
    assert "valley" not in str(asked)
    answer = accountant.post(
        f"/api/v1/questions/{asked['id']}/replies",
        {"text": REPLY, "evidence": ["ab" * 32]},
        content_type="application/json",
    )
    assert answer.json()["replies"][0]["by"] == "person-lakehead-smelting"

    officer = logged_in("valley-motors", "procurement officer")
    page = officer.get(reverse("admin:standards_flag_change", args=[flag.pk])).content.decode()
    assert REPLY in page
    assert "ab" * 32 in page
    assert logged_in("salt-ridge", "metal accountant").get("/api/v1/questions").json() == {
        "items": [],
        "next": None,
    }
