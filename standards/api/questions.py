"""`/api/v1/questions`: doubts about the caller's own statements, and its replies."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.db.models import QuerySet
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.flagging import name_of
from standards.models import FlagReply, Question
from standards.questioning import (
    MAX_EVIDENCE,
    MAX_TEXT,
    Doubted,
    described_for,
    open_questions,
    question_to,
    questions_to,
    reply,
)
from traceability.api.lists import LedgerView, Page, PageParameters, page_of, parameters, told
from traceability.api.schema import described
from traceability.errors import InvalidRequest, NotPermitted, UnknownQuestion
from traceability.ledger.shapes import Hash

_Status = Annotated[str, Meta(pattern=r"\A(open|all)\Z")]


class ReplyLine(Struct, frozen=True, kw_only=True):
    """What was answered; `by` is a pseudonym, empty where the reader may not know it."""

    by: str
    text: str
    evidence: list[str]
    replied_at: datetime


class QuestionLine(Struct, frozen=True, kw_only=True):
    """A doubt about one statement of the caller. Who asks it is not told."""

    id: int
    rule_id: str
    title: str
    because: str
    statement: str
    kind: str
    lots: list[str]
    is_open: bool
    asked_at: datetime
    replies: list[ReplyLine]


class QuestionParameters(PageParameters, frozen=True, kw_only=True):
    """Which questions."""

    status: _Status = "open"


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a question; `evidence` names documents by their SHA-256."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
    evidence: Annotated[list[Hash], Meta(max_length=MAX_EVIDENCE)] = []


def reply_line(one: FlagReply, *, is_known: bool = True) -> ReplyLine:
    """Return a reply as a reader may see it."""
    return ReplyLine(
        by=one.by if is_known else "",
        text=one.text,
        evidence=one.evidence,
        replied_at=one.replied_at,
    )


class QuestionsView(LedgerView):
    """The questions about statements of the caller's organization."""

    @described(
        "List questions",
        "Newest first: what plausibility checks doubt, or cannot judge, about statements that your "
        "organization made, as long as somebody asks. Clubs see your replies beside their flags.",
        parameters=QuestionParameters,
        answers={200: Page[QuestionLine]},
    )
    def get(self, request: Request) -> Response:
        """List questions."""
        asked = parameters(request, QuestionParameters)
        rows: QuerySet[Question] = questions_to(self.caller.organization)
        if asked.status == "open":
            rows = rows.filter(pk__in=open_questions().order_by().values("pk"))
        return page_of(rows, asked, key="id", show=self._lines, newest_first=True)

    def _lines(self, rows: list[Question]) -> list[QuestionLine]:
        return [_line(one) for one in described_for(self.caller.organization, rows)]


class OneQuestionView(LedgerView):
    """Base of the views of one question."""

    def seen(self, question: int) -> Question:
        """Return a question about a statement of the caller.

        Raises:
            UnknownQuestion: there is none, or it is not the caller's to see.
        """
        return question_to(self.caller.organization, question)

    def answer(self, question: Question) -> Response:
        """Answer with a question as it stands."""
        return told(_line(described_for(self.caller.organization, [question])[0]))


class QuestionView(OneQuestionView):
    """One question."""

    @described("One question", "", answers={200: QuestionLine}, refused=(404,))
    def get(self, request: Request, question: int) -> Response:
        """Show one question with the replies to it."""
        return self.answer(self.seen(question))


class QuestionRepliesView(OneQuestionView):
    """Answering a question."""

    @described(
        "Reply to a question",
        "The reply is kept for good and shown beside every flag that rests on the question. The "
        "finding stays as it is; correct the statement where it was wrong.",
        body={"application/json": Reply},
        answers={200: QuestionLine},
        refused=(400, 404, 409),
    )
    def post(self, request: Request, question: int) -> Response:
        """Reply to a question about the caller's own statement."""
        found = self.seen(question)
        if found.organization != self.caller.organization:
            raise UnknownQuestion(question)  # the operator reads; it answers for nobody
        by = self._replier(request)
        try:
            answer = msgspec.convert(request.data, Reply)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"The body cannot be read: {error}.") from None
        reply(found, by=by, text=answer.text, evidence=answer.evidence)
        return self.answer(found)

    def _replier(self, request: Any) -> str:
        """Return who replies: the person logged in, or the organization's machine.

        Raises:
            NotPermitted: the person may read questions but not reply.
        """
        if not self.caller.person:
            return f"client of {self.caller.organization}"
        if not request.user.has_perm("standards.reply_question"):
            raise NotPermitted("You may read questions, not reply to them.")
        return name_of(request.user)


def _line(one: Doubted) -> QuestionLine:
    return QuestionLine(
        id=one.question.pk,
        rule_id=one.question.rule_id,
        title=one.title,
        because=one.because,
        statement=one.question.entry,
        kind=one.kind,
        lots=list(one.lots),
        is_open=one.is_open,
        asked_at=one.question.asked_at,
        replies=[reply_line(reply) for reply in one.replies],
    )
