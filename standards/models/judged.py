"""What was made of it: assessments, judgements, flags, and what is due."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from standards.models.recorded import ELEMENT, LOT, Club, ClubPolicy


class DueAssessment(models.Model):
    """A lot to assess, and why: the row is the queue.

    `known_at` is the log size from which it is due. A lot that becomes due again while it is
    being assessed gets another row, so the second reason is not lost with the first.
    """

    class Because(models.TextChoices):
        """What made a lot due."""

        NEW = "new_lot", _("new lot")
        ENTRY = "entry", _("new entries")
        CERTIFICATE = "certificate", _("certificate or register")
        FACILITY = "facility", _("facility")
        PACK = "pack", _("rule pack")
        POLICY = "policy", _("policy")
        CALENDAR = "calendar", _("calendar")

    lot = models.CharField(max_length=LOT)
    because = models.CharField(max_length=12, choices=Because.choices)
    due_on = models.DateField()
    known_at = models.BigIntegerField()
    priority = models.SmallIntegerField()  # 0: a new lot, which comes first

    class Meta:
        verbose_name = _("due assessment")
        verbose_name_plural = _("due assessments")
        constraints = [
            models.UniqueConstraint(
                name="a_lot_is_due_once_for_a_reason",
                fields=["lot", "because", "due_on", "known_at"],
            )
        ]
        indexes = [models.Index(fields=["priority", "due_on", "id"], name="due_in_order")]

    def __str__(self) -> str:
        return f"{self.lot} {self.because} {self.due_on}"


class VerdictRun(models.Model):
    """A run that changed verdicts and the statement that commits to them.

    `entry` is empty until the statement is recorded; the run's id is the statement's, so that
    a run that was interrupted in between is not logged twice.
    """

    run = models.UUIDField(primary_key=True)
    root = models.CharField(max_length=64)
    count = models.IntegerField()
    log_size = models.BigIntegerField()
    code_version = models.CharField(max_length=64)
    effective_on = models.DateField()
    entry = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("logged verdicts")
        verbose_name_plural = _("logged verdicts")

    def __str__(self) -> str:
        return str(self.run)


class Assessment(models.Model):
    """Findings about one lot and mineral, under the packs alone or with a club's policy on top.

    A row is written only when something a reader would see changed; `is_current` is true for
    the last of each (lot, mineral, club). With the same code version, packs and log size the
    findings can be computed again, bit for bit.
    """

    lot = models.CharField(max_length=LOT)
    mineral = models.CharField(max_length=ELEMENT)
    club = models.CharField(max_length=32, blank=True)  # empty: the packs alone
    policy = models.CharField(max_length=64, blank=True)  # digest
    log_size = models.BigIntegerField()
    as_of = models.DateField()
    packs = models.JSONField()  # digest by pack
    code_version = models.CharField(max_length=64)
    keys_read = ArrayField(models.CharField(max_length=100))
    inputs_read = ArrayField(models.CharField(max_length=100))
    facilities = ArrayField(models.CharField(max_length=LOT))  # on the path, as read
    findings = models.JSONField()
    verdict_digest = models.CharField(max_length=64)
    lot_handle = models.CharField(max_length=64)
    assessed_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)
    run = models.ForeignKey(
        VerdictRun, on_delete=models.PROTECT, null=True, related_name="assessments"
    )

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_assessment_is_current",
                fields=["lot", "mineral", "club"],
                condition=models.Q(is_current=True),
            )
        ]
        indexes = [
            models.Index(fields=["lot", "mineral", "club", "-id"], name="assessments_of_lot"),
            models.Index(
                fields=["id"], name="assessments_to_log", condition=models.Q(run__isnull=True)
            ),
            GinIndex(
                fields=["keys_read"],
                name="current_assessment_reads",
                condition=models.Q(is_current=True),
            ),
            GinIndex(
                fields=["facilities"],
                name="current_assessment_passed",
                condition=models.Q(is_current=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot} {self.mineral} {self.club}"


class Judgement(models.Model):
    """What a club's policy makes of the findings about a lot and mineral.

    Kept when it changes; `is_current` is true for the last of each (club, lot, mineral).
    """

    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="judgements")
    policy = models.ForeignKey(ClubPolicy, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=LOT)
    mineral = models.CharField(max_length=ELEMENT)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="judgements")
    verdict = models.CharField(max_length=14, db_index=True)
    because = models.TextField()
    reasons = models.JSONField()
    judged_on = models.DateField()
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_judgement_is_current",
                fields=["club", "lot", "mineral"],
                condition=models.Q(is_current=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.club_id} {self.lot} {self.mineral} {self.verdict}"


class Flag(models.Model):
    """An open question to a person about (club, lot, mineral, rule).

    *Resolved* is an officer's answer; it stands while the reason stays the same. *Closed* is
    the ledger's: the verdict no longer gives a reason.
    """

    class Status(models.TextChoices):
        """Where the question stands."""

        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        RESOLVED = "resolved", _("resolved")
        CLOSED = "closed", _("closed")

    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="flags")
    lot = models.CharField(max_length=LOT, db_index=True)
    mineral = models.CharField(max_length=ELEMENT)
    rule_id = models.CharField(max_length=40)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    severity = models.CharField(max_length=8)
    verdict = models.CharField(max_length=14)
    because = models.TextField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    due_on = models.DateField()
    raised_on = models.DateField()
    closed_on = models.DateField(null=True)
    judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, related_name="flags")
    questions = ArrayField(models.BigIntegerField(), default=list)  # `Question`s it rests on

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["due_on", "id"]
        permissions = [
            ("acknowledge_flag", "Can acknowledge flags"),
            ("resolve_flag", "Can resolve flags"),
        ]
        indexes = [
            GinIndex(
                fields=["questions"],
                name="flag_rests_on_question",
                condition=~models.Q(status="closed"),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_flag_is_open",
                fields=["club", "lot", "mineral", "rule_id"],
                condition=~models.Q(status="closed"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.club_id} {self.lot} {self.mineral} {self.rule_id}"


class FlagDecision(models.Model):
    """What happened to a flag, by whom and why: inserted once, never changed."""

    class Decision(models.TextChoices):
        """What was decided."""

        RAISED = "raised", _("raised")
        CHANGED = "changed", _("changed")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        RESOLVED = "resolved", _("resolved")
        REOPENED = "reopened", _("reopened for a new reason")
        CLOSED = "closed", _("closed by a new verdict")

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=12, choices=Decision.choices)
    by = models.CharField(max_length=64, blank=True)  # pseudonym; empty: the ledger itself
    because = models.TextField(blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = _("decision on a flag")
        verbose_name_plural = _("decisions on flags")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.flag_id} {self.decision}"
