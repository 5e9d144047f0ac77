"""Arguments that several commands take, and how their text is read."""

from argparse import ArgumentTypeError

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _


def add_reading_arguments(parser: CommandParser, *, depth_help: str) -> None:
    """Take who reads, what was known when, how far, of which elements, and the form."""
    parser.add_argument(
        "--reader",
        metavar="ORG",
        help="tell what this organization may know; everything if left out",
    )
    parser.add_argument(
        "--known-at", type=_whole, metavar="SIZE", help="a log size; the newest if left out"
    )
    parser.add_argument("--depth", type=_whole, metavar="STEPS", help=depth_help)
    parser.add_argument(
        "--element",
        action="append",
        default=[],
        metavar="SYMBOL",
        help="downstream, follow this one; those the first lots are known for if left out",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(_("%(text)s is no whole number") % {"text": text}) from None
