"""Who read what of whose: reading another company's data leaves a `Reading`, seen by its owner."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time

from django.utils import timezone

from traceability.models import Entry, Lot, Reading
from traceability.seeing import is_own


def note_reading(
    lots: Iterable[Lot],
    *,
    reader: str,
    what: str,
    person: str = "",
    now: datetime | None = None,
) -> None:
    """Write down that lots of other companies were read.

    A lot is another company's where the reader neither has custody nor owns a part. One row per
    reader, person, lot, what and day (UTC) is enough: the owner learns who looked at what and
    when, and a machine that polls every second does not bury that, or fill a table that
    nobody can prune. Two at once may write two rows; nothing hangs on it.

    Args:
        lots: what was shown.
        reader: the organization.
        what: the page, such as `lot`, `provenance`, `bundle`.
        person: the pseudonym, where a person asked and not a machine.
        now: when; the clock's time where not given.
    """
    others = {(lot.id, lot.custodian) for lot in lots if not is_own(lot, reader)}
    _note(others, reader=reader, what=what, person=person, now=now or timezone.now())


def note_statement_read(
    entry: Entry, *, reader: str, person: str = "", now: datetime | None = None
) -> None:
    """Write down that another company's statement was read; `lot` then holds the entry hash."""
    if entry.author != reader:
        owners = {(entry.hash, entry.author)}
        _note(owners, reader=reader, what="statement", person=person, now=now or timezone.now())


def note_record_read(
    name: str, *, owner: str, reader: str, what: str = "account", person: str = ""
) -> None:
    """Write down that another company's record, such as an account, was read; `lot` names it."""
    if owner != reader:
        _note({(name, owner)}, reader=reader, what=what, person=person, now=timezone.now())


def note_records_read(
    owners: Mapping[str, str], *, reader: str, what: str, person: str = ""
) -> None:
    """Write down that records of other companies were read, all at once; `owners` by name."""
    others = {(name, owner) for name, owner in owners.items() if owner != reader}
    _note(others, reader=reader, what=what, person=person, now=timezone.now())


def note_answer(
    owners: Iterable[str],
    *,
    about: str,
    reader: str,
    what: str,
    person: str = "",
    now: datetime | None = None,
) -> None:
    """Write down that an answer about many lots told of other companies' ones.

    One row per owner, and not per lot: `lot` then holds what was asked about, a lot or a
    facility.
    """
    pairs = {(about, owner) for owner in owners if owner != reader}
    _note(pairs, reader=reader, what=what, person=person, now=now or timezone.now())


def _note(
    pairs: set[tuple[str, str]], *, reader: str, what: str, person: str, now: datetime
) -> None:
    """Write (what was read, its owner) down, unless that was done today."""
    if not pairs:
        return
    midnight = datetime.combine(now.astimezone(UTC).date(), time.min, tzinfo=UTC)
    noted = Reading.objects.filter(
        reader=reader,
        person=person,
        what=what,
        lot__in={read for read, _ in pairs},
        read_at__gte=midnight,
    )
    fresh = pairs - set(noted.values_list("lot", "owner"))
    Reading.objects.bulk_create(
        Reading(reader=reader, person=person, owner=owner, lot=read, what=what, read_at=now)
        for read, owner in sorted(fresh)
    )
