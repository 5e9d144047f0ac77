"""`manage.py import_snapshot FILE`: compare a copy of a register with the one on file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from standards.importing import Comparison, Said, accept, compare
from standards.known import operator_id
from standards.rulebook.register_changes import cell_text
from standards.rulebook.register_file import COLUMNS, Row
from traceability.errors import TraceabilityError

_MOST_NAMES = 20


class Command(BaseCommand):
    help = (
        "Compare a copy of a register (CSV or JSON, docs/registers.md) with the one on file and "
        "print what would change; with --accept, state it. Exit status 2 where it is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--register", required=True, metavar="SCHEME", help="such as irma")
        parser.add_argument(
            "--as-of",
            required=True,
            metavar="MOMENT",
            help="when it was retrieved: 2026-11-20T10:00:00+01:00, or a day",
        )
        parser.add_argument("--title", help="of the register; else that of the copy on file")
        parser.add_argument("--url", help="of the register; else that of the copy on file")
        parser.add_argument("--published-on", metavar="DATE")
        completeness = parser.add_mutually_exclusive_group()
        completeness.add_argument(
            "--complete", action="store_true", help="it also shows who is not on it"
        )
        completeness.add_argument("--partial", action="store_true", help="rows may be missing")
        parser.add_argument(
            "--author", metavar="ORGANIZATION", help="who states it; else the operator"
        )
        parser.add_argument("--accept", action="store_true", help="state it, after comparing")
        parser.add_argument(
            "--document",
            type=Path,
            metavar="OUT",
            help="write the statement, unsigned, for an author with a key of its own",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            compared = self._compared(options)
            entry = accept(compared, basis=compared.basis).entry if options["accept"] else ""
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from error
        except TraceabilityError as error:
            raise CommandError("\n".join(_refusal(error)), returncode=2) from error
        if options["document"] is not None:
            self._write(options["document"], compared)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(compared, entry), indent=2, ensure_ascii=False))
            return
        self.stdout.write("\n".join(lines_of(compared)))
        if entry:
            self.stdout.write(self.style.SUCCESS(f"Recorded as entry {entry}."))
        else:
            self.stdout.write("Nothing was recorded; --accept states it.")

    def _compared(self, options: dict[str, Any]) -> Comparison:
        complete = True if options["complete"] else False if options["partial"] else None
        path: Path = options["file"]
        said = Said(
            register=options["register"],
            as_of=options["as_of"],
            title=options["title"],
            url=options["url"],
            published_on=options["published_on"],
            complete=complete,
        )
        author = options["author"] or operator_id()
        return compare(path.read_bytes(), said, author=author, file_name=path.name)

    def _write(self, path: Path, compared: Comparison) -> None:
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(json.dumps(compared.document(), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from error


def _refusal(error: TraceabilityError) -> list[str]:
    """Return an error as lines, every problem of a file among them."""
    problems: Any = error.facts.get("problems", ())
    lines = [f"{error.at}: {error}" if error.at and not problems else str(error)]
    lines += [f"  {one['place']}: {one['problem']}" for one in problems]
    return [*lines, error.hint]


def lines_of(compared: Comparison) -> list[str]:
    """Return a comparison for people."""
    told, body, before = compared.difference, compared.body, compared.before
    with_what = (
        "no copy is on file" if before is None else f"the copy of {before.retrieved_on} is on file"
    )
    kind = "complete" if body["complete"] else "partial: it does not show who is not on it"
    counts = (
        f"{len(told.added)} added, {len(told.changed)} changed, {len(told.gone)} gone, "
        f"{told.same} the same."
    )
    lines = [
        f"{body['title']} ({body['scheme']}), retrieved {body['retrieved_at']}; {with_what}.",
        f"{len(body['rows'])} rows, {body['left_out']} of nobody here; {kind}.",
        counts,
    ]
    lines += [f"+ {_row(row)}" for row in told.added]
    for one in told.changed:
        lines.append(f"~ {_row(one.row)}")
        lines += [
            f"    {cell.column}: {cell.before or '(nothing)'} → {cell.now or '(nothing)'}"
            for cell in one.cells
        ]
    lines += [f"- {_row(row)}" for row in told.gone]
    touched = compared.touched
    lines += [
        _named("certificates it is about", touched.certificates),
        _named("lots through these sites", touched.lots),
    ]
    lines += [
        f"! {one.certificate} ({one.level or 'no level'}) of {one.facility}: the register "
        + (f"has {one.on_register}" if one.on_register else "does not list the site")
        for one in touched.contradicted
    ]
    if not compared.words_known:
        lines.append("Its words for states were not compared: nobody has coded them (unset).")
    return lines


def as_json(compared: Comparison, entry: str) -> dict[str, Any]:
    """Return a comparison for programs; `entry` is empty where nothing was recorded."""
    told, touched = compared.difference, compared.touched
    return {
        "snapshot": compared.body["snapshot"],
        "register": compared.body["scheme"],
        "retrieved_at": compared.body["retrieved_at"],
        "complete": compared.body["complete"],
        "sha256": compared.body["sha256"],
        "compared_with": compared.basis or None,
        "added": list(told.added),
        "gone": list(told.gone),
        "changed": [
            {
                "row": one.row,
                "cells": [
                    {"column": cell.column, "before": cell.before, "now": cell.now}
                    for cell in one.cells
                ],
            }
            for one in told.changed
        ],
        "same": told.same,
        "left_out": compared.body["left_out"],
        "words_known": compared.words_known,
        "certificates": list(touched.certificates),
        "lots": list(touched.lots),
        "contradicted": [
            {
                "certificate": one.certificate,
                "facility": one.facility,
                "level": one.level or None,
                "on_register": one.on_register or None,
            }
            for one in touched.contradicted
        ],
        "entry": entry or None,
    }


def _row(row: Row) -> str:
    cells = ((name, cell_text(row.get(name))) for name in COLUMNS if name != "name")
    return ", ".join([row["name"], *(f"{name} {text}" for name, text in cells if text)])


def _named(what: str, names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{what}: {shown or 'none'}{more}"
