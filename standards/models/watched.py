"""What is watched beside the log: copies of registers under way, and reminders of due days."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from standards.models.recorded import LOT


class SnapshotFile(models.Model):
    """The exact bytes of a file that an accepted copy of a register was read from, by digest.

    Inserted once, never changed: the statement names the digest, so that anybody who may read
    the file can read the rows from it again.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    class Meta:
        verbose_name = _("file of a register snapshot")
        verbose_name_plural = _("files of register snapshots")

    def __str__(self) -> str:
        return self.digest[:12]


class SnapshotDraft(models.Model):
    """A file that somebody uploaded and compares; gone once it is accepted or given up.

    Seen by its organization alone.
    """

    organization = models.CharField(max_length=32)
    by = models.CharField(max_length=64)  # pseudonym
    uploaded_at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    said = models.JSONField()  # register, moment of retrieval, title, address, …

    class Meta:
        verbose_name = _("uploaded copy of a register")
        verbose_name_plural = _("uploaded copies of registers")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.organization} {self.file_name}"


class Reminder(models.Model):
    """An organization was reminded, once, so many days ahead, of a day on which something is due.

    Inserted once, never changed. Whether it is still due is not kept here but derived: what was
    renewed since has another day, or none.
    """

    organization = models.CharField(max_length=32)
    kind = models.CharField(max_length=20)
    about = models.CharField(max_length=LOT)
    detail = models.CharField(max_length=500, blank=True)
    scheme = models.CharField(max_length=64, blank=True)
    due_on = models.DateField()
    days_before = models.SmallIntegerField()
    because = models.TextField()
    reminded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="an_organization_is_reminded_once",
                fields=["organization", "kind", "about", "detail", "due_on", "days_before"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.about} {self.due_on}"


class ReminderMail(models.Model):
    """A reminder went to a person by e-mail: inserted in the transaction that sends, never changed.

    The person is named by pseudonym; the address is kept with the account alone.
    """

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="mails")
    person = models.CharField(max_length=64)
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder by e-mail")
        verbose_name_plural = _("reminders by e-mail")
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_mailed_once_of_a_reminder", fields=["reminder", "person"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id} {self.person}"
