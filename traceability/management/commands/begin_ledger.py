"""`manage.py begin_ledger`: record the genesis, entry 0."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from traceability.errors import TraceabilityError
from traceability.models import Entry
from traceability.publishing import publish_checkpoint
from traceability.registering import begin_ledger


class Command(BaseCommand):
    help = (
        "Begin the ledger with its genesis and publish it. A ledger that has begun is left as is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take who runs the ledger."""
        parser.add_argument("--operator", required=True, metavar="ID", help="its organization id")
        parser.add_argument("--name", required=True, help="its name")
        parser.add_argument("--country", required=True, metavar="CC", help="ISO 3166-1 alpha-2")

    def handle(self, *args: Any, **options: Any) -> None:
        """Record the genesis once."""
        genesis = Entry.objects.filter(kind="registry.genesis").first()
        if genesis is not None:
            if genesis.author != options["operator"]:
                told = {"operator": genesis.author}
                raise CommandError(_("The ledger was begun by %(operator)s.") % told, returncode=2)
            self.stdout.write(_("The ledger has begun already: %(hash)s") % {"hash": genesis.hash})
            return
        try:
            outcome = begin_ledger(
                operator=options["operator"],
                name=options["name"],
                country=options["country"],
                effective=timezone.now().date().isoformat(),
            )
            publish_checkpoint()
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        told = {"hash": outcome.entry}
        self.stdout.write(self.style.SUCCESS(_("The ledger begins with entry %(hash)s.") % told))
