"""What could not be worked on: set aside, seen by the operator, tried again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from standards.models.recorded import LOT


class Setback(models.Model):
    """Something that failed alone, so that everything else went on; gone once it works.

    Rows are working state, like those of the queue: what they speak of stands in the log.
    `about` is a lot, a club, or the log index of an entry or a close. `club` is set where a lot
    could be assessed, but not under the policy of that club.
    """

    class Kind(models.TextChoices):
        """What could not be done."""

        ENTRY = "entry", _("take in an entry")
        CLOSE = "close", _("freeze a closed period")
        LOT = "lot", _("assess a lot")
        CLUB = "club", _("read the policy of a club")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    about = models.CharField(max_length=LOT)
    club = models.CharField(max_length=32, blank=True)
    known_at = models.BigIntegerField()
    because = models.CharField(max_length=500)
    traceback = models.TextField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    tries = models.IntegerField()

    class Meta:
        verbose_name = _("setback")
        verbose_name_plural = _("setbacks")
        ordering = ["-last_at", "id"]
        constraints = [
            models.UniqueConstraint(name="a_setback_is_kept_once", fields=["kind", "about", "club"])
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
