"""`manage.py due_days`: what of certificates, registers and declarations runs out or falls due."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from standards.known import operator_id
from standards.reminding import remind
from standards.schedule import KINDS, Asked, DueLine, calendar_of
from traceability import seeing
from traceability.models import Organization

_MOST = 20
"""Lots that a line names; `--json` has all."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no calendar day (YYYY-MM-DD)") from None


class Command(BaseCommand):
    help = (
        "Print what runs out or falls due, by day, with the lots and clubs it touches, as an "
        "organization may know it. With --remind, also keep and send the reminders that are due."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="ID", help="for whom; else the operator")
        parser.add_argument("--from", dest="first", type=_day, metavar="DATE")
        parser.add_argument("--until", dest="last", type=_day, metavar="DATE")
        parser.add_argument("--kind", choices=KINDS)
        parser.add_argument("--scheme")
        parser.add_argument("--club", metavar="ID")
        parser.add_argument("--remind", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        reader = options["organization"] or operator_id()
        if not Organization.objects.filter(pk=reader).exists():
            raise CommandError(f"There is no organization {reader} here.", returncode=2)
        asked = Asked(**{name: options[name] for name in ("first", "last", "kind", "scheme")})
        lines = calendar_of(reader, asked, on=seeing.today())
        lines = [line for line in lines if Asked(club=options["club"]).lets(line)]
        reminded = remind() if options["remind"] else None
        if options["json"]:
            told = {"organization": reader, "lines": [_as_json(one) for one in lines]}
            self.stdout.write(json.dumps(told | {"reminded": reminded}, indent=2))
            return
        for line in lines:
            self.stdout.write("\n".join(_text(line)))
        if not lines:
            self.stdout.write("Nothing runs out and nothing falls due.")
        if reminded is not None:
            self.stdout.write(f"{reminded} new reminders.")


def _text(line: DueLine) -> list[str]:
    due = line.due
    day = "cannot be told" if due.on is None else due.on.isoformat()
    what = f"{due.kind.replace('_', ' ')} {due.about}" + (f" ({due.detail})" if due.detail else "")
    lines = [f"{day}  {what}" + (f", {line.site}" if line.site else "")]
    lines.append(f"            {due.basis}: {due.because}")
    if due.missing:
        lines.append(f"            missing: {due.missing}")
    if line.lots:
        more = f" and {len(line.lots) - _MOST} more" if len(line.lots) > _MOST else ""
        lines.append(f"            lots: {', '.join(line.lots[:_MOST])}{more}")
    if line.clubs:
        lines.append(f"            clubs: {', '.join(line.clubs)}")
    return lines


def _as_json(line: DueLine) -> dict[str, Any]:
    due = line.due
    return {
        "on": None if due.on is None else due.on.isoformat(),
        "kind": due.kind,
        "about": due.about,
        "detail": due.detail or None,
        "scheme": due.scheme or None,
        "facility": due.facility or None,
        "organization": due.organization or None,
        "basis": due.basis,
        "because": due.because,
        "missing": due.missing or None,
        "club": due.club or None,
        "lots": list(line.lots),
        "clubs": list(line.clubs),
        "cites": [one.key for one in due.cites],
    }
