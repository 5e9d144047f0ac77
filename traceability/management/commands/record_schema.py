"""`manage.py record_schema`: write docs/record-format.schema.json from the code."""

from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand

from traceability.ledger.schema import record_schema
from traceability.recording import known_kinds


class Command(BaseCommand):
    help = "Write docs/record-format.schema.json from the shapes that parse statements."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.PROJECT_ROOT / "docs" / "record-format.schema.json"
        path.write_bytes(schema_text())
        self.stdout.write(self.style.SUCCESS(f"{path.name} written."))


def schema_text() -> bytes:
    """Return the file's content: indented, members in a stable order, a newline at the end."""
    schema = record_schema(known_kinds())
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
