"""The calendar and its reminders: for whom, of what, once each."""

import json
from datetime import date, datetime, timedelta
from smtplib import SMTPException

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.management import CommandError, call_command

from standards import reminding
from standards.models import Reminder, ReminderMail, SnapshotDraft
from standards.reminding import is_still_due, lead, remind
from standards.schedule import Asked, calendar_of
from standards.tasks import remind_officers
from tests.standards.world import NOW, World
from traceability import seeing
from traceability.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = NOW.date()
OPENING = {
    "opening": "mine:names",
    "audience": ["buyer"],
    "public": False,
    "own_name": True,
    "facilities": ["mine:pit"],
}
BOTH = ("mine:ore", "smelter:cathode")


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    made.audited(valid_until="2026-11-20", next_action_on="2026-12-01")
    made.awarded(valid_until="2027-05-31")
    made.copper_chain(cu="89.99")
    made.catch_up()
    return made


@pytest.fixture
def as_of(monkeypatch):
    """Let the doors that ask on today's day ask on the story's."""
    monkeypatch.setattr(seeing, "today", lambda: TODAY)


def snapshot(world, on="2026-10-20", **changes):
    body = {
        "snapshot": f"scheme:register-{on}",
        "scheme": "irma",
        "title": "Audits",
        "url": "https://scheme.example/audits",
        "retrieved_at": f"{on}T10:00:00Z",
        "sha256": "a" * 64,
        "complete": True,
        "rows": [],
    }
    world.say("standards.snapshot", "scheme", body | changes, on=on)
    world.catch_up()


def told(reader, *, on=TODAY, **asked):
    return {
        (one.due.kind, one.due.about): one for one in calendar_of(reader, Asked(**asked), on=on)
    }


def member(name, organization, *, address="", may_view=True):
    user = User.objects.create_user(name, email=address, password="x")  # noqa: S106
    Membership.objects.create(user=user, organization_id=organization, pseudonym=f"person-{name}")
    if may_view:
        user.user_permissions.add(Permission.objects.get(codename="view_reminder"))
    return user


# ── for whom ──────────────────────────────────────────────────────────────────────────────


def test_a_reader_sees_days_of_sites_it_may_name_and_its_own_lots_and_clubs(world):
    mine, operator = told("mine"), told("operator")

    audit = mine["expiry", "scheme:irma-1"]
    assert (audit.due.on, audit.due.basis) == (date(2026, 11, 20), "stated")
    assert (audit.site, audit.lots, audit.clubs, audit.is_own) == (
        "Mine:Pit",
        ("mine:ore",),
        (),
        True,
    )
    assert mine["surveillance", "scheme:irma-1"].due.on == date(2026, 12, 1)
    assert ("expiry", "scheme:cm-1") not in mine
    assert operator["expiry", "scheme:irma-1"].lots == BOTH
    assert operator["expiry", "scheme:irma-1"].clubs == ("club",)
    for stranger in ("stranger", "buyer", "club"):
        assert told(stranger) == {}
    scheme = told("scheme")["expiry", "scheme:cm-1"]
    assert (scheme.is_own, scheme.lots) == (True, ())


def test_a_register_is_everybodys_and_how_old_it_may_be_is_the_clubs(world):
    snapshot(world)

    unset = told("stranger")["register", "irma"]
    assert (unset.due.on, unset.due.missing) == (None, "a value of irma.register_max_age")
    assert unset.is_own is False
    assert told("scheme")["register", "irma"].is_own

    form_with_age(world, 30)
    club = told("club")["register", "irma"]
    assert (club.due.on, club.due.club, club.clubs) == (date(2026, 11, 19), "club", ("club",))
    assert told("stranger")["register", "irma"].due.on is None
    snapshot(world, on="2026-10-25")
    assert told("club")["register", "irma"].due.on == date(2026, 11, 24)


def form_with_age(world, days):
    """Let the club decide how old the register may be."""
    from standards.certifying import adopt_policy
    from standards.models import ClubPolicy

    form = dict(ClubPolicy.objects.get(club="club").form)
    version = {"value": days, "in_force_from": "2026-01-01", "source": "Policy"}
    form["parameters"] = form["parameters"] | {
        "irma.register_max_age": {"title": "Age", "unit": "days", "versions": [version]}
    }
    adopt_policy(form | {"version": "2"}, effective="2026-01-01", now=NOW)
    world.catch_up()


def test_declarations_end_for_those_who_may_read_them(world):
    body = {
        "declaration": "smelter:d1",
        "form": "claims",
        "lots": ["smelter:cathode"],
        "recipients": [{"organization": "club"}],
        "claims": [{"scheme": "irma", "code": "contains", "wording": "Audited."}],
        "valid_until": "2027-01-31",
    }
    world.say("standards.declaration", "smelter", body)
    world.catch_up()

    ending = told("club")["declaration", "smelter:d1"]
    assert (ending.due.on, ending.lots, ending.is_own) == (
        date(2027, 1, 31),
        ("smelter:cathode",),
        False,
    )
    assert told("smelter")["declaration", "smelter:d1"].is_own
    assert ("declaration", "smelter:d1") not in told("buyer")
    world.say("standards.declaration", "smelter", body | {"withdrawn": True})
    world.catch_up()
    assert ("declaration", "smelter:d1") not in told("club")


def test_what_was_renewed_has_another_day(world):
    world.audited("scheme:irma-2", published_on="2026-10-01", valid_until="2029-09-30")
    world.catch_up()

    days = told("mine")

    assert ("expiry", "scheme:irma-1") not in days
    assert days["expiry", "scheme:irma-2"].due.on == date(2029, 9, 30)


def test_a_calendar_is_asked_for_days_kinds_sites_lots_and_clubs(world):
    assert len(told("operator")) == 3  # two expire, and surveillance is due

    assert set(told("operator", last=date(2026, 11, 20))) == {("expiry", "scheme:irma-1")}
    assert ("expiry", "scheme:irma-1") not in told("operator", first=date(2026, 11, 21))
    assert set(told("operator", kind="surveillance")) == {("surveillance", "scheme:irma-1")}
    assert {about for _, about in told("operator", scheme="copper_mark")} == {"scheme:cm-1"}
    assert {about for _, about in told("operator", facility="mine:pit")} == {"scheme:irma-1"}
    assert told("operator", lot="nobody:lot") == told("operator", club="nobody") == {}
    assert told("operator", lot="mine:ore", club="club") != {}
    assert told("operator", is_dated=False) == {}


# ── reminders ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("left", "days"), [(91, None), (90, 90), (31, 90), (30, 30), (7, 7), (6, 7), (0, 0), (-7, 0)]
)
def test_a_day_is_told_of_at_the_shortest_lead_that_has_begun(left, days):
    assert lead(TODAY + timedelta(days=left), TODAY, (90, 30, 7, 0)) == days


def test_what_is_long_past_is_not_told_of_any_more():
    assert lead(TODAY - timedelta(days=8), TODAY, (90, 0)) is None


def test_an_organization_is_reminded_once_of_each_lead(world):
    member("miner", "mine")
    member("buyer", "buyer")
    world.say("registry.opening", "mine", OPENING, on="2026-10-01")
    assert told("buyer")["expiry", "scheme:irma-1"].lots == ()  # it may know, and has no lot of it

    assert remind(now=NOW) == 2
    assert remind(now=NOW) == 0
    first = Reminder.objects.get(kind="expiry")
    assert (first.organization, first.about, first.due_on, first.days_before) == (
        "mine",
        "scheme:irma-1",
        date(2026, 11, 20),
        30,
    )
    assert str(first) == "mine scheme:irma-1 2026-11-20"
    assert remind(now=datetime(2026, 11, 14, 12, tzinfo=NOW.tzinfo)) == 1  # a week ahead
    assert Reminder.objects.filter(kind="expiry").count() == 2
    assert not Reminder.objects.filter(organization="buyer").exists()


def test_a_reminder_is_settled_by_what_was_stated_since(world):
    member("miner", "mine")
    remind(now=NOW)
    one = Reminder.objects.get(kind="expiry")
    assert is_still_due(one, calendar_of("mine", on=TODAY))

    world.audited("scheme:irma-2", published_on="2026-10-01", valid_until="2029-09-30")
    world.catch_up()

    assert not is_still_due(one, calendar_of("mine", on=TODAY))


def test_forgotten_uploads_go(world):
    SnapshotDraft.objects.create(
        organization="scheme", by="x", uploaded_at=NOW - timedelta(days=2), content=b"x", said={}
    )
    remind(now=NOW)
    assert not SnapshotDraft.objects.exists()


# ── by mail ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def by_mail(settings):
    settings.REMIND_BY_MAIL = True


def test_a_person_gets_one_mail_of_what_is_new(world, by_mail):
    member("miner", "mine", address="miner@example.org")
    member("reader", "mine", address="reader@example.org", may_view=False)
    member("silent", "mine")

    remind(now=NOW)
    remind(now=NOW)

    [sent] = mail.outbox
    assert sent.to == ["miner@example.org"]
    assert sent.subject == "2 days to keep in mind, the first on 2026-11-20"
    assert "2026-11-20  expiry: scheme:irma-1" in sent.body
    assert "/admin/standards/reminder/calendar/" in sent.body
    assert ReminderMail.objects.count() == 2
    assert str(ReminderMail.objects.first()).endswith(" person-miner")


def test_a_mail_that_fails_is_sent_at_the_next_turn(world, by_mail, monkeypatch, caplog):
    member("miner", "mine", address="miner@example.org")

    def fail(*_):
        raise SMTPException("no")

    with monkeypatch.context() as patch:
        patch.setattr(reminding, "send_mail", fail)
        assert remind(now=NOW) == 2  # the list has them all the same
    assert "person-miner were not sent" in caplog.text
    assert not ReminderMail.objects.exists()

    remind(now=NOW)
    assert len(mail.outbox) == 1


def test_what_another_process_sends_meanwhile_is_not_sent_again(world, by_mail, monkeypatch):
    person = member("miner", "mine", address="miner@example.org").membership
    remind(now=NOW)
    mail.outbox.clear()
    ahead = ReminderMail.objects.none()
    monkeypatch.setattr(ReminderMail.objects, "filter", lambda **_: ahead)

    reminding._send_to(person, person.user, Reminder.objects.all(), NOW)

    assert mail.outbox == []


def test_without_a_mail_server_nothing_is_sent(world):
    member("miner", "mine", address="miner@example.org")
    remind(now=NOW)
    assert mail.outbox == []


# ── the command and the clock ─────────────────────────────────────────────────────────────


def test_the_command_prints_days_and_what_they_touch(world, as_of, capsys):
    capsys.readouterr()
    call_command("due_days", "--until", "2026-12-31")
    shown = capsys.readouterr().out

    assert "2026-11-20  expiry scheme:irma-1, Mine:Pit" in shown
    assert "stated: its audit states this last day" in shown
    assert "lots: mine:ore, smelter:cathode" in shown
    assert "clubs: club" in shown
    assert "scheme:cm-1" not in shown
    call_command("due_days", "--organization", "stranger")
    assert "Nothing runs out" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no organization nobody"):
        call_command("due_days", "--organization", "nobody")
    with pytest.raises(CommandError, match="is no calendar day"):
        call_command("due_days", "--from", "soon")


def test_the_command_answers_machines_and_reminds(world, as_of, capsys):
    member("miner", "mine")
    snapshot(world)
    capsys.readouterr()
    call_command("due_days", "--json", "--remind", "--kind", "register")
    answer = json.loads(capsys.readouterr().out)

    [line] = answer["lines"]
    assert (line["on"], line["basis"]) == (None, "unset")
    assert line["cites"] == ["irma.register_max_age"]
    call_command("due_days", "--kind", "register", "--club", "club", "--remind")
    shown = capsys.readouterr().out
    assert "cannot be told  register irma" in shown
    assert "missing: a value of irma.register_max_age" in shown


def test_the_clock_reminds(world, monkeypatch):
    member("miner", "mine")
    assert isinstance(remind_officers(), int)
