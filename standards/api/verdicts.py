"""`/api/v1/lots/{id}/verdicts`: five answers to where a lot is from, findings, judgements."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from standards.dossiers import gathered
from standards.known import law_at
from standards.models import Assessment, Judgement
from standards.reading import clubs_of
from standards.rulebook.assembly import assemble
from standards.rulebook.claimed import ClaimedShare, claimed_shares
from standards.rulebook.composition import untraced_mg
from standards.rulebook.dossier import LEAF_STAGES, ORIGIN_UNKNOWN, Dossier, Source
from standards.rulebook.findings import decimal_text
from standards.veiling import Veil, veil_for
from standards.withstanding import set_back
from traceability import noting, seeing
from traceability.api.lists import LedgerView, told
from traceability.api.schema import described

NOT_YET_TOLD = ("customs_origin", "value_added", "controlled_by")


class Portion(Struct, frozen=True, kw_only=True):
    """A part of the lot's contained metal; `share` is an exact ratio, the other for display."""

    country: str | None
    kind: Literal["mined", "recycled", "declared", "unknown", "worked"]
    mg: str
    share: str
    share_display: str
    stage: str = ""


class WhereFrom(Struct, frozen=True, kw_only=True):
    """Five answers, never one. What the record cannot tell yet is null and named in `missing`."""

    mined_in: list[Portion]
    processed_in: list[Portion]
    customs_origin: None
    value_added: None
    controlled_by: None
    missing: list[str]


class JudgementLine(Struct, frozen=True, kw_only=True):
    """What one of the caller's clubs makes of the findings under its own values."""

    club: str
    policy_version: str
    policy_digest: str
    policy_entry: str
    verdict: str
    because: str
    reasons: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    judged_on: date
    log_size: int


class ClaimedLine(Struct, frozen=True, kw_only=True):
    """A claim about the lot beside its physical share, which is another number.

    `share_…` is what the claim is of the lot's metal; `physical_…` what of that metal comes from
    sites that held the tier. What is claimed is covered, perhaps covered, or over-claimed.
    """

    claim: str
    entry: str
    scheme: str
    tier: str
    model: str
    code: str
    mg: str
    share_worst: str | None
    share_best: str | None
    share_display: str | None
    physical_worst: str | None
    physical_best: str | None
    physical_display: str | None
    covered_mg: str
    doubt_mg: str
    over_claimed_mg: str


class MineralVerdicts(Struct, frozen=True, kw_only=True):
    """One mineral of a lot: facts under the rule packs alone, and a judgement per club.

    With log size, packs and code version the findings can be computed again.
    """

    mineral: str
    contained_low_mg: str | None
    contained_high_mg: str | None
    where_from: WhereFrom
    claimed: list[ClaimedLine]
    findings: list[dict[str, Any]]
    judgements: list[JudgementLine]
    log_size: int
    as_of: date
    packs: dict[str, str]
    code_version: str
    verdict_digest: str
    logged_in: str | None


class LotVerdicts(Struct, frozen=True, kw_only=True):
    """Everything that was found about a lot, per mineral. Empty while it is in the queue.

    `set_back_at` is since when it cannot be assessed as it is now, at all or for one of the
    caller's clubs; what was found before is then no answer, and left out.
    """

    lot: str
    minerals: list[MineralVerdicts]
    set_back_at: datetime | None = None


class LotVerdictsView(LedgerView):
    """The verdicts on one lot."""

    @described(
        "Verdicts on a lot",
        "Findings with interval, threshold, margin, citations and missing documents, and what "
        "each of the caller's clubs makes of them. Names that are not open to the caller are "
        "replaced by country and stage.",
        answers={200: LotVerdicts},
        refused=(404,),
    )
    def get(self, request: Request, lot: str) -> Response:
        """Show the verdicts on a lot."""
        caller = self.caller
        found = seeing.lot_seen_by(lot, caller.organization)
        noting.note_reading(
            [found], reader=caller.organization, what="verdicts", person=caller.person
        )
        back = set_back(lot, clubs_of(caller.organization).values_list("pk", flat=True))
        return told(
            LotVerdicts(
                lot=lot,
                minerals=_minerals(lot, caller.organization),
                set_back_at=back.since if back else None,
            )
        )


def _minerals(lot: str, reader: str) -> list[MineralVerdicts]:
    current = Assessment.objects.filter(lot=lot, is_current=True).select_related("run")
    alone = list(current.filter(club="").order_by("mineral"))
    judged = (
        Judgement.objects.filter(lot=lot, is_current=True, club__in=clubs_of(reader).values("pk"))
        .select_related("policy", "assessment")
        .order_by("club")
    )
    judgements: dict[str, list[Judgement]] = {}
    for judgement in judged:
        judgements.setdefault(judgement.mineral, []).append(judgement)
    every = [*alone, *(one.assessment for rows in judgements.values() for one in rows)]
    dossiers = _dossiers(lot, alone)
    claims = [claim.id for dossier in dossiers.values() for claim in dossier.claims]
    veil = veil_for(reader, [*_texts([row.findings for row in every]), *claims])
    return [_mineral(row, dossiers[row.pk], judgements.get(row.mineral, ()), veil) for row in alone]


def _dossiers(lot: str, rows: list[Assessment]) -> dict[int, Dossier]:
    """Return the dossiers behind assessments; those of one log size are traced together."""
    told: dict[int, Dossier] = {}
    for size in {row.log_size for row in rows}:
        traced, evidence = gathered([lot], size)
        for row in rows:
            if row.log_size == size:
                told[row.pk] = assemble(
                    traced, lot, row.mineral, evidence=evidence, as_of=row.as_of
                )
    return told


def _mineral(
    row: Assessment, dossier: Dossier, judgements: Iterable[Judgement], veil: Veil
) -> MineralVerdicts:
    contained = dossier.contained_mg
    return MineralVerdicts(
        mineral=row.mineral,
        contained_low_mg=str(contained.low_mg) if contained else None,
        contained_high_mg=str(contained.high_mg) if contained else None,
        where_from=where_from(dossier),
        claimed=[_claimed(one, veil) for one in _claimed_shares(row, dossier)],
        findings=[veiled(one, veil) for one in row.findings],
        judgements=[_judgement(one, veil) for one in judgements],
        log_size=row.log_size,
        as_of=row.as_of,
        packs=row.packs,
        code_version=row.code_version,
        verdict_digest=row.verdict_digest,
        logged_in=(row.run.entry or None) if row.run else None,
    )


def _claimed_shares(row: Assessment, dossier: Dossier) -> tuple[ClaimedShare, ...]:
    if not dossier.claims:
        return ()
    return claimed_shares(dossier, law_at(row.log_size).on(row.as_of))


def _claimed(one: ClaimedShare, veil: Veil) -> ClaimedLine:
    claim = one.claim
    return ClaimedLine(
        claim=veil.text(claim.id),
        entry=claim.entry,
        scheme=claim.scheme,
        tier=claim.tier,
        model=claim.model,
        code=claim.code,
        mg=str(claim.mg),
        share_worst=_ratio(one.share_worst),
        share_best=_ratio(one.share_best),
        share_display=_shown(one.share_worst),
        physical_worst=_ratio(one.physical_worst),
        physical_best=_ratio(one.physical_best),
        physical_display=_shown(one.physical_worst),
        covered_mg=str(one.covered_mg),
        doubt_mg=str(one.doubt_mg),
        over_claimed_mg=str(one.over_mg),
    )


def _ratio(share: Fraction | None) -> str | None:
    return None if share is None else f"{share.numerator}/{share.denominator}"


def _shown(share: Fraction | None) -> str | None:
    return None if share is None else decimal_text(share)


def _judgement(row: Judgement, veil: Veil) -> JudgementLine:
    return JudgementLine(
        club=row.club_id,
        policy_version=row.policy.version,
        policy_digest=row.policy.digest,
        policy_entry=row.policy.entry,
        verdict=row.verdict,
        because=veil.text(row.because),
        reasons=[veiled(one, veil) for one in row.reasons],
        findings=[veiled(one, veil) for one in row.assessment.findings],
        judged_on=row.judged_on,
        log_size=row.assessment.log_size,
    )


# ── where it is from ──────────────────────────────────────────────────────────────────────


def where_from(dossier: Dossier) -> WhereFrom:
    """Return where a lot's metal was mined and worked; the other answers are not told yet."""
    untraced = untraced_mg(dossier)
    total = sum(source.mg for source in dossier.sources) + untraced
    mined: dict[tuple[str, str | None, str], int] = {}
    for source in dossier.sources:
        key = ("", *_began(source))
        mined[key] = mined.get(key, 0) + source.mg
    if untraced:
        mined["", None, "unknown"] = mined.get(("", None, "unknown"), 0) + untraced
    worked: dict[tuple[str, str | None, str], int] = {}
    for step in dossier.steps:
        if step.stage not in LEAF_STAGES:
            key = (step.stage, step.country, "worked")
            worked[key] = worked.get(key, 0) + step.mg
    return WhereFrom(
        mined_in=_portions(mined, total),
        processed_in=_portions(worked, total),
        customs_origin=None,
        value_added=None,
        controlled_by=None,
        missing=[f"statements about {name.replace('_', ' ')}" for name in NOT_YET_TOLD],
    )


def _began(source: Source) -> tuple[str | None, str]:
    if source.kind in ORIGIN_UNKNOWN or (source.country is None and source.kind != "recycled"):
        return None, "unknown"
    return source.country, "declared" if source.kind == "introduced" else source.kind


def _portions(mass: Mapping[tuple[str, str | None, str], int], total: int) -> list[Portion]:
    ranked = sorted(mass.items(), key=lambda one: (one[0][0], -one[1], one[0][1] or ""))
    told = []
    for (stage, country, kind), mg in ranked:
        share = Fraction(mg, total) if total else Fraction(0)
        told.append(
            Portion(
                stage=stage,
                country=country,
                kind=kind,  # type: ignore[arg-type]
                mg=str(mg),
                share=f"{share.numerator}/{share.denominator}",
                share_display=decimal_text(share),
            )
        )
    return told


# ── what the reader may know ──────────────────────────────────────────────────────────────


def veiled(value: Any, veil: Veil) -> Any:
    """Return JSON with every name that is not open to the reader replaced in its texts."""
    if isinstance(value, str):
        return veil.text(value)
    if isinstance(value, Mapping):
        return {name: veiled(item, veil) for name, item in value.items()}
    return [veiled(item, veil) for item in value] if isinstance(value, list) else value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list):
        return [text for part in parts for text in _texts(part)]
    return []
