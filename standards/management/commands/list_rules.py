"""Write docs/rules.md: every rule, what it reads, and what the packs say."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from standards.rulebook.catalogue import rules_page
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES


class Command(BaseCommand):
    help = "Write docs/rules.md; with --check, exit with status 1 if it is not current."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Path(__file__).resolve().parents[3] / "docs" / "rules.md"
        parser.add_argument("--output", type=Path, default=default)
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path, page = options["output"], rules_page(RULES, shipped_packs())
        if not options["check"]:
            path.write_text(page, encoding="utf-8")
            self.stdout.write(self.style.SUCCESS(f"{len(RULES)} rules written to {path}"))
            return
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            raise CommandError(f"{path} is not current: run list_rules", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"{path} is current"))
