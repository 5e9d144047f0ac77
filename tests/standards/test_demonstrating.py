"""The demonstration: told once, its logins kept, and honest where an older release told it."""

import json
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from oauth2_provider.models import get_application_model

from standards import demonstrating
from standards.demonstrating import MACHINE, SCENARIOS, demonstrate
from traceability.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = [
    {"ask": "rejections", "subject": "sonora-copper", "expect": [{"kind": "custody.loss"}]},
    {"ask": "rejections", "subject": "sonora-copper", "expect": []},
]


@pytest.fixture(autouse=True)
def short_stories(tmp_path, settings, monkeypatch) -> Path:
    """Let the demonstration tell who is there and little more, with secrets of its own."""
    for name in demonstrating.SHIPPED:
        story = json.loads((SCENARIOS / f"{name}.json").read_bytes())
        story["steps"] = ASKED if name == "battery" else []
        (tmp_path / f"{name}.json").write_text(json.dumps(story))
    monkeypatch.setattr(demonstrating, "SCENARIOS", tmp_path)
    settings.LOG_KEY_FILE = str(shutil.copy(settings.LOG_KEY_FILE, tmp_path / "log_key"))
    return tmp_path


def test_secrets_are_made_once_and_only_their_owner_reads_them(short_stories):
    first, second = demonstrate(), demonstrate()

    assert (first.password, first.client_secret) == (second.password, second.client_secret)
    kept = short_stories / "demo_logins.json"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_where_the_secrets_were_lost_everybody_gets_new_ones(short_stories):
    first = demonstrate()
    old = get_application_model().objects.get(client_id=MACHINE).client_secret
    pseudonym = User.objects.get(username="officer").membership.pseudonym
    (short_stories / "demo_logins.json").unlink()
    (short_stories / "demo_logins.json.unfinished").write_text("cut sho")
    second = demonstrate()

    officer = User.objects.get(username="officer")
    assert first.password != second.password
    assert officer.check_password(second.password)
    assert officer.membership.pseudonym == pseudonym
    assert get_application_model().objects.get(client_id=MACHINE).client_secret != old


def test_a_login_that_was_deleted_comes_back():
    shown = demonstrate()
    User.objects.get(username="auditor").delete()
    demonstrate()

    assert User.objects.get(username="auditor").check_password(shown.password)


def test_an_answer_that_is_not_the_expected_one_is_shown_and_stops_nothing(capsys):
    call_command("demo")

    told = capsys.readouterr()
    assert "Not as the scenario expects: $.steps[0] $: expected" in told.err
    assert "$.steps[1]" not in told.err
    assert "Logins, all with the password" in told.out


def test_a_story_that_an_older_release_told_is_left_as_it_was(short_stories, capsys):
    demonstrate()
    path = short_stories / "copper.json"
    story = json.loads(path.read_bytes())
    story["facilities"][0]["name"] = "Under another name"
    path.write_text(json.dumps(story))
    entries = Entry.objects.count()
    call_command("demo")

    assert "'copper' was told here by an older release" in capsys.readouterr().err
    assert Entry.objects.count() == entries


def test_a_real_ledger_gets_no_demonstration(settings):
    settings.LEDGER_ORIGIN = "ledger.example.com"
    with pytest.raises(CommandError, match=r"\$\.clock: This is only for a demonstration"):
        call_command("demo")

    assert not User.objects.exists()
