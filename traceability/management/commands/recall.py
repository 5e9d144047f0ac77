"""`manage.py recall FACILITY --from DATE`: what is hit if a facility is out from a day on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from traceability import seeing
from traceability.downstream import recall_of
from traceability.errors import TraceabilityError
from traceability.ledger.effective import parse_day
from traceability.management.arguments import add_reading_arguments
from traceability.tallying import Totals
from traceability.templatetags.ledger import amount
from traceability.tracing import size_known_at


class Command(BaseCommand):
    help = (
        "Tell which lots, products and holders are hit, and at what share, if a facility is out "
        "from a day on. Nothing is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the facility, the day, and how to read."""
        parser.add_argument("facility", metavar="FACILITY")
        parser.add_argument(
            "--from", required=True, dest="since", metavar="DATE", help="first day, YYYY-MM-DD"
        )
        add_reading_arguments(parser, depth_help="how many steps down; all if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Follow the metal, then tell line by line."""
        try:
            telling = recall_of(
                options["facility"].removeprefix("facility:"),
                since=parse_day(options["since"], at="from"),
                size=size_known_at(options["known_at"]),
                reader=options["reader"] or seeing.operator(),
                elements=options["element"],
                depth=options["depth"],
            )
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        if options["json"]:
            for piece in telling.as_json():
                self.stdout.write(piece.decode(), ending="")
            return
        for line in telling.lines():
            self.stdout.write(line.as_text())
        self._tell(telling.totals())

    def _tell(self, totals: Totals) -> None:
        told = {"lots": totals.lots, "products": totals.products, "blinded": totals.blinded_lots}
        heading = _("%(lots)d lots, %(products)d products; %(blinded)d lots not shown") % told
        self.stdout.write(self.style.MIGRATE_HEADING(heading))
        for holder in totals.holders:
            self.stdout.write(
                f"{holder.organization}: {holder.lots} · {amount(int(holder.left_mg))}"
            )
