"""Reads for the officer's pages: verdicts with their reasons, as one organization may see them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from standards.models import (
    Assessment,
    CertificateStatus,
    ClubPolicy,
    Flag,
    FlagDecision,
    Judgement,
)
from standards.phrasing import in_language
from standards.rulebook.credential import POSITIVE_STATUSES, RENEWAL_STATUS
from standards.rulebook.findings import Finding, Outcome, SiteLine, percent_text
from standards.rulebook.law import Provision
from standards.rulebook.policy import ClubPolicy as ParsedPolicy
from standards.rulebook.policy import Requirement, Verdict
from standards.rulebook.rules import title_of
from standards.veiling import Veil, site_in, veil_for
from traceability import seeing
from traceability.models import Entry, Facility, LogIndex, Organization

WORST_FIRST = tuple(Verdict)
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_SHORT_ROWS = ("country_group", "yearly_tonnes")  # other rows are too long for a citation
_OUTCOMES = {
    Outcome.CONFORMS: Verdict.PASS,
    Outcome.NOT_APPLICABLE: Verdict.PASS,
    Outcome.NONCONFORMING: Verdict.FAIL,
    Outcome.INDETERMINATE: Verdict.INDETERMINATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLink:
    """An entry a finding rests on; `order` is set where the reader may open its statement."""

    hash: str
    kind: str
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A provision as people read it."""

    title: str
    value: str
    provision: Provision


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """What a finding says of one site, under the name the reader may know."""

    name: str
    share: str
    outcome: Outcome
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement on the page: the finding, and what the club makes of it.

    `verdict` is the club's; without a club the outcome in the same colours.
    """

    rule_id: str
    title: str
    verdict: Verdict
    severity: str
    because: str
    finding: Finding | None
    interval: str
    threshold: str
    margin: str
    citations: tuple[Citation, ...]
    evidence: tuple[EvidenceLink, ...]
    missing: tuple[str, ...]
    notices: tuple[str, ...]
    sites: tuple[SiteRow, ...]
    waiver_id: str | None = None

    @property
    def is_range(self) -> bool:
        """Tell whether what was measured is known only within a range."""
        measured = self.finding.measured if self.finding else None
        return measured is not None and measured.worst != measured.best


@dataclass(frozen=True, slots=True, kw_only=True)
class MineralVerdict:
    """What one club makes of one mineral of the lot, worst requirement first."""

    club: Organization
    policy: ClubPolicy
    mineral: str
    verdict: Verdict
    because: str
    judged_on: date
    log_size: int
    assessment: Assessment
    rows: tuple[Row, ...]

    @property
    def met(self) -> tuple[Row, ...]:
        """Return the requirements that are met."""
        return tuple(row for row in self.rows if row.verdict is Verdict.PASS)

    @property
    def unmet(self) -> tuple[Row, ...]:
        """Return the requirements that are not met, waived or in grace."""
        return tuple(row for row in self.rows if row.verdict is not Verdict.PASS)


def clubs_of(organization: str) -> QuerySet[Organization]:
    """Return the clubs whose verdicts an organization may read: those it is or belongs to."""
    clubs = Organization.objects.filter(club__isnull=False)
    if seeing.is_operator(organization):
        return clubs
    return clubs.filter(pk__in=seeing.audiences_of(organization))


def flags_seen_by(organization: str) -> QuerySet[Flag]:
    """Return the flags of an organization's clubs, about lots it may see."""
    lots = seeing.lots_seen_by(organization).order_by().values("pk")
    return Flag.objects.filter(club__in=clubs_of(organization).values("pk"), lot__in=lots)


def worst(verdicts: Iterable[str]) -> Verdict | None:
    """Return the worst of some verdicts; None where there is none."""
    found = {Verdict(one) for one in verdicts}
    return next((one for one in WORST_FIRST if one in found), None)


def verdicts_on(lot: str, organization: str) -> list[MineralVerdict]:
    """Return the current verdicts on a lot of the reader's clubs, the worst first."""
    current = (
        Judgement.objects.filter(
            lot=lot, is_current=True, club__in=clubs_of(organization).values("pk")
        )
        .select_related("club__organization", "policy", "assessment")
        .order_by("club", "mineral")
    )
    judgements = list(current)
    findings = {one.pk: _findings(one.assessment) for one in judgements}
    every = [finding for found in findings.values() for finding in found]
    veil = veil_for(organization, _sentences(every, judgements))
    evidence = evidence_links(every, organization)
    told = [_verdict(one, findings[one.pk], veil, evidence) for one in judgements]
    return sorted(told, key=lambda one: WORST_FIRST.index(one.verdict))


def findings_on(lot: str, organization: str) -> dict[str, tuple[Row, ...]]:
    """Return the findings under the packs alone, by mineral: what is so, whoever judges."""
    rows = Assessment.objects.filter(lot=lot, club="", is_current=True).order_by("mineral")
    found = {one.mineral: _findings(one) for one in rows}
    every = [finding for findings in found.values() for finding in findings]
    veil = veil_for(organization, _sentences(every, ()))
    evidence = evidence_links(every, organization)
    return {
        mineral: tuple(
            _row(one, _OUTCOMES[one.treat_as or one.outcome], one.because, veil, evidence)
            for one in findings
        )
        for mineral, findings in found.items()
    }


def evidence_links(findings: Iterable[Finding], organization: str) -> Mapping[str, EvidenceLink]:
    """Return the entries that findings rest on by hash, linked where they may be opened."""
    hashes = {one for finding in findings for one in finding.evidence}
    entries = Entry.objects.filter(hash__in=hashes).values_list("hash", "kind", "recorded_order")
    told = {entry: (kind, order) for entry, kind, order in entries}
    readable = seeing.readable_orders(organization, [order for _, order in told.values()])
    return {
        entry: EvidenceLink(hash=entry, kind=kind, order=order if order in readable else None)
        for entry, (kind, order) in told.items()
    }


def provision_value(provision: Provision) -> str:
    """Return the value of a provision as people read it; empty for a table or where unset."""
    value = provision.value
    if value is None or isinstance(value, Mapping):
        return ""
    if provision.unit == "share":
        return percent_text(provision.share)
    if provision.unit == "yearly_tonnes":
        return ", ".join(f"{one['country']} {one['year']}: {one['tonnes']} t" for one in value)
    if isinstance(value, tuple | list):
        if provision.unit not in _SHORT_ROWS and any(isinstance(one, Mapping) for one in value):
            return ""
        told = [one["code"] if isinstance(one, Mapping) else str(one) for one in value]
        return ", ".join(told)
    return str(value)


def _findings(assessment: Assessment) -> list[Finding]:
    return [Finding.from_json(told) for told in assessment.findings]


def _sentences(findings: Sequence[Finding], judgements: Sequence[Judgement]) -> list[str]:
    """Return every sentence a page would show, for the veil to look at."""
    told = [judgement.because for judgement in judgements]
    for finding in findings:
        told += [finding.because, *finding.missing, *finding.notices, finding.subject.id]
        for line in finding.lines:
            told += [line.because, line.facility_id or ""]
    return told


def _verdict(
    judgement: Judgement,
    findings: list[Finding],
    veil: Veil,
    evidence: Mapping[str, EvidenceLink],
) -> MineralVerdict:
    by_rule = {(one.rule_id, one.subject.kind, one.subject.id): one for one in findings}
    rows = []
    for reason in judgement.reasons:
        subject = reason["subject"]
        finding = by_rule.get((reason["rule_id"], subject["kind"], subject["id"]))
        row = _row(
            finding,
            Verdict(reason["verdict"]),
            reason["because"],
            veil,
            evidence,
            rule_id=reason["rule_id"],
            severity=reason["severity"],
            waiver_id=reason["waiver_id"],
        )
        rows.append(row)
    return MineralVerdict(
        club=judgement.club.organization,
        policy=judgement.policy,
        mineral=judgement.mineral,
        verdict=Verdict(judgement.verdict),
        because=in_language(veil.text(judgement.because)),
        judged_on=judgement.judged_on,
        log_size=judgement.assessment.log_size,
        assessment=judgement.assessment,
        rows=tuple(rows),
    )


def _row(
    finding: Finding | None,
    verdict: Verdict,
    because: str,
    veil: Veil,
    evidence: Mapping[str, EvidenceLink],
    *,
    rule_id: str = "",
    severity: str = "",
    waiver_id: str | None = None,
) -> Row:
    rule_id = rule_id or (finding.rule_id if finding else "")
    measured = finding.measured if finding else None
    is_shown = measured is not None and measured.unit != "mg"  # the sentence has the masses
    return Row(
        rule_id=rule_id,
        title=in_language(title_of(rule_id)),
        verdict=verdict,
        severity=severity,
        because=sentence(veil.text(because)),
        finding=finding,
        interval=measured.interval_text if measured and is_shown else "",
        threshold=measured.threshold_text if measured and is_shown else "",
        margin=measured.margin_text if measured and is_shown else "",
        citations=tuple(_citations(finding)) if finding else (),
        evidence=tuple(evidence[one] for one in finding.evidence if one in evidence)
        if finding
        else (),
        missing=tuple(in_language(veil.text(one)) for one in finding.missing) if finding else (),
        notices=tuple(sentence(veil.text(one)) for one in finding.notices) if finding else (),
        sites=_sites(finding.lines, veil) if finding else (),
        waiver_id=waiver_id,
    )


def sentence(text: str) -> str:
    """Return a text as a sentence of the reader's language, from a capital to a full stop.

    A name in snake case, with a dot (a parameter) or a colon (an id) keeps its letters.
    """
    text = in_language(text)
    text = _HASH.sub(lambda found: f"{found[0][:8]}…", text)
    first = text.partition(" ")[0]
    if not set("._:") & set(first[:-1]):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _citations(finding: Finding) -> list[Citation]:
    return [
        Citation(title=one.key, value=provision_value(one), provision=one) for one in finding.cites
    ]


def _sites(lines: Sequence[SiteLine], veil: Veil) -> tuple[SiteRow, ...]:
    known = names_of({line.facility_id for line in lines if line.facility_id}, veil)
    return tuple(
        SiteRow(
            name=known.get(line.facility_id or "") or site_in(None),
            share=percent_text(line.share),
            outcome=line.outcome,
            because=sentence(veil.text(line.because)),
        )
        for line in lines
    )


def names_of(facilities: Collection[str], veil: Veil) -> dict[str, str]:
    """Return what facilities are called for the reader, by id."""
    rows = Facility.objects.filter(pk__in=facilities)
    return {
        one.pk: one.name if veil.names.has_facility(one.pk) else site_in(one.country)
        for one in rows
    }


# ── flags, certificates, policies ─────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """A line of a certificate's timeline: true from a day, known from an entry and its time."""

    status: CertificateStatus
    known_at: datetime | None
    is_positive: bool


def veiled_reasons(reasons: Iterable[Flag | FlagDecision], organization: str) -> None:
    """Leave in each reason only such names as the organization may know; stores nothing."""
    rows = list(reasons)
    veil = veil_for(organization, [row.because for row in rows])
    for row in rows:
        row.because = sentence(veil.text(row.because))


def decisions_on(flags: Iterable[Flag], organization: str) -> dict[int, list[FlagDecision]]:
    """Return what was decided about some flags by flag, as the organization may read it."""
    decisions = list(FlagDecision.objects.filter(flag__in=list(flags)))
    veiled_reasons(decisions, organization)
    told: dict[int, list[FlagDecision]] = {}
    for decision in decisions:
        told.setdefault(decision.flag_id, []).append(decision)
    return told


def rows_behind(flag: Flag, organization: str) -> list[Row]:
    """Return the findings that a flag is about, as the organization may read them."""
    found = [one for one in _findings(flag.judgement.assessment) if one.rule_id == flag.rule_id]
    veil = veil_for(organization, _sentences(found, [flag.judgement]))
    evidence = evidence_links(found, organization)
    return [
        _row(one, Verdict(flag.verdict), one.because, veil, evidence, severity=flag.severity)
        for one in found
    ]


def certificate_timeline(certificate: str) -> list[StatusLine]:
    """Return the statuses of a certificate in the order of the days they took effect."""
    statuses = list(CertificateStatus.objects.filter(certificate=certificate))
    orders = dict(
        LogIndex.objects.filter(index__in=[one.index for one in statuses]).values_list(
            "index", "recorded_order"
        )
    )
    told = dict(
        Entry.objects.filter(pk__in=orders.values()).values_list("recorded_order", "received_at")
    )
    return [
        StatusLine(
            status=one,
            known_at=told.get(orders.get(one.index, -1)),
            is_positive=one.status in POSITIVE_STATUSES | {RENEWAL_STATUS},
        )
        for one in statuses
    ]


def policy_rows(policy: ParsedPolicy) -> list[tuple[str, Requirement]]:
    """Return the requirements of a policy, each with what its rule says."""
    return [(title_of(one.rule_id), one) for one in policy.requirements]
