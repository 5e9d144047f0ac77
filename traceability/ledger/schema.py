"""The JSON Schema of the record, generated from the shapes that parse it."""

from typing import Any

import msgspec

from traceability.ledger.entries import EntryBody
from traceability.ledger.statements import Envelope, Kinds


def record_schema(kinds: Kinds) -> dict[str, Any]:
    """Return one JSON Schema (2020-12) for statements of all kinds, and for entries.

    A statement is valid when its envelope is, and its `body` fits the schema of its kind.
    What a schema cannot say (balances, custody, authority) is in docs/record-format.md.
    """
    types = [Envelope, EntryBody, *(kind.body for kind in kinds.values())]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    envelope, entry, *bodies = schemas
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Statements and entries of the mineral traceability ledger, format version 1",
        "$defs": {"entry": entry, **dict(sorted(components.items()))},
        "allOf": [
            envelope,
            *(
                {
                    "if": {"properties": {"kind": {"const": name}}},
                    "then": {"properties": {"body": body}},
                }
                for name, body in zip(kinds, bodies, strict=True)
            ),
        ],
    }
