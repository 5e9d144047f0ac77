"""Check the shipped rule packs, or one in a folder, against the rules."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from standards.rulebook.checking import check_packs
from standards.rulebook.pack_format import load_pack, shipped_packs
from standards.rulebook.rules import RULES
from traceability.errors import TraceabilityError


class Command(BaseCommand):
    help = (
        "Refuse incomplete rule packs, failing test vectors, keys no pack defines and parameters "
        "no rule reads; report values that nobody has checked for 180 days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, help="a pack to check in place of its namesake"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            packs = {pack.id: pack for pack in shipped_packs()}
            if options["folder"] is not None:
                pack = load_pack(options["folder"])
                packs[pack.id] = pack
            report = check_packs(list(packs.values()), RULES, on=timezone.localdate())
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        for line in (*report.stale, *report.unsettled):
            self.stdout.write(line)
        if report.problems:
            raise CommandError("\n".join(report.problems), returncode=2)
        done = f"{len(packs)} packs, {len(RULES)} rules, {report.vectors_passed} vectors: in order."
        self.stdout.write(self.style.SUCCESS(done))
