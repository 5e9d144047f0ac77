"""Questions in the admin: a company's own, its reply, and the reply on the officer's flag."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from standards.models import Flag, FlagReply, Question
from tests.screens import CATHODE, story_told

pytestmark = pytest.mark.django_db
LIST = "standards_question_changelist"


@pytest.fixture(scope="module")
def story(django_db_setup, django_db_blocker, tmp_path_factory):
    with story_told(tmp_path_factory.mktemp("guard"), django_db_blocker) as guard:
        yield guard


@pytest.fixture(autouse=True)
def own_guard(story, settings):
    settings.GUARD_PATH = story


@pytest.fixture
def question():
    return Question.objects.get(organization="seto-bay")


def address(name, *arguments):
    return reverse(f"admin:{name}", args=arguments)


def text_of(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def send(client, question, **said):
    return client.post(address("standards_question_reply", question.pk), said, follow=True)


def test_a_company_finds_the_open_questions_about_its_own_statements(as_person, question):
    told = text_of(as_person("accountant").get(address(LIST)))

    assert "9999 kg of Cu came out of 9000 kg" in told
    assert "No step on the path gave more metal than went into it" in told
    for other in ("miner", "nobody"):
        assert "9999 kg" not in text_of(as_person(other).get(address(LIST)))
    assert "9999 kg" in text_of(as_person("operator").get(address(LIST)))


@pytest.mark.parametrize("person", ["miner", "officer", "rival", "registrar", "nobody"])
def test_a_question_about_anothers_statement_is_not_there(as_person, person, question):
    client = as_person(person)

    assert client.get(address("standards_question_change", question.pk)).status_code in (403, 404)
    assert send(client, question, text="We say so.").status_code in (403, 404)
    assert not FlagReply.objects.exists()


def test_a_question_shows_the_statement_its_lots_and_a_form(as_person, question):
    page = text_of(as_person("accountant").get(address("standards_question_change", question.pk)))

    assert CATHODE in page
    assert "Open your statement" in page
    assert "You have not replied yet." in page
    assert "copper-club" not in page
    assert 'name="text"' in page


def test_a_reply_is_kept_and_the_officer_reads_it_without_the_name(as_person, question):
    digest = "a" * 64
    done = send(as_person("accountant"), question, text="The furnace was emptied.", evidence=digest)

    assert "Your reply is kept and shown to those who ask." in text_of(done)
    [kept] = FlagReply.objects.all()
    assert (kept.by, kept.evidence) == ("person-accountant-000000", [digest])

    flag = Flag.objects.get(lot=CATHODE, rule_id="MB-13")
    page = text_of(as_person("officer").get(address("standards_flag_change", flag.pk)))
    assert "The furnace was emptied." in page
    assert digest in page
    assert "a company whose name is not open to you" in page
    assert "person-accountant" not in page
    assert "seto-bay · person-accountant" in text_of(
        as_person("operator").get(address("standards_flag_change", flag.pk))
    )


def test_a_reply_that_cannot_be_kept_says_why(as_person, question):
    client = as_person("accountant")

    assert "A reply says something." in text_of(send(client, question, text=" "))
    assert "is no SHA-256" in text_of(send(client, question, text="x", evidence="none"))
    assert not FlagReply.objects.exists()


def test_the_operator_reads_and_does_not_reply(as_person, question):
    client = as_person("operator")
    page = text_of(client.get(address("standards_question_change", question.pk)))
    assert 'name="text"' not in page

    user = User.objects.get(username="operator")
    user.user_permissions.add(Permission.objects.get(codename="reply_question"))
    assert send(as_person("operator"), question, text="For them.").status_code == 404


def test_settled_questions_are_shown_when_asked_for(as_person, question):
    Flag.objects.update(status="closed")
    client = as_person("accountant")

    assert "9999 kg" not in text_of(client.get(address(LIST)))
    assert "9999 kg" in text_of(client.get(address(LIST), {"status": "every"}))
    page = text_of(client.get(address("standards_question_change", question.pk)))
    assert "nobody asks any more" in page
    assert 'name="text"' not in page
