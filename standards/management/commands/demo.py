"""`manage.py demo`: the shipped scenarios, their verdicts, and how to get in."""

import re
from textwrap import wrap
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from standards.answering import Answer
from standards.demonstrating import PEOPLE, Demonstration, curl_lines, demonstrate
from standards.replaying import Replayed
from traceability.errors import TraceabilityError

_SHOWN_LOT = "superior-motors:EV-70002"
_WIDE = 100
_INDENT = "    "
_HASH = re.compile(r"[0-9a-f]{64}")
_Row = tuple[str, str, str, str]


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
    """Return what a scenario came to: its verdicts, or the findings it asks for."""
    head = done.scenario.head
    lines = [head.title, *wrap(head.note, _WIDE), ""]
    rows = [row for one in done.answers if one.question["ask"] == "verdict" for row in _rows(one)]
    heads = ("LOT", "METAL", "VERDICT", "")
    if not rows:
        found = [one for one in done.answers if one.question["ask"] == "findings"]
        rows = [row for one in found for row in _found(one)]
        heads = ("LOT", "METAL", "RULE AND FINDING", "")
    rows.insert(0, heads)
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for lot, mineral, verdict, because in rows:
        cells = zip((lot, mineral, verdict), widths, strict=True)
        lines.append("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
        lines += wrap(because, _WIDE, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return lines


def _rows(one: Answer) -> list[_Row]:
    return [
        (_asked_of(one), mineral, told["verdict"].upper(), _because(told))
        for mineral, told in one.value["minerals"].items()
    ]


def _found(one: Answer) -> list[_Row]:
    return [
        (_asked_of(one), mineral, f"{rule} {told['outcome'].upper()}", _sentence(told["because"]))
        for mineral, rules in one.value.items()
        for rule, told in rules.items()
    ]


def _asked_of(one: Answer) -> str:
    known_at = one.question.get("known_at", "").replace("_", " ")
    return (
        f"{one.question['subject']} (as known {known_at})"
        if known_at
        else str(one.question["subject"])
    )


def _because(told: dict[str, Any]) -> str:
    """Return the reason of a verdict, with the first document that is missing, if that is it."""
    if told["verdict"] == "pass":
        return f"All {len(told['rules'])} requirements are met."
    sentence = _sentence(told["because"])
    if told["verdict"] == "indeterminate" and told["missing"]:
        sentence = f"{sentence} Missing: {told['missing'][0]}."
    return sentence


def _sentence(because: str) -> str:
    """Return a reason as a sentence, with hashes cut short."""
    told = because.rstrip(".")
    if ":" not in told.partition(" ")[0]:  # ids stay as they are
        told = f"{told[:1].upper()}{told[1:]}"
    return _HASH.sub(lambda found: f"{found[0][:12]}…", f"{told}.")


def _ways_in(shown: Demonstration) -> list[str]:
    lines = [f"The ledger: {settings.SITE_URL}/   people: {settings.SITE_URL}/admin/"]
    lines.append(f"Logins, all with the password {shown.password}")
    width = max(len(person.login) for person in PEOPLE)
    lines += [f"  {person.login.ljust(width)}  {person.does}" for person in PEOPLE]
    lines.append("The automaker's machine reads with")
    return lines + [f"  {line}" for line in curl_lines(shown, _SHOWN_LOT)]
