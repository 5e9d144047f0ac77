#!/usr/bin/env python3
"""Django's command line; without `DATABASE_URL` it starts, or joins, the embedded database."""

import os
import sys

from traceability.errors import TraceabilityError
from traceability.project.database import embedded_database, is_embedded

WITHOUT_DATABASE = {"check", "collectstatic", "compilemessages", "help", "makemessages"}


def main() -> None:
    """Run one management command, and show a deliberate error as a sentence and a hint."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        if is_embedded(os.environ) and command not in WITHOUT_DATABASE:
            with embedded_database(os.environ):
                _execute()
        else:
            _execute()
    except TraceabilityError as error:
        sys.exit(f"{error}\n{error.hint}")
    except BrokenPipeError:  # whoever read what we print, as `head` does, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _execute() -> None:
    from django.core.management import execute_from_command_line  # after the environment is set
    from django.db.utils import ProgrammingError
    from psycopg.errors import UndefinedFunction, UndefinedTable

    try:
        execute_from_command_line(sys.argv)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedFunction | UndefinedTable):
            raise
        sys.exit(f"The database lacks tables of this release: {error}\nRun `manage.py migrate`.")


if __name__ == "__main__":
    main()
