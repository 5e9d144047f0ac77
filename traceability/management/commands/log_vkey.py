"""`manage.py log_vkey`: the key by which everybody verifies this log."""

from typing import Any

from django.core.management.base import BaseCommand

from traceability.keeping import log_verifier


class Command(BaseCommand):
    help = "Print the log's verifier key (C2SP vkey), to give to everybody."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line."""
        self.stdout.write(log_verifier().vkey)
