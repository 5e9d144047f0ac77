"""Questions to those who made a doubted statement, and what they replied."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Question(models.Model):
    """A doubt about one statement, put to its author once, whichever clubs and lots share it.

    It is open while a flag of some club rests on it (`Flag.questions`). Its author sees the
    question; which clubs ask, and about which lots downstream, it does not learn. `because` is
    the sentence as it was said last.
    """

    rule_id = models.CharField(max_length=40)
    entry = models.CharField(max_length=64)
    organization = models.CharField(max_length=32, db_index=True)
    because = models.TextField()
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("question about a statement")
        verbose_name_plural = _("questions about statements")
        ordering = ["-id"]
        permissions = [("reply_question", "Can reply to questions")]
        constraints = [
            models.UniqueConstraint(
                name="a_statement_is_doubted_once_by_a_rule", fields=["rule_id", "entry"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.entry[:12]}"


class FlagReply(models.Model):
    """What a company answers to a question about its statement: inserted once, never changed.

    Seen by the company itself and by the clubs whose flags rest on the question. `evidence` holds
    the SHA-256 of documents; the documents themselves stay with the company.
    """

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="replies")
    by = models.CharField(max_length=64)  # pseudonym, or the machine of the organization
    text = models.TextField()
    evidence = ArrayField(models.CharField(max_length=64), default=list)
    replied_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reply to a question")
        verbose_name_plural = _("replies to questions")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.question_id} {self.replied_at:%Y-%m-%d}"
