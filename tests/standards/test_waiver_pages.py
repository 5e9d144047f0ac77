"""Pages of waivers: who sees which, granting in two steps, stating use, withdrawing."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from standards.staffing import ensure_roles
from tests.standards.world import NOW, World
from traceability.models import Entry, Membership, ServiceKey

pytestmark = pytest.mark.django_db(transaction=True)
LIST, GRANT = "standards_waiver_list", "standards_waiver_grant"
PAGE, WITHDRAW, USE = "standards_waiver_page", "standards_waiver_withdraw", "standards_waiver_use"
LOT = "smelter:cathode"
FORM = {
    "name": "W-1",
    "rules": ["IRMA-02"],
    "because": "Nobody has audited the pit yet.",
    "valid_from": "2026-10-15",
    "valid_until": "2026-12-31",
    "decided_by": "The panel",
    "seconded_by": "The secretary",
    "dissent": "One of five would wait.",
    "decided_on": "2026-10-10",
    "noticed_on": "2026-09-01",
    "minerals": "Cu",
    "cap": "12000",
    "condition_what": ["An audit is booked", ""],
    "condition_due_on": ["2026-12-01", ""],
    "condition_met_on": ["", ""],
    "comment_by": ["A neighbour", ""],
    "comment_said": ["Not longer than needed.", ""],
    "comment_disposition": ["It ends with the year.", ""],
}
PEOPLE = {
    "secretary": ("secretary", "club"),
    "officer": ("procurement officer", "buyer"),  # of a member
    "smelter": ("metal accountant", "smelter"),  # whose lot it is about
    "miner": ("clerk", "mine"),
    "other": ("secretary", "club-two"),
    "stranger": ("procurement officer", "stranger"),
    "community": ("community", "buyer"),
    "operator": ("operator", "operator"),
}


@pytest.fixture
def world(monkeypatch):
    """A copper chain without an audit of the mine, which the policy asks for."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    made = World()
    made.packs()
    made.policy()
    made.policy("club-two")
    made.say(
        "registry.audience", "club", {"audience": "club", "members": ["buyer"]}, on="2026-01-02"
    )
    made.copper_chain()
    made.awarded()
    made.catch_up()
    ensure_roles()
    for login, (role, organization) in PEOPLE.items():
        user = User.objects.create_user(login, is_staff=True)
        user.groups.set([Group.objects.get(name=role)])
        Membership.objects.create(
            user=user, organization_id=organization, pseudonym=f"person-{login}-0000"
        )
    return made


def address(name, *arguments):
    return reverse(f"admin:{name}", args=arguments)


def text_of(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def looked(client, **changes):
    """Look at a waiver; return the page and what its button would send."""
    page = client.post(address(GRANT), FORM | {"step": "look"} | changes)
    context = page.context
    return page, {"seen": context.get("seen", ""), "basis": _basis(context)}


def _basis(context):
    prepared = context.get("prepared")
    return prepared.basis if prepared else ""


def granted(client, world, **changes):
    page, hidden = looked(client, **changes)
    assert hidden["seen"], text_of(page)
    done = client.post(address(GRANT), FORM | changes | hidden | {"step": "sign"}, follow=True)
    world.catch_up()
    return text_of(done)


def used(client, world, kilograms="9999", name="club:W-1"):
    done = client.post(
        address(USE, name), {"lot": LOT, "kilograms": kilograms, "step": "sign"}, follow=True
    )
    world.catch_up()
    return text_of(done)


# ── granting ──────────────────────────────────────────────────────────────────────────────


def test_an_officer_of_a_club_looks_at_a_waiver_signs_it_and_states_its_use(as_person, world):
    client = as_person("secretary")
    assert "Grant a waiver" in text_of(client.get(address(LIST)))

    page, _ = looked(client)
    page = text_of(page)
    assert "What it would let through today" in page
    assert f"{LOT}" in page
    assert "its use for this lot is not stated" in page
    assert not Entry.objects.filter(kind="standards.waiver").exists()

    assert "The waiver is recorded as entry" in granted(client, world)
    assert Entry.objects.filter(kind="standards.waiver", author="club").count() == 1
    page = text_of(client.get(address(PAGE, "club:W-1")))
    assert "0 kg of 12 t are used" in page
    assert "In its scope, and not let through" in page

    assert "The use is recorded as entry" in used(client, world)
    page = client.get(address(PAGE, "club:W-1"))
    [line] = page.context["touched"].through
    assert (line.lot, line.rule_id, line.verdict) == (LOT, "IRMA-02", "waived")
    page = text_of(page)
    for told in (
        "9.999 t of 12 t are used",
        "The panel",
        "The secretary",
        "One of five would wait.",
        "A neighbour",
        "It ends with the year.",
        "An audit is booked",
        "not shown yet",
        "in force",
    ):
        assert told in page, told


def test_what_a_withdrawn_waiver_let_through_is_judged_without_it(as_person, world):
    client = as_person("secretary")
    granted(client, world)
    used(client, world)
    reason = {"because": "The report was forged.", "step": "sign"}
    done = client.post(address(WITHDRAW, "club:W-1"), reason, follow=True)
    assert "The withdrawal is recorded as entry" in text_of(done)
    world.catch_up()
    page = client.get(address(PAGE, "club:W-1"))
    touched = page.context["touched"]
    assert touched.through == ()
    assert {one.lot for one in touched.before} == {LOT}
    assert "club:W-1 is void: The report was forged." in {one.because for one in touched.covered}
    page = text_of(page)
    assert "Withdrawn: The report was forged." in page
    assert "Sign and record the withdrawal" not in page
    assert "withdrawn" in text_of(client.get(address(LIST)))


def test_what_was_changed_after_looking_is_looked_at_again(as_person, world):
    client = as_person("secretary")
    _, hidden = looked(client)
    changed = FORM | hidden | {"step": "sign", "cap": "12001"}
    assert "What it would let through today" in text_of(client.post(address(GRANT), changed))
    assert not Entry.objects.filter(kind="standards.waiver").exists()


def test_the_same_waiver_sent_twice_is_recorded_once_and_another_is_not_granted_past_it(
    as_person, world
):
    client = as_person("secretary")
    page, hidden = looked(client)
    for _ in range(2):
        done = client.post(address(GRANT), FORM | hidden | {"step": "sign"}, follow=True)
        assert "The waiver is recorded as entry" in text_of(done)
    assert Entry.objects.filter(kind="standards.waiver").count() == 1

    page, other = looked(client, cap="13000")  # not published yet: as if it were the first
    done = client.post(address(GRANT), FORM | other | {"step": "sign", "cap": "13000"})
    assert "(waiver_moved" in text_of(done)
    world.catch_up()
    stale = client.post(address(GRANT), FORM | other | {"step": "sign", "cap": "13000"})
    assert "(waiver_moved" in text_of(stale)

    page = text_of(client.get(address(GRANT), {"again": "club:W-1"}))
    assert 'value="12000"' in page
    assert 'value="An audit is booked"' in page
    assert "The waiver is recorded" in granted(client, world, cap="13000")
    assert len(client.get(address(PAGE, "club:W-1")).context["seen"].stated) == 2


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"name": ""}, "malformed_statement", "$.body.waiver"),
        ({"rules": []}, "malformed_statement", "$.body.rules"),
        ({"valid_until": "2026-10-01"}, "malformed_statement", "It ends before it begins."),
        ({"decided_on": "2026-11-02"}, "malformed_statement", "It is not decided yet."),
        ({"minerals": "Cu Ni"}, "malformed_statement", "A cap is of one mineral"),
        ({"cap": "a lot"}, "decimal_malformed", "$.body.cap"),
        ({"condition_due_on": ["", ""]}, "malformed_statement", "due_on"),
        ({"comment_said": ["", ""]}, "malformed_statement", "said"),
        ({"rules": ["RMI-01"]}, "waiver_not_allowed", "The policy does not require RMI-01."),
        ({"lots": "mine:none"}, "waiver_not_allowed", "The club sees no lot mine:none."),
        ({"facilities": "mine:no"}, "waiver_not_allowed", "The club knows no facility mine:no."),
        ({"valid_until": "2027-03-01"}, "waiver_not_allowed", "and 120 are allowed"),
        ({"valid_until": "2026-10-31"}, "waiver_not_allowed", "ended on 2026-10-31"),
        ({"cap": "20001"}, "waiver_not_allowed", "covers 20001000000 mg of Cu"),
        ({"cap": ""}, "waiver_not_allowed", "has no cap"),
    ],
)
def test_what_cannot_be_granted_is_told_with_its_place_and_nothing_is_recorded(
    as_person, world, change, code, told
):
    client = as_person("secretary")
    page, hidden = looked(client, **change)
    page = text_of(page)
    assert f"({code}" in page
    assert told in page
    assert hidden["seen"] == ""
    assert "Nobody has audited the pit yet." in page  # what was typed is still there
    assert not Entry.objects.filter(kind="standards.waiver").exists()


def test_hard_stops_cannot_be_chosen_and_two_approvers_are_asked_for(as_person, world):
    client = as_person("secretary")
    world.policy(
        version="2",
        requirements=[
            {
                "rule_id": "IRMA-02",
                "severity": "major",
                "flag_due_days": 1,
                "second_approver": True,
            },
            {"rule_id": "LAW-01", "severity": "critical", "flag_due_days": 1},
            {"rule_id": "CM-02", "severity": "minor", "flag_due_days": 1, "waivable": False},
        ],
    )
    world.follow()
    page = text_of(client.get(address(GRANT)))
    assert page.count("no waiver reaches it") == 2
    assert "needs two approvers" in page
    for rule in ("LAW-01", "CM-02"):
        page, _ = looked(client, rules=[rule])
        assert f"No waiver reaches {rule}." in text_of(page)
    page, _ = looked(client, seconded_by="")
    assert "Two people have to approve a waiver of IRMA-02." in text_of(page)


def test_where_limits_are_not_set_the_page_says_that_nobody_could_tell(as_person, world):
    client = as_person("secretary")
    world.policy(version="2", without=("policy.waiver_days", "policy.waiver_mass"))
    world.follow()
    page = text_of(client.get(address(GRANT)))
    assert "Until your policy says more, nobody can tell whether a waiver holds." in page
    assert "policy.waiver_days" in page
    granted(client, world, cap="")
    page = client.get(address(PAGE, "club:W-1"))
    assert "nobody has filled in" in text_of(page)
    [line] = page.context["touched"].covered
    assert (line.rule_id, line.verdict) == ("IRMA-02", "indeterminate")
    assert page.context["touched"].through == ()


def test_a_club_with_a_key_of_its_own_takes_the_statement_to_sign(as_person, world):
    client = as_person("secretary")
    granted(client, world)
    ServiceKey.objects.filter(organization_id="club").delete()
    _, hidden = looked(client, name="W-2")
    taken = client.post(address(GRANT), FORM | hidden | {"name": "W-2", "step": "take"})
    assert taken.json()["body"]["waiver"] == "club:W-2"
    assert taken.json()["author"] == "club"
    refused = client.post(address(GRANT), FORM | hidden | {"name": "W-2", "step": "sign"})
    assert "(no_service_key" in text_of(refused)
    reason = {"because": "An error.", "step": "take"}
    taken = client.post(address(WITHDRAW, "club:W-1"), reason)
    assert taken.json()["body"]["void_because"] == "An error."
    assert "Take the statement to sign" in text_of(client.get(address(PAGE, "club:W-1")))


def test_use_and_withdrawal_are_refused_with_a_reason(as_person, world):
    client = as_person("secretary")
    granted(client, world)
    many = used(client, world, "many")
    assert "use is recorded" not in many
    done = client.post(
        address(USE, "club:W-1"), {"lot": "mine:none", "kilograms": "1"}, follow=True
    )
    assert "The club sees no lot mine:none." in text_of(done)
    done = client.post(address(WITHDRAW, "club:W-1"), {"because": " "}, follow=True)
    assert "A decision needs a reason." in text_of(done)
    assert Entry.objects.filter(kind__startswith="standards.waiver").count() == 1


# ── who sees what ─────────────────────────────────────────────────────────────────────────


def test_who_sees_a_waiver_and_who_may_change_it(as_person, world):
    client = as_person("secretary")
    granted(client, world)
    used(client, world)
    sees = {"secretary", "officer", "operator", "smelter"}
    for login in PEOPLE:
        client = as_person(login)
        page = client.get(address(PAGE, "club:W-1"))
        assert (page.status_code == 200) == (login in sees), login
        assert page.status_code in (200, 404)
        listed = client.get(address(LIST))
        assert listed.status_code == (404 if login == "community" else 200), login
        assert ("club:W-1" in listed.content.decode()) == (login in sees), login
        changing = [
            client.get(address(GRANT)),
            client.post(address(WITHDRAW, "club:W-1"), {"because": "x"}),
            client.post(address(USE, "club:W-1"), {"lot": LOT, "kilograms": "1"}),
        ]
        if login == "other":  # a club: it may grant its own, and no more
            assert [one.status_code for one in changing] == [200, 404, 404]
        elif login != "secretary":
            assert [one.status_code for one in changing] == [404, 404, 404], login
        assert client.get(address(PAGE, "club:none")).status_code == 404
    assert Entry.objects.filter(kind="standards.waiver").count() == 2  # and its withdrawal


def test_a_supplier_reads_of_its_own_lots_and_nothing_of_others(as_person, world):
    client = as_person("secretary")
    granted(client, world)
    client = as_person("smelter")
    assert client.get(address(PAGE, "club:W-1")).status_code == 404  # it let nothing through yet
    client = as_person("secretary")
    used(client, world)

    page = text_of(as_person("smelter").get(address(PAGE, "club:W-1")))
    assert LOT in page
    assert "9.999 t" in page
    for hidden in ("One of five", "A neighbour", "The secretary", "So far", "are used"):
        assert hidden not in page, hidden


def test_nobody_without_an_organization_sees_anything(as_person, world):
    User.objects.create_superuser("nobody")
    for name in (LIST, GRANT):
        assert as_person("nobody").get(address(name)).status_code == 404
