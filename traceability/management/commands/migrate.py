"""`migrate`, connected as the role that owns the tables."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's own command, with `--database owner` as its default."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments, and the owner where no database is named."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Migrate, unless the owner's address is unknown."""
        if options["database"] not in settings.DATABASES:
            raise CommandError("Set DATABASE_OWNER_URL: migrations run as the owner of the tables.")
        return super().execute(*args, **options)
