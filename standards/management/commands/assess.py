"""`manage.py assess LOT`: findings and a club's verdict, as of a day, as known at a log size."""

import json
from argparse import ArgumentTypeError
from datetime import date
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from standards.dossiers import Examined, examine
from standards.known import followed_size, pack_of
from standards.rulebook.assessment import PACKS_ALONE
from standards.rulebook.dossier import GoverningDate
from standards.rulebook.evaluation import code_version, verdict_digest
from standards.rulebook.law import Pack
from traceability.errors import TraceabilityError, UnknownPack

_DATES = {name.removesuffix("_on"): name for name in get_args(GoverningDate) if name != "as_of"}
_ALSO = {"entry": "imported_on", "delivery": "delivered_on", "sale": "sold_on"}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no calendar day (YYYY-MM-DD)") from None


def _key_date(text: str) -> tuple[str, date]:
    name, _, day = text.partition("=")
    known = {name: name for name in _DATES.values()} | _DATES | _ALSO
    if name not in known:
        raise ArgumentTypeError(f"{name} is no key date; there are {', '.join(sorted(known))}")
    return known[name], _day(day)


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text} is no log size")
    return int(text)


class Command(BaseCommand):
    help = "Assess a lot anew, without keeping anything: as of a day, as known at a log size."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="LOT")
        parser.add_argument("--policy", default=PACKS_ALONE, metavar="CLUB")
        parser.add_argument("--as-of", type=_day, metavar="DATE")
        parser.add_argument("--known-at", type=_size, metavar="SIZE")
        parser.add_argument("--pack", action="append", default=[], metavar="ID@DIGEST")
        parser.add_argument(
            "--key-date", action="append", default=[], type=_key_date, metavar="NAME=DATE"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        size = options["known_at"] if options["known_at"] is not None else followed_size()
        try:
            told = examine(
                options["subject"].removeprefix("lot:"),
                size=size,
                as_of=options["as_of"] or timezone.now().date(),
                club=options["policy"],
                packs=[_pack(text) for text in options["pack"]],
                dates=dict(options["key_date"]),
            )
        except TraceabilityError as error:
            raise CommandError(f"{error}\n{error.hint}", returncode=2) from error
        if options["json"]:
            answer = {
                "subject": options["subject"],
                "policy": options["policy"],
                "known_at": size,
                "code_version": code_version(),
                "minerals": [_as_json(one) for one in told],
            }
            self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))
            return
        for one in told:
            self._tell(one)

    def _tell(self, one: Examined) -> None:
        verdict = f": {one.judgement.verdict.value}" if one.judgement else ""
        self.stdout.write(self.style.MIGRATE_HEADING(f"{one.dossier.mineral}{verdict}"))
        for finding in one.evaluation.findings:
            self.stdout.write(f"  {finding.rule_id:10} {finding.outcome.value}: {finding.because}")
            for name in finding.missing:
                self.stdout.write(f"  {'':10} missing: {name}")


def _pack(text: str) -> Pack:
    name, _, digest = text.partition("@")
    found = pack_of(digest)
    if found is None or found.id != name:
        raise UnknownPack(text)
    return found


def _as_json(one: Examined) -> dict[str, Any]:
    return {
        "mineral": one.dossier.mineral,
        "as_of": one.dossier.as_of.isoformat(),
        "verdict_digest": verdict_digest(one.evaluation),
        "findings": [finding.as_json() for finding in one.evaluation.findings],
        "judgement": one.judgement.as_json() if one.judgement else None,
    }
