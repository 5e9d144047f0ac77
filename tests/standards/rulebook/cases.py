"""Cases of rule tests: one sentence each, what is known, what the club set, what must come out."""

from dataclasses import dataclass, field
from typing import Any

from rulebook_builders import finding_of

from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, Outcome
from standards.rulebook.rules import RULES

PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
RULE = {one.id: one for one in RULES}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a rule must find of a dossier under some values; `says` is part of the sentence."""

    title: str
    rule: str
    about: Dossier
    outcome: Outcome
    says: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule} {self.title}"

    def found(self) -> Finding:
        values = {key.replace(".", "__"): value for key, value in self.values.items()}
        return finding_of(RULE[self.rule], self.about, **values)


def check(case: Case) -> None:
    """Compare outcome and sentence, and that whatever cannot be told names a document."""
    found = case.found()
    assert found.outcome is case.outcome, found.because
    assert case.says in found.because, found.because
    assert (found.outcome is OPEN) == bool(found.missing)
