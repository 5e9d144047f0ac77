"""The custody ledger as a Django app."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class TraceabilityConfig(AppConfig):
    name = "traceability"
    verbose_name = _("Custody ledger")

    def ready(self) -> None:
        """Register what `check --deploy` asks about the database."""
        from traceability.checks import check_append_only

        register(check_append_only, Tags.security, deploy=True)
