"""`manage.py list_sentences`: write standards/sentences.py from the rulebook's source."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "standards" / "sentences.py"
_HEAD = '''"""Templates of the sentences in findings, for translators: see `standards.phrasing`.

Written by `python manage.py list_sentences` from the rulebook's source; do not edit.
"""
# ruff: noqa: E501
# fmt: off

from django.utils.translation import gettext_noop as _

SENTENCES: tuple[str, ...] = (
'''


def sentences_text(root: Path = ROOT) -> str:
    """Return the module that lists the templates."""
    from standards.phrasing import templates_of

    lines = [f"    _({_quoted(text)}),\n" for text in templates_of(root)]
    return f"{_HEAD}{''.join(lines)})\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class Command(BaseCommand):
    """Write the list of templates."""

    help = "Writes standards/sentences.py, the sentences of findings for translators."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the module, in the style of the house."""
        text = sentences_text()
        TARGET.write_text(text, encoding="utf-8")
        self.stdout.write(f"{text.count('    _(')} sentences written to {TARGET}")
