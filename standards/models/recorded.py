"""What the log says of certificates, clubs and packs: filled only by the follower.

`index` is the log index of the entry that says so; a question about an earlier log size leaves
out what came later. Rows are inserted once; a trigger refuses any change (migration 0002).
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from traceability.models import Organization

LOT = 97
ELEMENT = 10


class Cursor(models.Model):
    """How far a reader has followed the log: entries below `size` are taken in.

    `code_version` is that of the rules by which everything was assessed last, or made due.
    """

    name = models.CharField(max_length=40, primary_key=True)
    size = models.BigIntegerField(default=0)
    code_version = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")

    def __str__(self) -> str:
        return f"{self.name} {self.size}"


class Certificate(models.Model):
    """A third party's statement about a facility or organization, as stated at one entry.

    Stated again under its id, it is another row; the last one below a log size holds there.
    `level` is the published one. Null scopes have not been coded by anybody.
    """

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    certificate = models.CharField(max_length=LOT, db_index=True)
    author = models.CharField(max_length=32)
    scheme = models.CharField(max_length=64)
    standard = models.CharField(max_length=500, blank=True)
    version = models.CharField(max_length=500, blank=True)
    facility = models.CharField(max_length=LOT, blank=True, db_index=True)
    organization = models.CharField(max_length=32, blank=True, db_index=True)
    activities = ArrayField(models.CharField(max_length=64), null=True)
    materials = ArrayField(models.CharField(max_length=ELEMENT), null=True)
    level = models.CharField(max_length=500, blank=True)
    assessed_on = models.DateField(null=True)
    published_on = models.DateField(null=True)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    next_action_on = models.DateField(null=True)
    stated_on = models.DateField(null=True)  # the day (UTC) the ledger received it
    evidence = models.JSONField(null=True)  # documents by digest, as the envelope names them
    record = models.JSONField()  # the body of the statement

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["certificate", "-index"]

    def __str__(self) -> str:
        return self.certificate


class CertificateStatus(models.Model):
    """One row of a certificate's timeline: true from a day, known from a log index.

    A retroactive status reaches back to the beginning; any other does not.
    """

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    certificate = models.CharField(max_length=LOT, db_index=True)
    status = models.CharField(max_length=40)
    effective_from = models.DateField()
    retroactive = models.BooleanField(default=False)
    because = models.TextField(blank=True)
    stated_on = models.DateField(null=True)  # the day (UTC) the ledger received it

    class Meta:
        verbose_name = _("certificate status")
        verbose_name_plural = _("certificate statuses")
        ordering = ["certificate", "effective_from", "index"]

    def __str__(self) -> str:
        return f"{self.certificate} {self.status} {self.effective_from}"


class RegistrySnapshot(models.Model):
    """A copy of a scheme's register or an authority's list, by digest.

    `rows` are as stated; those about somebody on this ledger are in `RegistryRow` too, where they
    are looked up. `unmatched` are the countries of rows that nobody matched with somebody on
    this ledger, an empty text where the row names none.
    """

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=LOT, db_index=True)
    scheme = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=500)
    url = models.CharField(max_length=500)
    published_on = models.DateField(null=True)
    retrieved_on = models.DateField()
    retrieved_at = models.DateTimeField(null=True)  # null in rows of releases before this column
    sha256 = models.CharField(max_length=64)
    complete = models.BooleanField()
    left_out = models.IntegerField(null=True)  # rows of nobody on this ledger
    unmatched = ArrayField(models.CharField(max_length=2, blank=True), default=list)
    rows = models.JSONField()

    class Meta:
        verbose_name = _("register snapshot")
        verbose_name_plural = _("register snapshots")
        ordering = ["-index"]
        permissions = [("import_registrysnapshot", "Can import copies of registers")]

    def __str__(self) -> str:
        return self.snapshot


class RegistryRow(models.Model):
    """A row of a register about somebody on this ledger, in the register's own words.

    `subject` is the facility, or the organization as a whole.
    """

    snapshot = models.ForeignKey(RegistrySnapshot, on_delete=models.PROTECT, related_name="lines")
    place = models.IntegerField()  # in the register, from 0
    subject = models.CharField(max_length=LOT, db_index=True)
    name = models.CharField(max_length=500)
    status = models.CharField(max_length=500, blank=True)
    level = models.CharField(max_length=500, blank=True)
    materials = ArrayField(models.CharField(max_length=ELEMENT), null=True)
    listed_from = models.DateField(null=True)
    listed_until = models.DateField(null=True)

    class Meta:
        verbose_name = _("row of a register")
        verbose_name_plural = _("rows of registers")
        constraints = [
            models.UniqueConstraint(
                name="a_register_has_one_row_at_a_place", fields=["snapshot", "place"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.place}"


class Declaration(models.Model):
    """What a company declared, as stated at one entry: it proves that it was said.

    Stated again under its id, it is another row; the last one below a log size holds there.
    """

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    declaration = models.CharField(max_length=LOT, db_index=True)
    author = models.CharField(max_length=32, db_index=True)
    form = models.CharField(max_length=64)
    lots = ArrayField(models.CharField(max_length=LOT))
    recipients = ArrayField(models.CharField(max_length=32))
    effective_on = models.DateField()
    stated_on = models.DateField()  # the day (UTC) the ledger received it
    withdrawn = models.BooleanField()
    record = models.JSONField()  # the body of the statement

    class Meta:
        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        ordering = ["-index"]
        indexes = [
            GinIndex(fields=["lots"], name="declarations_about_lots"),
            GinIndex(fields=["recipients"], name="declarations_for_readers"),
        ]

    def __str__(self) -> str:
        return self.declaration


class Club(models.Model):
    """A procurement club that has adopted a policy. Its members are its audience's."""

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, primary_key=True, related_name="club"
    )
    index = models.BigIntegerField()

    class Meta:
        verbose_name = _("club")
        verbose_name_plural = _("clubs")

    def __str__(self) -> str:
        return self.organization_id


class ClubPolicy(models.Model):
    """One adopted version of a club's policy. `form` is what `parse_policy` reads."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="policies")
    version = models.CharField(max_length=60)
    title = models.CharField(max_length=500)
    effective_from = models.DateField()
    digest = models.CharField(max_length=64)
    form = models.JSONField()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["club", "-index"]
        permissions = [
            ("view_waiver", "Can see waivers"),
            ("grant_waiver", "Can grant and withdraw waivers"),
        ]

    def __str__(self) -> str:
        return f"{self.club_id} {self.version}"


class PackActivation(models.Model):
    """The operator put a rule pack in force; the last one below a log size holds there."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.CharField(max_length=64)
    pack = models.CharField(max_length=40, db_index=True)
    version = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("pack activation")
        verbose_name_plural = _("pack activations")
        ordering = ["-index"]

    def __str__(self) -> str:
        return f"{self.pack} {self.version}"


class PackFile(models.Model):
    """One file of a rule pack, its exact bytes; the pack is all files of one digest."""

    digest = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    content = models.BinaryField()

    class Meta:
        verbose_name = _("file of a rule pack")
        verbose_name_plural = _("files of rule packs")
        constraints = [
            models.UniqueConstraint(name="a_pack_has_one_file_of_a_name", fields=["digest", "path"])
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]} {self.path}"
