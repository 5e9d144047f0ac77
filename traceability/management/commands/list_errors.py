"""Write docs/errors.md: every error code, its HTTP status, what it tells and what to do."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traceability.problems import errors_page


class Command(BaseCommand):
    help = "Write docs/errors.md; with --check, exit with status 1 if it is not current."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Path(__file__).resolve().parents[3] / "docs" / "errors.md"
        parser.add_argument("--output", type=Path, default=default)
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path, page = options["output"], errors_page()
        if not options["check"]:
            path.write_text(page, encoding="utf-8")
            self.stdout.write(self.style.SUCCESS(f"written to {path}"))
            return
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            raise CommandError(f"{path} is not current: run list_errors", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"{path} is current"))
