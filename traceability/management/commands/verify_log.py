"""`manage.py verify_log`: recompute the whole log from its stored bytes."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability.errors import TraceabilityError
from traceability.verifying import verify_stored_log

QUIET_SECONDS = 2
EVERY_SECONDS = 1


class Command(BaseCommand):
    help = (
        "Recompute every hash, signature, link, tile and checkpoint of the stored log. "
        "Exit status 2 where something is not what it must be."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the database to look at."""
        parser.add_argument("--database", help="default: the verifier's role, where configured")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and say in one line what was."""
        self._begun = self._told = time.monotonic()
        try:
            log = verify_stored_log(using=options["database"], progress=self._tell)
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        line = _(
            "%(size)d entries, %(chains)d chains, %(checkpoints)d checkpoints and %(lots)d lots "
            "verified; %(waiting)d entries wait for publication, %(texts_erased)d texts are erased."
        )
        counts = {name: getattr(log, name) for name in type(log).__slots__}
        self.stdout.write(self.style.SUCCESS(line % counts))

    def _tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._begun > QUIET_SECONDS and now - self._told > EVERY_SECONDS:
            self._told = now
            self.stderr.write(_("%(done)d of %(total)d entries") % {"done": done, "total": total})
