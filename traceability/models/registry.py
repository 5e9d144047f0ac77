"""Who and where, as last stated: derived from `registry.*` entries, rebuildable from them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from traceability.ledger.vocabulary import KeyHolder


class Organization(models.Model):
    """Who answers for statements. `record` is the body of the statement that said so last."""

    id = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=500)
    country = models.CharField(max_length=2)
    roles = ArrayField(models.CharField(max_length=40))
    record = models.JSONField()
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Facility(models.Model):
    """Where material is worked or kept. `operator` is null where it has no key here."""

    id = models.CharField(max_length=97, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    operator = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="facilities", null=True
    )
    name = models.CharField(max_length=500)
    types = ArrayField(models.CharField(max_length=40))
    country = models.CharField(max_length=2)
    subdivision = models.CharField(max_length=6, blank=True)
    record = models.JSONField()
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Key(models.Model):
    """An enrolled public key, good from its enrolment's log index to its revocation's."""

    kid = models.CharField(max_length=43, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="keys")
    public = models.BinaryField(max_length=32)
    held_by = models.CharField(max_length=20, choices=[(h, h) for h in KeyHolder])
    enrolled_order = models.BigIntegerField()
    revoked_order = models.BigIntegerField(null=True)
    distrusted_from = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        ordering = ["kid"]

    def __str__(self) -> str:
        return self.kid


class ServiceKey(models.Model):
    """A private key the service holds for an organization, sealed with a key kept elsewhere."""

    kid = models.CharField(max_length=43, primary_key=True)
    organization_id = models.CharField(max_length=32)
    sealed = models.BinaryField(max_length=200)

    class Meta:
        verbose_name = _("service-held key")
        verbose_name_plural = _("service-held keys")

    def __str__(self) -> str:
        return self.kid


class Relationship(models.Model):
    """A dated edge between a holder and a target, as last stated."""

    id = models.CharField(max_length=97, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    record = models.JSONField()
    effective = models.CharField(max_length=80)
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id


class Audience(models.Model):
    """A named set of organizations to whom lots may be opened; changes are log entries."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, primary_key=True)
    members = ArrayField(models.CharField(max_length=32))
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")

    def __str__(self) -> str:
        return self.organization_id


class Membership(models.Model):
    """For which organization a person or a machine account acts. An account has one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="memberships"
    )
    pseudonym = models.CharField(
        max_length=64, unique=True, help_text=_("Names the person in statements.")
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def __str__(self) -> str:
        return f"{self.pseudonym} ({self.organization_id})"


class Grant(models.Model):
    """Lets an auditor read facilities or lots in full until a day, as last stated."""

    id = models.CharField(max_length=97, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    auditor = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="grants")
    until = models.DateField()
    facilities = ArrayField(models.CharField(max_length=97))
    lots = ArrayField(models.CharField(max_length=97))
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("audit grant")
        verbose_name_plural = _("audit grants")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id


class NameOpening(models.Model):
    """Names that their owner opened to others, as last stated."""

    id = models.CharField(max_length=97, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    own_name = models.BooleanField()
    facilities = ArrayField(models.CharField(max_length=97))
    audience = ArrayField(models.CharField(max_length=32))
    public = models.BooleanField()
    until = models.DateField(null=True)
    recorded_order = models.BigIntegerField()

    class Meta:
        verbose_name = _("opened name")
        verbose_name_plural = _("opened names")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id


class Reading(models.Model):
    """Somebody read what belongs to another company; shown to its owner, never changed."""

    reader = models.CharField(max_length=32)
    person = models.CharField(max_length=64, blank=True)
    owner = models.CharField(max_length=32, db_index=True)
    lot = models.CharField(max_length=97)
    what = models.CharField(max_length=40)
    read_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering = ["-id"]
        indexes = [models.Index(fields=["reader", "lot"], name="reading_by_reader")]

    def __str__(self) -> str:
        return f"{self.reader} {self.what} {self.lot}"
