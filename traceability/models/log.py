"""The log: entries, chains, the order they were given, tiles and checkpoints."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One accepted statement: inserted once, never updated or deleted (ADR 0002).

    `body` is the exact text that was hashed. Every other column repeats a field of `body`
    or of the statement so that it can be filtered on; when they disagree, `body` is right.
    The log index lives in `LogIndex`: a row there, once, by the sequencer.
    """

    recorded_order = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64, unique=True)  # RFC 6962 leaf hash, hex
    body = models.TextField()  # canonical JSON, at most 60 kB
    kind = models.CharField(max_length=40)
    author = models.CharField(max_length=32)
    kid = models.CharField(max_length=43)
    held_by = models.CharField(max_length=20)
    statement_id = models.UUIDField()
    payload_digest = models.CharField(max_length=64)
    facility = models.CharField(max_length=97, null=True)  # noqa: DJ001 - null: not at a facility
    stage = models.CharField(max_length=40, null=True)  # noqa: DJ001
    event = models.CharField(max_length=40, null=True)  # noqa: DJ001 - what an amendment stands for
    reported = models.BooleanField(default=False)  # signed for an operator without a key
    effective = models.CharField(max_length=80)
    effective_on = models.DateField()  # the local calendar day, for laws
    received_at = models.DateTimeField()
    replaces = models.CharField(max_length=64, null=True)  # noqa: DJ001
    waits_on = models.CharField(max_length=160, null=True)  # noqa: DJ001 - unmatched receipt

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-recorded_order"]
        indexes = [
            models.Index(
                fields=["facility", "recorded_order"],
                name="entry_at_facility",
                condition=models.Q(facility__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="statement_id_is_unique_per_organization", fields=["author", "statement_id"]
            ),
            models.UniqueConstraint(
                name="an_entry_is_replaced_once",
                fields=["replaces"],
                condition=models.Q(replaces__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.hash[:12]}"


class StatementText(models.Model):
    """What was signed, as sent, and its disclosures; the only rows an erasure removes."""

    recorded_order = models.BigIntegerField(primary_key=True)
    jws = models.TextField()
    disclosures = models.JSONField(default=list)

    class Meta:
        verbose_name = _("statement text")
        verbose_name_plural = _("statement texts")

    def __str__(self) -> str:
        return str(self.recorded_order)


class EntrySubject(models.Model):
    """An entry's place in the chain of one subject it touches."""

    pk = models.CompositePrimaryKey("subject", "recorded_order")
    subject = models.CharField(max_length=160)
    recorded_order = models.BigIntegerField()
    previous = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: the first

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        indexes = [
            models.Index(fields=["recorded_order"], name="subjects_of_entry"),
            *(  # who may read what is about a consignment `consignment:<shipper>:…:<consignee>`
                models.Index(
                    models.Func(
                        "subject", models.Value(":"), models.Value(place), function="split_part"
                    ),
                    name=f"consignment_{party}",
                    condition=models.Q(subject__startswith="consignment:"),
                )
                for party, place in (("shipper", 2), ("consignee", 4))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.recorded_order}"


class Subject(models.Model):
    """The chain of a subject that is no lot: its salt, its head, a consignment's state."""

    id = models.CharField(max_length=160, primary_key=True)
    salt = models.CharField(max_length=32)
    head = models.CharField(max_length=64)
    state = models.JSONField(null=True)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")

    def __str__(self) -> str:
        return self.id


class Stream(models.Model):
    """A site's or device's own chain of statements: where it stands."""

    pk = models.CompositePrimaryKey("author", "stream")
    author = models.CharField(max_length=32)
    stream = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    head = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")

    def __str__(self) -> str:
        return f"{self.author} {self.stream} {self.seq}"


class Rejection(models.Model):
    """A statement that was refused, kept for its author: what, where, why, what to do.

    `jws` is kept only where it is evidence: two signed statements with one place in a stream.
    """

    author = models.CharField(max_length=32, db_index=True)
    statement_id = models.CharField(max_length=36, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField()
    code = models.CharField(max_length=60)
    problem = models.JSONField()
    jws = models.TextField(blank=True)

    class Meta:
        verbose_name = _("rejection")
        verbose_name_plural = _("rejections")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.code} {self.statement_id}"


class Pending(models.Model):
    """An entry that is recorded but has no log index yet; the sequencer deletes the row."""

    recorded_order = models.BigIntegerField(primary_key=True)

    class Meta:
        verbose_name = _("pending entry")
        verbose_name_plural = _("pending entries")

    def __str__(self) -> str:
        return str(self.recorded_order)


class LogIndex(models.Model):
    """The place of an entry in the log: gapless, final, inserted once."""

    index = models.BigIntegerField(primary_key=True)
    recorded_order = models.BigIntegerField(unique=True)

    class Meta:
        verbose_name = _("log index")
        verbose_name_plural = _("log indices")
        ordering = ["index"]

    def __str__(self) -> str:
        return str(self.index)


class Tile(models.Model):
    """A full tile of 256 hashes (C2SP tlog-tiles): inserted once."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=8192)

    class Meta:
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogState(models.Model):
    """One row: the tree as sequenced so far and its right edge of partial tiles."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    root = models.CharField(max_length=64)
    edge = models.JSONField(default=list)  # per level: the partial tile's hashes, hex

    class Meta:
        verbose_name = _("log state")
        verbose_name_plural = _("log state")
        constraints = [models.CheckConstraint(name="there_is_one_log", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"{self.size} {self.root[:12]}"


class Checkpoint(models.Model):
    """A signed checkpoint (C2SP tlog-checkpoint): inserted once per size."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    published_at = models.DateTimeField()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["-size"]

    def __str__(self) -> str:
        return str(self.size)
