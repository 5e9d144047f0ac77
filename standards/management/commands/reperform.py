"""`manage.py reperform LOT`: assess again what was assessed, and compare."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from standards.models import Assessment
from standards.reperforming import reperformed
from standards.rulebook.findings import Outcome
from traceability.errors import TraceabilityError, UnknownLot


class Command(BaseCommand):
    help = (
        "Assess a lot again as it was known when its verdicts were kept, and compare (POL-09). "
        "Exits with 2 where one comes out differently."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lot", metavar="LOT")
        parser.add_argument("--all", action="store_true", help="also verdicts that were replaced")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        lot = options["lot"].removeprefix("lot:")
        rows = Assessment.objects.filter(lot=lot).order_by("id")
        rows = rows if options["all"] else rows.filter(is_current=True)
        try:
            if not rows.exists():
                raise UnknownLot(lot, at="")
            told = [(row, reperformed(row)) for row in rows]
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        if options["json"]:
            answers = [
                {"club": row.club, "log_size": row.log_size, "finding": finding.as_json()}
                for row, finding in told
            ]
            self.stdout.write(json.dumps(answers, indent=2, ensure_ascii=False))
        else:
            for row, finding in told:
                whose = row.club or "packs alone"
                line = f"{row.mineral:8} {whose:20} {finding.outcome.value}: {finding.because}"
                self.stdout.write(line)
        if any(finding.outcome is Outcome.NONCONFORMING for _, finding in told):
            raise CommandError("A kept verdict does not come out again.", returncode=2)
