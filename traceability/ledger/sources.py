"""Where material enters the record, as the facts of a lot's making tell it."""

from collections.abc import Mapping
from typing import Any

from traceability.ledger.history import Source, SourceKind

_SOURCE_PREFIX: Mapping[str, str] = {
    "mined": "mined",
    "recycled": "recycled",
    "introduced": "introduced",
}
ORIGIN_STAGES = frozenset({"extraction", "recovery", "collection"})
"""Stages of a declared origin that say where the metal began; the others say who worked it."""


def source_of(lot: str, facts: Mapping[str, Any]) -> Source | None:
    """Return the source of a lot as it was made; None where it is of other lots."""
    kind: SourceKind | None = facts.get("source")
    if kind is None:
        return None
    prefix = _SOURCE_PREFIX[kind]
    if kind == "introduced" and not any(
        row["stage"] in ORIGIN_STAGES for row in facts["declared_origin"]
    ):
        prefix = f"unknown:{prefix}"
    return Source(id=f"{prefix}:{lot}", kind=kind)


def undeclared(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is left of a lot's facts when its maker's word counts for nothing."""
    kept = {name: facts[name] for name in ("material", "form", "quantity") if name in facts}
    return kept | {"source": "introduced", "declared_origin": ()}


def unexplained(name: str) -> Source:
    """Return the source of what is weighed where the books held nothing."""
    return Source(id=f"unexplained:{name}", kind="unexplained")
