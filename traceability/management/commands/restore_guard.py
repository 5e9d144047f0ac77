"""`manage.py restore_guard`: re-create a lost guard from a checkpoint somebody else holds."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability.errors import TraceabilityError
from traceability.guarding import restore_guard
from traceability.ledger.keys import read_file
from traceability.ledger.notes import MAX_NOTE_BYTES


class Command(BaseCommand):
    help = (
        "Re-create the guard from a signed checkpoint of this log that somebody else holds. "
        "Refused where there is a guard, or where the database does not contain it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file with the note."""
        parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT_FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify the note against the database, then make it the guard."""
        try:
            note = read_file(options["checkpoint"], limit=MAX_NOTE_BYTES).decode()
            size = restore_guard(note)
        except (TraceabilityError, UnicodeDecodeError) as error:
            hint = getattr(error, "hint", "")
            raise CommandError(f"{error}\n{hint}", returncode=2) from error
        self.stdout.write(
            self.style.SUCCESS(
                _("The guard holds the checkpoint of size %(size)d.") % {"size": size}
            )
        )
