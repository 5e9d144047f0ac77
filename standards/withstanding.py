"""Withstanding: what fails, fails alone, is told to the operator, and is tried again.

Anybody who may sign can state something that nobody thought of. So no lot, entry, close or
policy that cannot be worked on holds up another: what was done for it is rolled back, logged,
and kept as a `Setback` until it works. What is wrong with the database itself is of no single
lot, and ends the turn as before.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exception

import django.db
import psycopg
from django.db import transaction
from django.db.models import F

from standards.models import Setback

Kind = Setback.Kind

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
"""How long is waited before something is tried again: twice as long each time."""

LONGEST_TRACEBACK = 20_000
"""Characters; the last ones tell where it failed."""

_OF_DATA = (
    django.db.DataError,
    django.db.IntegrityError,
    psycopg.DataError,
    psycopg.IntegrityError,
)
_OF_THE_DATABASE = (django.db.Error, psycopg.Error)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBack:
    """A lot that cannot be assessed as it is now: what was found before is no answer.

    `clubs` are those under whose policy alone it cannot be; empty where it cannot be at all.
    """

    since: datetime
    clubs: frozenset[str]

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing can be said of the lot."""
        return not self.clubs


@dataclass(slots=True)
class Attempt:
    """Something that is tried; `has_failed` once it did."""

    has_failed: bool = False


def is_its_own(error: BaseException) -> bool:
    """Tell whether an error is of what was worked on, and not of the database.

    A lost connection, a deadlock or a full disk would hit whatever came next as well; a value
    that does not fit a column is of the row.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _OF_THE_DATABASE) and not isinstance(seen, _OF_DATA):
            return False
        seen = seen.__cause__ or seen.__context__
    return isinstance(error, Exception)


def together(what: str) -> AbstractContextManager[Attempt]:
    """Let fail what is then tried in parts: rolled back and logged.

    Raises:
        django.db.Error: as `alone`.
    """

    def told(error: Exception) -> None:
        logger.warning("Could not %s together, so it is done in parts.", what, exc_info=error)

    return _attempt(told)


def alone(
    kind: Kind, about: str, *, known_at: int, now: datetime, club: str = ""
) -> AbstractContextManager[Attempt]:
    """Let what is done within fail alone: rolled back, logged and kept as a setback.

    Raises:
        django.db.Error: what is wrong with the database, and of nothing in particular.
    """

    def told(error: Exception) -> None:
        _keep(kind, about, club, error, known_at=known_at, now=now)

    return _attempt(told)


@contextmanager
def _attempt(told: Callable[[Exception], None]) -> Iterator[Attempt]:
    attempt = Attempt()
    try:
        with transaction.atomic():
            yield attempt
    except Exception as error:
        if not is_its_own(error):
            raise
        attempt.has_failed = True
        told(error)


def overcome(
    kind: Kind, about: Collection[str], *, club: str | None = None, but_for: Collection[str] = ()
) -> None:
    """Forget the setbacks of what works now.

    Args:
        club: under whose policy it works; under all of them where None,
        but_for: but those of these.
    """
    rows = Setback.objects.filter(kind=kind, about__in=about).exclude(club__in=but_for)
    (rows if club is None else rows.filter(club=club)).delete()


def set_back(lot: str, clubs: Collection[str]) -> SetBack | None:
    """Tell whether a lot cannot be assessed, for readers who belong to these clubs."""
    rows = list(Setback.objects.filter(kind=Kind.LOT, about=lot, club__in=["", *clubs]))
    if not rows:
        return None
    named = frozenset(row.club for row in rows)
    return SetBack(
        since=min(row.first_at for row in rows), clubs=frozenset() if "" in named else named
    )


def to_try_again(kind: Kind, now: datetime) -> list[Setback]:
    """Return the setbacks of one kind that have waited long enough, in the order of the log."""
    rows = Setback.objects.filter(kind=kind).order_by("known_at", "id")
    return [row for row in rows if not is_waiting(row, now)]


def is_waiting(row: Setback, now: datetime) -> bool:
    """Tell whether it is too early to try something again."""
    doublings = min(row.tries - 1, 10)
    return bool(now < row.last_at + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def _keep(
    kind: Kind, about: str, club: str, error: Exception, *, known_at: int, now: datetime
) -> None:
    under = f" under the policy of {club}" if club else ""
    logger.error("Could not %s: %s%s.", Kind(kind).label, about, under, exc_info=error)
    because = f"{type(error).__name__}: {error}"
    told = {
        "known_at": known_at,
        "because": because[:500].replace("\x00", ""),
        "traceback": "".join(format_exception(error))[-LONGEST_TRACEBACK:].replace("\x00", ""),
        "last_at": now,
    }
    row, is_new = Setback.objects.get_or_create(
        kind=kind, about=about, club=club, defaults=told | {"first_at": now, "tries": 1}
    )
    if not is_new:
        Setback.objects.filter(pk=row.pk).update(**told, tries=F("tries") + 1)
