"""Right of reply: who is asked, for how long, what a reply must be, and who can change it."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from standards.models import Flag, FlagReply, Question
from standards.questioning import (
    MAX_EVIDENCE,
    MAX_TEXT,
    described_for,
    open_questions,
    question_to,
    questions_to,
    replies_to,
    reply,
)
from tests.standards.test_flagging import begun
from tests.standards.world import NOW, World
from traceability.errors import MalformedReply, QuestionNotOpen, UnknownQuestion

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    """More copper came out of the smelter than went in, and a club asks."""
    return begun()


def question() -> Question:
    return Question.objects.get(rule_id="MB-13")


def test_the_author_of_the_doubted_statement_is_asked_and_nobody_else(world):
    told = question()

    assert told.organization == "smelter"
    assert told.pk in world.flags()["MB-13"].questions
    assert "an excess of 999 kg" in told.because
    assert list(questions_to("smelter")) == [told]
    assert list(questions_to("operator")) == [told]
    for other in ("mine", "club", "buyer"):
        assert not questions_to(other).exists()
        with pytest.raises(UnknownQuestion):
            question_to(other, told.pk)


def test_rules_about_other_things_than_statements_ask_nobody(world):
    assert world.flags()["IRMA-02"].questions == []


def test_two_clubs_that_doubt_one_statement_ask_once(world):
    first = question()
    world.policy("club-two")
    world.offered(to="club-two")
    world.catch_up()

    assert Question.objects.get() == first
    assert Flag.objects.filter(questions__contains=[first.pk]).count() == 2


def test_the_author_learns_its_own_lots_and_not_who_asks(world):
    [told] = described_for("smelter", [question()])

    assert told.lots == ("mine:ore", "smelter:cathode")
    assert told.kind == "custody.transformation"
    assert told.is_open
    assert "club" not in told.because
    assert told.title == "No step on the path gave more metal than went into it"


def test_a_question_closes_with_the_last_flag_that_rests_on_it(world):
    told = question()
    Flag.objects.exclude(rule_id="MB-13").update(questions=[])
    assert open_questions().filter(pk=told.pk).exists()

    world.policy(version="2", custody__output_excess_tolerance="0.2")
    world.catch_up()

    assert "MB-13" not in world.flags()
    assert not open_questions().exists()
    with pytest.raises(QuestionNotOpen):
        reply(told, by="smelter-0001", text="It was so.")


def test_a_flag_that_stays_takes_note_of_further_statements(world):
    world.catch_up()
    flag = world.flags()["MB-13"]
    Flag.objects.filter(pk=flag.pk).update(questions=[])
    world.policy(version="2")  # the same reasons, judged again
    world.catch_up()

    flag.refresh_from_db()
    assert flag.questions == [question().pk]


def test_a_reply_is_kept_as_it_was_given(world):
    told = question()
    digest = "a" * 64

    made = reply(
        told, by="smelter-0001", text=" Stock in process. ", evidence=[digest, digest], now=NOW
    )

    assert (made.text, made.evidence, made.replied_at) == ("Stock in process.", [digest], NOW)
    flag = world.flags()["MB-13"]
    assert flag.status == "open"  # a reply decides nothing
    [seen] = replies_to([flag], "club")[flag.pk]
    assert (seen.reply, seen.is_known, seen.author) == (made, False, "")
    [own] = replies_to([flag], "smelter")[flag.pk]
    assert own.author == "smelter"


@pytest.mark.parametrize(
    ("text", "evidence", "at"),
    [
        ("  ", (), "$.text"),
        ("x" * (MAX_TEXT + 1), (), "$.text"),
        ("x", ("A" * 64,), "$.evidence[0]"),
        ("x", ("a" * 64, "a" * 63), "$.evidence[1]"),
        ("x", tuple(f"{n:064x}" for n in range(MAX_EVIDENCE + 1)), "$.evidence"),
    ],
)
def test_a_reply_that_says_nothing_or_names_no_digest_is_refused(text, evidence, at):
    with pytest.raises(MalformedReply) as caught:
        reply(Question(pk=1), by="smelter-0001", text=text, evidence=evidence)

    assert caught.value.at == at
    assert not FlagReply.objects.exists()


def test_nobody_changes_a_reply(world, cluster):
    reply(question(), by="smelter-0001", text="It was so.")
    owner = psycopg.connect(host=cluster.socket_directory, user="ledger_owner", dbname="ledger")

    for attack in (
        "UPDATE standards_flagreply SET text = 'else'",
        "DELETE FROM standards_flagreply",
        "TRUNCATE standards_flagreply",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
        with pytest.raises(psycopg.DatabaseError):
            owner.execute(attack)
        owner.rollback()
    owner.close()

    assert FlagReply.objects.get().text == "It was so."


def test_a_question_and_a_reply_have_names(world):
    made = reply(question(), by="smelter-0001", text="It was so.", now=NOW)

    assert str(question()).startswith("MB-13 ")
    assert str(made) == f"{question().pk} 2026-11-01"
