"""`manage.py demo`: the shipped scenarios, their verdicts, and how to get in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from standards.demonstrating import PEOPLE, Demonstration, curl_lines, demonstrate
from standards.replaying import Replayed
from traceability.errors import TraceabilityError

_SHOWN_LOT = "superior-motors:EV-70002"
_WIDE = 96  # columns for the reason, the rest of the line


class Command(BaseCommand):
    help = (
        "Replay the shipped scenarios, make one login for each role and a machine's client, "
        "and print the verdicts and how to get in. The second run is quick and loses nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shown = demonstrate()
        except TraceabilityError as error:
            place = f"{error.at}: " if error.at else ""
            raise CommandError(f"{place}{error}\n{error.hint}", returncode=2) from error
        for done in shown.replayed:
            self.stdout.write("\n".join(["", *_verdict_table(done)]))
        self.stdout.write("\n".join(["", *_ways_in(shown)]))
        for name in shown.changed:
            self.stderr.write(
                f"The scenario {name!r} was told here by an older release. For the present one, "
                "start anew: delete the state directory (.data)."
            )
        for done in shown.replayed:
            for one in done.answers:
                for line in one.differences:
                    self.stderr.write(f"Not as the scenario expects: {one.at} {line}")


def _verdict_table(done: Replayed) -> list[str]:
    """Return the verdicts of a scenario: lot, mineral, verdict and why."""
    lines = [done.scenario.head.title, done.scenario.head.note, ""]
    rows = [("LOT", "METAL", "VERDICT", "BECAUSE")]
    for one in done.answers:
        if one.question["ask"] != "verdict":
            continue
        known_at = one.question.get("known_at")
        then = f" (as known {known_at.replace('_', ' ')})" if known_at else ""
        for mineral, told in one.value["minerals"].items():
            missing = f" Missing: {told['missing'][0]}." if _is_open(told) else ""
            because = f"{told['because']}.{missing}"
            lot = f"{one.question['subject']}{then}"
            rows.append((lot, mineral, told["verdict"].upper(), because))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        told = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*told, _shortened(row[3])]).rstrip())
    return lines


def _is_open(told: dict[str, Any]) -> bool:
    return told["verdict"] == "indeterminate" and bool(told["missing"])


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _ways_in(shown: Demonstration) -> list[str]:
    lines = [f"The ledger: {settings.SITE_URL}/   people: {settings.SITE_URL}/admin/"]
    lines.append(f"Logins, all with the password {shown.password}")
    width = max(len(person.login) for person in PEOPLE)
    lines += [f"  {person.login.ljust(width)}  {person.does}" for person in PEOPLE]
    lines.append("The automaker's machine reads with")
    return lines + [f"  {line}" for line in curl_lines(shown, _SHOWN_LOT)]
