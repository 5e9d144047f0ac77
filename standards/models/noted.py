"""What statements name and put on the books, in a form that can be looked up and added up.

Filled only by the follower (`standards.noting`) and rebuildable from the log. `until` is the log
index of the entry that replaced what the row says; a question about a log size leaves out what
came, or was replaced, later.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from standards.models.recorded import ELEMENT, LOT


class Particular(models.Model):
    """Something a statement names that should not be named for another matter: a seal, a paper.

    `matter` is the consignment, lot or statement it was named for; `lots` what it was named
    about. `place` is the log index at which it holds: of a correction that of what it corrects.
    Erased with the text it was read from.
    """

    index = models.BigIntegerField()
    place = models.BigIntegerField()
    entry = models.CharField(max_length=64, db_index=True)
    author = models.CharField(max_length=32)
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=500)
    matter = models.CharField(max_length=200)
    lots = ArrayField(models.CharField(max_length=LOT))
    begins = models.BooleanField()  # the lots begin with it
    named_at = models.DateTimeField()  # the time of the event
    until = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("particular")
        verbose_name_plural = _("particulars")
        constraints = [
            models.UniqueConstraint(
                name="an_entry_names_a_particular_once", fields=["index", "kind", "value"]
            )
        ]
        indexes = [
            models.Index(fields=["kind", "value"], name="particular_by_value"),
            models.Index(fields=["kind", "matter"], name="particular_by_matter"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class BookedAmount(models.Model):
    """An amount that a facility put on its books: gross, or (`element`) contained in it.

    `place` as for a particular. `digits` are the significant ones of the gross amount as it was
    entered, in whatever unit, which is gone from `low` and `high`.
    """

    index = models.BigIntegerField()
    place = models.BigIntegerField()
    entry = models.CharField(max_length=64, db_index=True)
    lot = models.CharField(max_length=LOT, db_index=True)
    facility = models.CharField(max_length=LOT)
    country = models.CharField(max_length=2)
    material = models.CharField(max_length=64)
    element = models.CharField(max_length=ELEMENT, blank=True)
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    unit = models.CharField(max_length=5)
    basis = models.CharField(max_length=12)
    digits = models.SmallIntegerField()
    year = models.SmallIntegerField()
    month = models.SmallIntegerField()
    is_weighed = models.BooleanField()
    is_made = models.BooleanField()  # a product of the facility, which its nameplate limits
    is_mined = models.BooleanField()
    until = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("booked amount")
        verbose_name_plural = _("booked amounts")
        constraints = [
            models.UniqueConstraint(
                name="an_entry_books_a_lot_once", fields=["index", "lot", "element"]
            )
        ]
        indexes = [
            models.Index(fields=["facility", "year", "place"], name="amount_of_facility"),
            models.Index(
                fields=["country", "element", "year", "place"],
                name="amount_mined_in_country",
                condition=models.Q(is_mined=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot} {self.element} {self.high}"
