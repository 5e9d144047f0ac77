"""`manage.py export_bundle`: one file that proves one lot's history, to one reader."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability.bundling import build_bundle
from traceability.errors import TraceabilityError
from traceability.ledger.keys import read_file
from traceability.ledger.notes import MAX_NOTE_BYTES


class Command(BaseCommand):
    help = "Write the proof bundle of a lot, for `traceability-verify`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the lot, the reader and the file."""
        parser.add_argument("lot", metavar="LOT")
        parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
        reader = parser.add_mutually_exclusive_group()
        reader.add_argument("--reader", metavar="ORG", help="hold what this organization may read")
        reader.add_argument(
            "--full", action="store_true", help="hold everything (the default): for an auditor"
        )
        parser.add_argument(
            "--since",
            action="append",
            default=[],
            type=Path,
            metavar="CHECKPOINT",
            help="a checkpoint that the reader holds; the bundle shows that it is continued",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Build the bundle and write it."""
        try:
            since = [read_file(path, limit=MAX_NOTE_BYTES).decode() for path in options["since"]]
            data = build_bundle(options["lot"], reader=options["reader"], since=since)
        except (TraceabilityError, UnicodeDecodeError) as error:
            hint = getattr(error, "hint", "")
            raise CommandError(f"{error}\n{hint}", returncode=2) from error
        options["output"].write_bytes(data)
        told = {"file": options["output"], "size": len(data)}
        self.stdout.write(self.style.SUCCESS(_("%(file)s: %(size)d bytes.") % told))
