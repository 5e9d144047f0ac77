"""Writing findings down: canonical JSON of each, and of what findings share, only once.

The findings of a lot cite the same provisions over and over, and those of two lots the same
statements. The bytes are those of `canonical_json(finding.as_json())`.
"""

from hashlib import sha256
from typing import Any

from msgspec import Raw

from standards.rulebook.evaluation import Evaluation
from standards.rulebook.findings import Finding, StatementLine, canonical_json
from standards.rulebook.law import Provision


class Writer:
    """Writes findings, and remembers how it wrote what several of them hold."""

    def __init__(self) -> None:
        self._findings: dict[int, tuple[Finding, bytes]] = {}
        self._parts: dict[int, tuple[Provision | StatementLine, Raw]] = {}

    def findings(self, evaluation: Evaluation) -> bytes:
        """Return the findings as JSON, in the order of the rules."""
        return b"[%s]" % b",".join([self._finding(one) for one in evaluation.findings])

    def digest(self, evaluation: Evaluation) -> str:
        """Return what `verdict_digest` does."""
        in_order = sorted(
            evaluation.findings,
            key=lambda one: (one.rule_id, canonical_json(one.subject.as_json())),
        )
        told = b"[%s]" % b",".join([self._finding(one) for one in in_order])
        return sha256(told).hexdigest()

    def next_lot(self) -> None:
        """Forget the findings of one lot; what they share with those of others stays."""
        self._findings.clear()

    def _finding(self, finding: Finding) -> bytes:
        known = self._findings.get(id(finding))
        if known is None:
            told = canonical_json(finding.as_json(self._part))
            known = self._findings[id(finding)] = finding, told
        return known[1]

    def _part(self, one: Provision | StatementLine) -> Any:
        known = self._parts.get(id(one))
        if known is None:
            known = self._parts[id(one)] = one, Raw(canonical_json(one.as_json()))
        return known[1]
