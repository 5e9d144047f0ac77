"""`manage.py replay SCENARIO.json`: feed a scenario to the ledger and print its answers."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from standards.replaying import Replayed, replay
from standards.scenario import parse_scenario, scenario_schema
from traceability.errors import TraceabilityError

_FILE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class Command(BaseCommand):
    help = (
        "Feed a scenario to the ledger, in order, through the same use cases as the API, and "
        "print the answers to its questions. Exit status 2 where an answer is not the expected one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scenario", nargs="?", type=Path, help="a JSON file")
        parser.add_argument("--json", action="store_true", help="print everything as JSON")
        parser.add_argument(
            "--schema", action="store_true", help="print the JSON Schema of scenarios and stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(schema_text().decode(), ending="")
            return
        if options["scenario"] is None:
            raise CommandError("Name a scenario file, or ask for the --schema.")
        try:
            done = replay(parse_scenario(options["scenario"].read_bytes()))
        except OSError as error:
            raise CommandError(f"{options['scenario']}: {error.strerror}", returncode=2) from error
        except TraceabilityError as error:
            place = f"{error.at}: " if error.at else ""
            raise CommandError(f"{place}{error}\n{error.hint}", returncode=2) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(done.as_json(), option=_FILE).decode(), ending="")
        else:
            self.stdout.write("\n".join(_lines(done)))
        if not done.is_as_expected:
            raise CommandError("Not every answer is the expected one.", returncode=2)


def schema_text() -> bytes:
    """Return the content of docs/scenario.schema.json."""
    return orjson.dumps(scenario_schema(), option=_FILE)


def _lines(done: Replayed) -> list[str]:
    """Return what was done and every answer, for people."""
    head = done.scenario.head
    counts = (
        f"{done.recorded} statements recorded, {done.known} known before, {done.refused} refused "
        f"as they should be; the log has {done.size} entries."
    )
    lines = [head.title, head.note, counts]
    for one in done.answers:
        asked = " ".join(f"{name}={value}" for name, value in one.question.items())
        lines += ["", f"{one.at} {asked}"]
        lines.append(orjson.dumps(one.value, option=orjson.OPT_INDENT_2).decode())
        lines += [f"  NOT AS EXPECTED {line}" for line in one.differences]
    return lines
