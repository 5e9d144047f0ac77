"""Right of reply: whose statement is doubted is asked, and answers.

Clubs raise flags about lots; what a flag of plausibility rests on are statements, often of a
company many steps upstream. It is asked once per statement and rule, however many flags rest on
it, and is told neither who asks nor about which lot. Its reply is shown on each of these flags.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from standards.models import Flag, FlagReply, Question
from standards.rulebook.findings import StatementLine
from standards.rulebook.rules import title_of
from standards.veiling import veil_for
from traceability import seeing
from traceability.errors import MalformedReply, QuestionNotOpen, UnknownQuestion
from traceability.models import Entry, EntrySubject

MAX_TEXT = 4_000
MAX_EVIDENCE = 32
_DIGEST = re.compile(r"[0-9a-f]{64}")


# ── asking ────────────────────────────────────────────────────────────────────────────────


def ask(
    doubts: Sequence[Mapping[str, Sequence[StatementLine]]], *, now: datetime
) -> list[Mapping[str, Sequence[int]]]:
    """Put doubts to the authors of the statements; return the questions by rule.

    A question that was put before is the same question; its sentence becomes the present one.

    Args:
        doubts: statements that findings doubt or cannot judge, by rule, for lot after lot.
    """
    told = {
        (rule_id, one.entry): one
        for of_lot in doubts
        for rule_id, lines in of_lot.items()
        for one in reversed(lines)
    }
    known = _questions(told) if told else {}
    news = {key: one for key, one in told.items() if known.get(key, (0, ""))[1] != one.because}
    if news:
        Question.objects.bulk_create(
            [
                Question(
                    rule_id=rule_id,
                    entry=entry,
                    organization=one.author,
                    because=one.because,
                    asked_at=now,
                )
                for (rule_id, entry), one in sorted(news.items())
            ],
            update_conflicts=True,
            unique_fields=["rule_id", "entry"],
            update_fields=["because"],
        )
        known = _questions(told)
    return [
        {
            rule_id: sorted({known[rule_id, one.entry][0] for one in lines})
            for rule_id, lines in of_lot.items()
            if lines
        }
        for of_lot in doubts
    ]


def _questions(told: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return the questions by rule and entry: the key, and the sentence as it is put."""
    rows = Question.objects.filter(
        rule_id__in={rule_id for rule_id, _ in told}, entry__in={entry for _, entry in told}
    )
    return {
        (rule_id, entry): (key, because)
        for key, rule_id, entry, because in rows.values_list("pk", "rule_id", "entry", "because")
    }


# ── replying ──────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def reply(
    question: Question,
    *,
    by: str,
    text: str,
    evidence: Iterable[str] = (),
    now: datetime | None = None,
) -> FlagReply:
    """Keep what the author of a doubted statement answers. The finding stays as it is.

    Args:
        by: the pseudonym of the person, or the name of the machine.
        text: the answer.
        evidence: SHA-256 digests (hex) of documents that support it.

    Raises:
        MalformedReply: no text, too much of it, or something that is no digest.
        QuestionNotOpen: no flag rests on it any more.
    """
    answer, digests = text.strip(), list(dict.fromkeys(evidence))
    if not answer:
        raise MalformedReply("A reply says something.", at="$.text")
    if len(answer) > MAX_TEXT:
        raise MalformedReply(f"A reply has at most {MAX_TEXT} characters.", at="$.text")
    if len(digests) > MAX_EVIDENCE:
        problem = f"A reply names at most {MAX_EVIDENCE} documents."
        raise MalformedReply(problem, at="$.evidence")
    for place, digest in enumerate(digests):
        if not _DIGEST.fullmatch(digest):
            problem = f"{digest[:80]!r} is no SHA-256 in lower-case hexadecimal."
            raise MalformedReply(problem, at=f"$.evidence[{place}]")
    if not open_questions().filter(pk=question.pk).exists():
        raise QuestionNotOpen(question.pk)
    return FlagReply.objects.create(
        question=question,
        by=by[:64],
        text=answer,
        evidence=digests,
        replied_at=now or timezone.now(),
    )


# ── reading ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """A question as its statement's author may read it."""

    question: Question
    title: str
    because: str
    kind: str
    order: int | None  # of the entry, to open the statement
    lots: tuple[str, ...]  # of the statement
    is_open: bool
    replies: tuple[FlagReply, ...]


def open_questions() -> QuerySet[Question]:
    """Return the questions on which a flag that is not closed rests."""
    resting = Flag.objects.exclude(status=Flag.Status.CLOSED).filter(
        questions__contains=[OuterRef("pk")]
    )
    return Question.objects.filter(Exists(resting))


def questions_to(organization: str) -> QuerySet[Question]:
    """Return the questions that were put to an organization; all of them for the operator."""
    if seeing.is_operator(organization):
        return Question.objects.all()
    return Question.objects.filter(organization=organization)


def question_to(organization: str, key: int) -> Question:
    """Return a question about a statement of the organization itself.

    Raises:
        UnknownQuestion: there is none, or it is about somebody else's statement.
    """
    found = questions_to(organization).filter(pk=key).first()
    if found is None:
        raise UnknownQuestion(key)
    return found


def described_for(organization: str, questions: Sequence[Question]) -> list[Doubted]:
    """Return questions with their statements, their lots and the replies to them.

    Names in the sentences that are not open to the organization are veiled, and lots it may not
    see (of others, in one statement with its own) are left out.
    """
    veil = veil_for(organization, [one.because for one in questions])
    keys = [one.pk for one in questions]
    still_open = set(open_questions().filter(pk__in=keys).values_list("pk", flat=True))
    replies = _replies(keys)
    entries = {
        one.hash: one for one in Entry.objects.filter(hash__in=[one.entry for one in questions])
    }
    lots: dict[int, list[str]] = {}
    subjects = EntrySubject.objects.filter(
        recorded_order__in=[one.recorded_order for one in entries.values()],
        subject__startswith="lot:",
    )
    named = [
        (place, subject.removeprefix("lot:"))
        for place, subject in subjects.values_list("recorded_order", "subject")
    ]
    seen = seeing.lots_seen_by(organization).filter(pk__in={lot for _, lot in named})
    known = set(seen.order_by().values_list("pk", flat=True))
    for place, lot in named:
        if lot in known:
            lots.setdefault(place, []).append(lot)
    told = []
    for one in questions:
        entry = entries.get(one.entry)
        order = entry.recorded_order if entry else None
        told.append(
            Doubted(
                question=one,
                title=title_of(one.rule_id),
                because=veil.text(one.because),
                kind=entry.event or entry.kind if entry else "",
                order=order,
                lots=tuple(sorted(lots.get(order or 0, ()))),
                is_open=one.pk in still_open,
                replies=tuple(replies.get(one.pk, ())),
            )
        )
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A reply as an officer reads it; without `is_known` its author is not to be named."""

    reply: FlagReply
    is_known: bool

    @property
    def author(self) -> str:
        """Return the organization that answered, where the reader may know it."""
        return self.reply.question.organization if self.is_known else ""


def replies_to(flags: Iterable[Flag], organization: str) -> dict[int, list[Replied]]:
    """Return what was replied to the questions that flags rest on, by flag, oldest first."""
    rows = list(flags)
    replies = _replies({key for flag in rows for key in flag.questions})
    names = seeing.names_open_to(organization)
    return {
        flag.pk: sorted(
            (
                Replied(reply=one, is_known=names.has_organization(one.question.organization))
                for key in flag.questions
                for one in replies.get(key, ())
            ),
            key=lambda one: one.reply.pk,
        )
        for flag in rows
    }


def _replies(keys: Iterable[int]) -> dict[int, list[FlagReply]]:
    replies: dict[int, list[FlagReply]] = {}
    rows = FlagReply.objects.filter(question__in=list(keys)).select_related("question")
    for one in rows.order_by("pk"):
        replies.setdefault(one.question_id, []).append(one)
    return replies
