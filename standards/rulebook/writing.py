"""Writing findings down: canonical JSON of each, and of what findings share, only once.

The findings of a lot cite the same provisions over and over, and those of two lots the same
statements; where a rule said the same of both, all but the lot is the same. The bytes are those
of `canonical_json(finding.as_json())`.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from msgspec import Raw

from standards.rulebook.evaluation import Answer, Evaluation
from standards.rulebook.findings import StatementLine, canonical_json
from standards.rulebook.law import Provision


class Writer:
    """Writes findings, and remembers how it wrote what several of them hold."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[Answer, bytes, bytes]] = {}
        self._parts: dict[int, tuple[Provision | StatementLine, Raw]] = {}

    def findings(self, evaluation: Evaluation) -> bytes:
        """Return the findings as JSON, in the order of the rules."""
        return self._written(evaluation, evaluation.answers)

    def digest(self, evaluation: Evaluation) -> str:
        """Return what `verdict_digest` does."""
        in_order = sorted(evaluation.answers, key=lambda one: one.finding.rule_id)
        return sha256(self._written(evaluation, in_order)).hexdigest()

    def _written(self, evaluation: Evaluation, answers: Iterable[Answer]) -> bytes:
        subject = canonical_json(evaluation.subject.as_json())
        told = []
        for one in answers:
            known = self._answers.get(id(one)) or self._write(one)
            told.append(b"%b%b%b" % (known[1], subject, known[2]))
        return b"[%b]" % b",".join(told)

    def _write(self, answer: Answer) -> tuple[Answer, bytes, bytes]:
        """Write what comes before the subject of a finding, and after it."""
        told = answer.finding.as_json(self._part)
        before = {name: value for name, value in told.items() if name < "subject"}
        after = {name: value for name, value in told.items() if name > "subject"}
        known = (
            answer,  # kept, so that nothing else gets its identity
            canonical_json(before)[:-1] + b',"subject":',
            b"," + canonical_json(after)[1:],
        )
        self._answers[id(answer)] = known
        return known

    def _part(self, one: Provision | StatementLine) -> Any:
        known = self._parts.get(id(one))
        if known is None:
            known = self._parts[id(one)] = one, Raw(canonical_json(one.as_json()))
        return known[1]
