"""`manage.py trace LOT`: whose metal is in a lot, what it came of, and what came of it."""

from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability import seeing
from traceability.downstream import descent_of
from traceability.errors import TraceabilityError
from traceability.management.arguments import add_reading_arguments
from traceability.tracing import size_known_at
from traceability.upstream import Provenance, provenance_of


class Command(BaseCommand):
    help = "Trace a lot both ways, with quantities and exact shares. Nothing is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the lot, and how to read."""
        parser.add_argument("lot", metavar="LOT")
        add_reading_arguments(parser, depth_help="how many steps up and down; all if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read both ways, then tell."""
        lot = options["lot"].removeprefix("lot:")
        try:
            reader = options["reader"] or seeing.operator()
            known = {"size": size_known_at(options["known_at"]), "depth": options["depth"]}
            seeing.lot_seen_by(lot, reader)
            upstream = provenance_of(lot, reader=reader, **known)
            downstream = descent_of(lot, reader=reader, elements=options["element"], **known)
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        if options["json"]:
            told = msgspec.json.format(msgspec.json.encode(upstream), indent=1).decode()
            self.stdout.write(f'{{"upstream":{told},\n"downstream":', ending="")
            for piece in downstream.as_json():
                self.stdout.write(piece.decode(), ending="")
            self.stdout.write("}")
            return
        self._tell(upstream)
        self.stdout.write(self.style.MIGRATE_HEADING(_("downstream")))
        for line in downstream.lines():
            self.stdout.write(line.as_text())

    def _tell(self, upstream: Provenance) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(_("upstream")))
        for element in upstream.elements:
            self.stdout.write(f"{element.element}: {element.low_mg} to {element.high_mg} mg")
            for source in element.sources:
                place = source.facility or source.country or "?"
                self.stdout.write(f"{source.share.percent:>10} % {source.kind} {place}")
        for line in upstream.lots:
            self.stdout.write(f"{line.depth:6} {line.lot or _('not shown')}")
