"""What a rule is: a pure function from a dossier and the law on one day to one finding.

`@rule` attaches what must be known about it and registers nothing; registration is a line in
`standards.rulebook.rules.RULES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from standards.rulebook.dossier import Dossier, GoverningDate
from standards.rulebook.findings import Finding
from standards.rulebook.law import LawOnDate

Check = Callable[[Dossier, LawOnDate], Finding]
Guard = Callable[[Dossier, LawOnDate], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named requirement and the function that checks it.

    Args:
        id: permanent, as in the lists of checks (`IRMA-02`, `B1`).
        title: the requirement as a sentence people read.
        source: the text the requirement comes from, with its clause.
        governed_by: the day whose law it applies.
        reads: keys of the parameters it may read. Country groups that only a club names come on
            top.
        aliases: ids under which other sources know the same rule.
        burden_on_claimant: True where law lets whoever claims prove: what cannot be told is
            then to be treated as not met (`Finding.treat_as`).
        guard: tells lots that the rule does not concern, whatever the governing day. It is
            asked, under the law of the day of the question, where that day is not known; a
            check asks it first itself.
    """

    id: str
    title: str
    source: str
    governed_by: GoverningDate
    reads: tuple[str, ...]
    aliases: tuple[str, ...]
    burden_on_claimant: bool
    check: Check
    guard: Guard | None = None

    def __call__(self, dossier: Dossier, law: LawOnDate) -> Finding:
        """Return the answer, without rule id and subject; `evaluate()` adds them."""
        return self.check(dossier, law)


def rule(
    *,
    id: str,
    title: str,
    source: str,
    governed_by: GoverningDate,
    reads: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    burden_on_claimant: bool = False,
    guard: Guard | None = None,
) -> Callable[[Check], Rule]:
    """Make a rule of a function; the arguments are those of `Rule`."""

    def attach(check: Check) -> Rule:
        return Rule(
            id=id,
            title=title,
            source=source,
            governed_by=governed_by,
            reads=reads,
            aliases=aliases,
            burden_on_claimant=burden_on_claimant,
            check=check,
            guard=guard,
        )

    return attach
