"""Re-performing kept assessments: the same facts, law and rules must give the same verdict.

POL-09. Everything that an assessment rests on is named in it: log size, day, digests of packs and
policy, and the version of the code. Where one of them is not here any more it says which, and
nothing is guessed.
"""

from collections.abc import Iterable

from standards.dossiers import build_dossier
from standards.known import pack_of
from standards.models import Assessment, ClubPolicy
from standards.rulebook.assessment import assess
from standards.rulebook.dossier import Dossier
from standards.rulebook.evaluation import Evaluation, code_version, verdict_digest
from standards.rulebook.findings import (
    Finding,
    Subject,
    conforms,
    indeterminate,
    nonconforming,
)
from standards.rulebook.law import Law, Pack
from standards.rulebook.policy_format import parse_policy

RULE = "POL-09"


def reperformed(row: Assessment) -> Finding:
    """Assess again what was assessed, as it was known then; tell whether it comes out alike."""
    subject = Subject(kind="lot", id=row.lot, mineral=row.mineral)
    found = _compared(row)
    return Finding(
        rule_id=RULE,
        subject=subject,
        outcome=found.outcome,
        because=found.because,
        missing=found.missing,
    )


def _compared(row: Assessment) -> Finding:
    missing = [*_lacking_code(row), *_lacking_packs(row), *_lacking_policy(row)]
    if missing:
        because = f"it rests on what is not here: {missing[0]}"
        return indeterminate(because, missing=tuple(missing))
    dossier = build_dossier(row.lot, row.mineral, size=row.log_size, as_of=row.as_of)
    evaluation = _again(row, dossier)
    digest = verdict_digest(evaluation)
    at = f"log size {row.log_size} and day {row.as_of}"
    if digest == row.verdict_digest:
        return conforms(f"assessed again at {at}: the same verdict digest {digest[:12]}…")
    differ = _different(row, evaluation)
    because = f"assessed again at {at}: the verdict digest differs, by {', '.join(differ)}"
    return nonconforming(because)


def _again(row: Assessment, dossier: Dossier) -> Evaluation:
    policies = {}
    if row.club:
        kept = ClubPolicy.objects.filter(club_id=row.club, digest=row.policy).first()
        policies = {row.club: parse_policy(kept.form)} if kept else {}
    packs: list[Pack] = [pack for one in row.packs.values() if (pack := pack_of(one)) is not None]
    return assess(dossier, Law(packs), policies)[row.club]


def _lacking_code(row: Assessment) -> Iterable[str]:
    if row.code_version != code_version():
        yield f"the rules in version {row.code_version[:12]}… of the code"


def _lacking_packs(row: Assessment) -> Iterable[str]:
    for name, digest in sorted(row.packs.items()):
        if pack_of(digest) is None:
            yield f"the rule pack {name} with digest {digest[:12]}…"


def _lacking_policy(row: Assessment) -> Iterable[str]:
    kept = ClubPolicy.objects.filter(club_id=row.club, digest=row.policy)
    if row.club and not kept.exists():
        yield f"the policy of {row.club} with digest {row.policy[:12]}…"


def _different(row: Assessment, evaluation: Evaluation) -> list[str]:
    """Return the rules whose findings are not as kept; where all are, that the digest is not."""
    kept = {one["rule_id"]: one for one in row.findings}
    told = {one["rule_id"]: one for one in evaluation.as_json()}
    rules = [name for name in {**kept, **told} if kept.get(name) != told.get(name)]
    return rules or ["the digest that was kept with them"]
