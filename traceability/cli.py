"""Command-line tools for companies and auditors: no Django, no database, no network."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from traceability.errors import TraceabilityError
from traceability.ledger.canonical import DOCUMENT_LIMIT, canonical, parse_json
from traceability.ledger.disclosures import SALT_BYTES, hide
from traceability.ledger.keys import (
    new_private_key,
    read_file,
    read_private_key,
    write_private_key,
    write_secret_file,
)
from traceability.ledger.possession import sign_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws

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


def _print(line: bytes) -> int:
    sys.stdout.write(line.decode() + "\n")
    return EXIT_OK
