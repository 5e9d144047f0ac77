"""`manage.py publish_checkpoint`: publish now what is recorded."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from traceability.errors import TraceabilityError
from traceability.publishing import publish_checkpoint


class Command(BaseCommand):
    help = "Sequence what is recorded and sign a checkpoint of it. Repeating changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish, and say the size."""
        try:
            size = publish_checkpoint()
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        self.stdout.write(self.style.SUCCESS(_("Published: %(size)d entries.") % {"size": size}))
