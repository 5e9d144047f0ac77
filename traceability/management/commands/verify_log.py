"""`manage.py verify_log`: recompute the whole log from its stored bytes."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability.errors import TraceabilityError
from traceability.ledger.keys import read_file
from traceability.ledger.notes import MAX_NOTE_BYTES
from traceability.redeciding import verify_decisions
from traceability.verifying import verify_stored_log

QUIET_SECONDS = 2
EVERY_SECONDS = 1


class Command(BaseCommand):
    help = (
        "Recompute every hash, signature, link, tile and checkpoint of the stored log. "
        "Exit status 2 where something is not what it must be."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the database to look at, and checkpoints that it must continue."""
        parser.add_argument("--database", help="default: the verifier's role, where configured")
        parser.add_argument(
            "--earlier",
            type=Path,
            action="append",
            default=[],
            metavar="CHECKPOINT_FILE",
            help="a checkpoint of this log that somebody else kept (may be given again)",
        )
        parser.add_argument(
            "--decisions",
            action="store_true",
            help="decide on every statement again, too, and compare all that is derived of it; "
            "holds every lot and statement in memory",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and say in one line what was."""
        self._begun = self._told = time.monotonic()
        try:
            notes = [read_file(path, limit=MAX_NOTE_BYTES).decode() for path in options["earlier"]]
            log = verify_stored_log(using=options["database"], progress=self._tell, earlier=notes)
            decided = None
            if options["decisions"]:
                decided = verify_decisions(using=options["database"], progress=self._tell)
        except (TraceabilityError, UnicodeDecodeError) as error:
            hint = getattr(error, "hint", "")
            raise CommandError(f"{error}\n{hint}", returncode=2) from error
        line = _(
            "%(size)d entries, %(chains)d chains, %(checkpoints)d checkpoints and %(lots)d lots "
            "verified; %(waiting)d entries wait for publication, %(texts_erased)d texts are erased."
        )
        counts = {name: getattr(log, name) for name in type(log).__slots__}
        self.stdout.write(self.style.SUCCESS(line % counts))
        if decided is not None:
            line = _(
                "%(entries)d statements were decided again and left %(lots)d lots and all else "
                "as it is kept; %(open)d could not be, for want of an erased text."
            )
            counts = {name: getattr(decided, name) for name in type(decided).__slots__}
            self.stdout.write(self.style.SUCCESS(line % counts))

    def _tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._begun > QUIET_SECONDS and now - self._told > EVERY_SECONDS:
            self._told = now
            self.stderr.write(_("%(done)d of %(total)d entries") % {"done": done, "total": total})
