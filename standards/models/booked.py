"""What the log says of mass-balance accounts: filled only by the follower, inserted once."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from standards.models.recorded import ELEMENT, LOT

NAME = 32
TEXT = 500


class Account(models.Model):
    """A mass-balance account as it was opened: one boundary, element, scheme, tier and method.

    What is on it is not stored: it is booked anew from the record whenever it is read.
    """

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    account = models.CharField(max_length=LOT, unique=True)
    holder = models.CharField(max_length=NAME, db_index=True)
    facilities = ArrayField(models.CharField(max_length=LOT))
    element = models.CharField(max_length=ELEMENT)
    scheme = models.CharField(max_length=64)
    tier = models.CharField(max_length=TEXT)
    method = models.CharField(max_length=16)
    begins = models.DateField()
    months = models.SmallIntegerField()
    opening = models.JSONField(default=list)  # rows of lot, level, mg and because
    documents = models.JSONField(default=list)  # the evidence of the opening statement

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["account"]
        indexes = [models.Index(fields=["element", "scheme"], name="accounts_of_a_market")]
        permissions = [("close_account", "Can close periods of accounts")]

    def __str__(self) -> str:
        return self.account


class Claim(models.Model):
    """A claim as made, or its withdrawal, as stated at one entry; `mg` of contained element."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    claim = models.CharField(max_length=LOT, db_index=True)
    account = models.CharField(max_length=LOT, blank=True, db_index=True)  # empty: book and claim
    holder = models.CharField(max_length=NAME)
    effective = models.CharField(max_length=80)
    is_withdrawal = models.BooleanField()
    lot = models.CharField(max_length=LOT, blank=True, db_index=True)
    recipient = models.CharField(max_length=TEXT, blank=True)
    is_recipient_known = models.BooleanField(default=False)  # an organization, not only a name
    element = models.CharField(max_length=ELEMENT, blank=True)
    scheme = models.CharField(max_length=64, blank=True)
    tier = models.CharField(max_length=TEXT, blank=True)
    model = models.CharField(max_length=24, blank=True)
    code = models.CharField(max_length=12, blank=True)
    wording = models.TextField(blank=True)
    mg = models.BigIntegerField(default=0)
    tranches = ArrayField(models.CharField(max_length=LOT), default=list)
    credits = ArrayField(models.CharField(max_length=LOT), default=list)
    because = models.TextField(blank=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-index"]

    def __str__(self) -> str:
        return self.claim


class Credit(models.Model):
    """What happened to a book-and-claim credit at one entry."""

    class Action(models.TextChoices):
        """What happened."""

        ISSUED = "issued", _("issued")
        TRANSFERRED = "transferred", _("transferred")
        RETIRED = "retired", _("retired")

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    serial = models.CharField(max_length=LOT, db_index=True)
    action = models.CharField(max_length=12, choices=Action.choices)
    author = models.CharField(max_length=NAME, db_index=True)
    effective = models.CharField(max_length=80)
    holder = models.CharField(max_length=NAME, blank=True, db_index=True)  # from here on
    account = models.CharField(max_length=LOT, blank=True, db_index=True)
    element = models.CharField(max_length=ELEMENT, blank=True)
    scheme = models.CharField(max_length=64, blank=True)
    tier = models.CharField(max_length=TEXT, blank=True)
    registry = models.CharField(max_length=TEXT, blank=True)
    vintage = models.CharField(max_length=4, blank=True)
    mg = models.BigIntegerField(default=0)
    because = models.TextField(blank=True)

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering = ["serial", "index"]

    def __str__(self) -> str:
        return f"{self.serial} {self.action}"


class AccountClose(models.Model):
    """The end of an accounting period, as its holder stated it."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    account = models.CharField(max_length=LOT, db_index=True)
    until = models.DateField()
    known_at = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("close")
        verbose_name_plural = _("closes")
        ordering = ["account", "index"]

    def __str__(self) -> str:
        return f"{self.account} {self.until}"


class ClosedPeriod(models.Model):
    """The account's state when a period was closed, kept so that it never changes again.

    It follows from the entries below the close (`rulebook.closing`); what rules or code say
    later does not reach back to it.
    """

    index = models.BigIntegerField(primary_key=True)  # of the close
    account = models.CharField(max_length=LOT, db_index=True)
    until = models.DateField()
    digest = models.CharField(max_length=64)
    state = models.JSONField()

    class Meta:
        verbose_name = _("closed period")
        verbose_name_plural = _("closed periods")
        ordering = ["account", "index"]

    def __str__(self) -> str:
        return f"{self.account} {self.until}"
