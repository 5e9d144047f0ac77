"""Lots and what happened to them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from traceability.ledger.book import EXITED, HELD, IN_TRANSIT


class Lot(models.Model):
    """A lot as it stands now: serves recording and lists. Verdicts read entries instead.

    `amount` counts whole milligrams or pieces; below zero the lot is restated: it gave more
    than, as now known, it ever held. `salt` and `head` are its chain.
    """

    STATES = ((HELD, _("held")), (IN_TRANSIT, _("in transit")), (EXITED, _("left the ledger")))

    id = models.CharField(max_length=97, primary_key=True)
    custodian = models.CharField(max_length=32, db_index=True)
    state = models.CharField(max_length=12, choices=STATES)
    facility = models.CharField(max_length=97, null=True)  # noqa: DJ001 - null is "nowhere"
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=5)
    basis = models.CharField(max_length=12)
    material = models.CharField(max_length=64)
    form = models.CharField(max_length=64)
    owners = models.JSONField()
    known_to = ArrayField(models.CharField(max_length=32))
    consignment = models.CharField(max_length=97, null=True)  # noqa: DJ001
    consignee = models.CharField(max_length=32, null=True)  # noqa: DJ001
    salt = models.CharField(max_length=32)
    head = models.CharField(max_length=64)
    last_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        ordering = ["id"]
        indexes = [GinIndex(fields=["known_to"], name="lot_known_to", opclasses=["array_ops"])]

    def __str__(self) -> str:
        return self.id


class Movement(models.Model):
    """What one entry did to one lot: inserted once, never changed.

    `facts` keeps what contained metal and shares are derived from (assays, declared origin),
    also after the text of a statement was erased.
    """

    pk = models.CompositePrimaryKey("recorded_order", "ordinal")
    recorded_order = models.BigIntegerField()
    ordinal = models.IntegerField()
    lot = models.CharField(max_length=97)
    role = models.CharField(max_length=8)
    delta = models.BigIntegerField()
    unit = models.CharField(max_length=5)
    facts = models.JSONField()

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        indexes = [
            models.Index(fields=["lot", "recorded_order"], name="movement_of_lot"),
            models.Index(  # who may read a transfer of title
                KeyTextTransform("to", "facts"),
                name="movement_passes_title_to",
                condition=models.Q(role="title"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot} {self.role} {self.delta}"


class LotOpening(models.Model):
    """A lot opened to an organization or the members of a club, until closed."""

    lot = models.CharField(max_length=97)
    organization = models.CharField(max_length=32)
    until = models.DateField(null=True)
    offer = models.CharField(max_length=64)
    opened_order = models.BigIntegerField()
    closed_order = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("opened lot")
        verbose_name_plural = _("opened lots")
        indexes = [
            models.Index(fields=["organization", "lot"], name="opening_by_organization"),
            models.Index(fields=["offer"], name="opening_by_offer"),
        ]

    def __str__(self) -> str:
        return f"{self.lot} → {self.organization}"
