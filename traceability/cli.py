"""Command-line tools for companies and auditors: no Django, no database, no network."""

import argparse
import gc
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from traceability.errors import MalformedNote, TraceabilityError
from traceability.ledger.bundle import MAX_BUNDLE
from traceability.ledger.canonical import DOCUMENT_LIMIT, canonical, parse_json
from traceability.ledger.disclosures import SALT_BYTES, hide
from traceability.ledger.keys import (
    new_private_key,
    read_file,
    read_private_key,
    write_private_key,
    write_secret_file,
)
from traceability.ledger.notes import MAX_NOTE_BYTES, parse_vkey
from traceability.ledger.possession import sign_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.verification import DigestOf, VerificationReport, verify_bundle

EXIT_OK = 0
EXIT_FAILED = 2


class _OneLineParser(argparse.ArgumentParser):
    """Reports wrong usage in one line, as every other error."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (see {self.prog} --help)\n")
        raise SystemExit(EXIT_FAILED)


def sign_main(arguments: Sequence[str] | None = None) -> int:
    """Run `traceability-sign`: sign a document, make a key, or prove possession of one.

    Returns:
        Exit status: 0, or 2 with one line on standard error.
    """
    parser = _sign_parser()
    options = parser.parse_args(arguments)
    _check_usage(parser, options)
    try:
        return _sign(options)
    except TraceabilityError as error:
        sys.stderr.write(f"{parser.prog}: {error.message} {error.hint}\n")
        return EXIT_FAILED


def _sign_parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="traceability-sign",
        description="Sign a JSON document for the ledger, with a key that stays with you.",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the JSON document")
    parser.add_argument("--key", type=Path, metavar="KEY", help="your private key file")
    parser.add_argument(
        "--out", type=Path, metavar="OUT", help="write the JWS to this file, not to the screen"
    )
    parser.add_argument(
        "--hide",
        action="append",
        default=[],
        metavar="PATH",
        help="hide this value, as body.lots[0].price; its disclosure goes to OUT.disclosures.json",
    )
    parser.add_argument(
        "--new-key", type=Path, metavar="KEY", help="make a key file; prints the public JWK and kid"
    )
    parser.add_argument(
        "--possession",
        nargs=2,
        metavar=("LEDGER", "ORGANIZATION"),
        help="print the proof that you hold the key, for its enrolment",
    )
    return parser


def _check_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    tasks = [options.file, options.new_key, options.possession]
    if sum(task is not None for task in tasks) != 1:
        parser.error("give one of FILE, --new-key KEY, or --possession LEDGER ORGANIZATION")
    if (options.key is None) != (options.new_key is not None):
        parser.error("--key is needed to sign, and is not used with --new-key")
    if options.file is None and (options.out or options.hide):
        parser.error("--out and --hide are used with FILE only")
    if options.hide and options.out is None:
        parser.error("--hide needs --out, to know where the disclosures go")


def _sign(options: argparse.Namespace) -> int:
    if options.new_key is not None:
        key = new_private_key()
        write_private_key(options.new_key, key)
        return _print(canonical({"jwk": key.public.as_jwk(), "kid": key.kid}))

    key = read_private_key(options.key)
    if options.possession is not None:
        ledger, organization = options.possession
        return _print(sign_possession(key, ledger=ledger, organization=organization))

    document: dict[str, Any] = parse_json(read_file(options.file, limit=DOCUMENT_LIMIT))
    document, disclosures = hide(document, options.hide, lambda: secrets.token_bytes(SALT_BYTES))
    jws = sign_jws(canonical(document), key, typ=STATEMENT_TYPE)
    if options.out is None:
        return _print(jws)
    if disclosures:
        # First, so that no JWS is ever left whose hidden values are lost.
        beside = options.out.with_name(f"{options.out.name}.disclosures.json")
        write_secret_file(beside, canonical({"disclosures": disclosures}))
    write_secret_file(options.out, jws)
    return EXIT_OK


def verify_main(arguments: Sequence[str] | None = None) -> int:
    """Run `traceability-verify`: verify a proof bundle against keys and notes one holds.

    Returns:
        Exit status: 0 where every step holds, else 2; the step that failed is named.
    """
    parser = _verify_parser()
    options = parser.parse_args(arguments)
    try:
        with _collector_paused():
            report = verify_bundle(
                read_file(options.file, limit=MAX_BUNDLE),
                verifiers=[parse_vkey(text) for text in options.key],
                earlier=[_read_note(path) for path in options.earlier],
                documents=options.documents and _digests_in(options.documents),
                processes=os.cpu_count() or 1,
            )
        if report.misbehaviour is not None and options.misbehaviour is not None:
            write_secret_file(options.misbehaviour, canonical(report.misbehaviour))
    except TraceabilityError as error:
        sys.stderr.write(f"{parser.prog}: {error.message} {error.hint}\n")
        return EXIT_FAILED
    sys.stdout.write(
        f"{json.dumps(report.as_json(), indent=2)}\n" if options.json else told(report)
    )
    return EXIT_OK if report.is_verified else EXIT_FAILED


def told(report: VerificationReport) -> str:
    """Return a report as people read it: a line per step, what was counted, the answer."""
    lines = [f"{s.number} {s.name:<12} {s.outcome:<8} {s.sentence}" for s in report.steps]
    error, counts = report.error, report.counts
    if error is not None:
        lines += [f"  at {error.at}" if error.at else "", f"  {error.code}: {error.hint}"]
    lines.append(
        f"Of {counts.entries} entries {counts.open} are open, {counts.blinded} blinded, "
        f"{len(report.erased)} erased; {len(report.disputed)} are disputed."
    )
    lines += [f"Erased: index {index}, by the entry at {by}." for index, by in report.erased]
    lines += [f"Disputed: index {index}; its key is distrusted." for index in report.disputed]
    lines += [f"Not at hand: document {name}." for name in report.documents_missing]
    return "\n".join([line for line in lines if line] + [report.sentence, ""])


def _verify_parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="traceability-verify",
        description="Verify a proof bundle, offline: nothing but this file and your own keys.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bundle")
    parser.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="VKEY",
        help="verifier key of the log, and of each witness that signed",
    )
    parser.add_argument(
        "--earlier",
        action="append",
        default=[],
        type=Path,
        metavar="CHECKPOINT",
        help="a checkpoint of this log that you hold; the bundle must continue it",
    )
    parser.add_argument(
        "--documents", type=Path, metavar="DIR", help="evidence files, named by their SHA-256"
    )
    parser.add_argument(
        "--misbehaviour",
        type=Path,
        metavar="OUT",
        help="write contradicting checkpoints to this file",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector still: nothing here makes cycles, and it costs a third more."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_note(path: Path) -> str:
    try:
        return read_file(path, limit=MAX_NOTE_BYTES).decode()
    except UnicodeDecodeError:
        raise MalformedNote(f"{path} is not UTF-8 text.") from None


def _digests_in(folder: Path) -> DigestOf:
    def digest_of(name: str) -> str | None:
        path = folder / name
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return digest_of


def _print(line: bytes) -> int:
    sys.stdout.write(line.decode() + "\n")
    return EXIT_OK
