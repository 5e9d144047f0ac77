"""What the checks make of the made-up history: recorded and judged for real, and counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.plausible.history import SEED, history
from tests.plausible.world import COMPANIES, FRAUDS, Said, facilities

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plausibility.md"
FIRST, LAST = "<!-- measured: begin -->", "<!-- measured: end -->"
HONEST = "nothing out of the ordinary"


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """Statements that were doubted, or could not be judged, by check and by what they truly are."""

    said: Mapping[str, Said]  # by entry
    doubted: frozenset[tuple[str, str]]  # check and entry
    open: frozenset[tuple[str, str]]

    def of(self, check: str) -> list[Said]:
        """Return the statements a check doubts."""
        return [self.said[entry] for name, entry in sorted(self.doubted) if name == check]


# ── recording and judging ─────────────────────────────────────────────────────────────────


def measured_doubts() -> Doubts:
    """Record the history on an empty ledger and put every check to every lot."""
    said = _record(history())
    doubted, unjudged = set(), set()
    for finding in _findings():
        for one in finding.statements:
            is_doubt = one.outcome.value == "nonconforming"
            (doubted if is_doubt else unjudged).add((finding.rule_id, one.entry))
    return Doubts(said=said, doubted=frozenset(doubted), open=frozenset(unjudged - doubted))


def _record(told: Iterable[Said]) -> dict[str, Said]:
    from standards.certifying import activate_pack
    from standards.following import follow_log
    from standards.rulebook.pack_format import shipped_packs
    from traceability.keeping import keep_new_key
    from traceability.publishing import publish_checkpoint
    from traceability.registering import begin_ledger, enrolment, record_as_service

    begun = datetime(2026, 1, 2, tzinfo=UTC)
    begin_ledger(
        operator="operator", name="Operator", country="CA", effective="2026-01-01", now=begun
    )
    companies = [
        _document(
            "registry.organization",
            "operator",
            {
                "organization": name,
                "name": f"{name.title()} (illustrative)",
                "country": "CA",
                "roles": ["company"],
                "key": enrolment(keep_new_key(name), name, held_by="service"),
            },
        )
        for name in COMPANIES
    ]
    places = [_document("registry.facility", author, body) for author, body in facilities()]
    for registered in (companies, places):
        _accept(record_as_service(registered, now=begun))
    for pack in shipped_packs():
        if not pack.overlays:
            activate_pack(pack, effective=date(2026, 1, 1), now=begun)

    entries: dict[int, str] = {}
    for batch in _batches(told):
        documents = [_statement(one, entries) for one in batch]
        outcomes = record_as_service(documents, now=batch[-1].received_at)
        _accept(outcomes)
        entries |= {one.key: outcome.entry for one, outcome in zip(batch, outcomes, strict=True)}
    end = max(one.received_at for one in told) + timedelta(days=1)
    publish_checkpoint(now=end)
    follow_log(now=end)
    return {entries[one.key]: one for one in told}


def _batches(told: Iterable[Said]) -> Iterator[list[Said]]:
    """Yield what is received together: a day's statements, but what the clock matters to alone."""

    def moment(one: Said) -> Any:
        by_clock = "acting_person" in one.members or one.kind == "custody.void"
        return (one.received_at.date(), one.key if by_clock else -1)

    for _, batch in groupby(told, key=moment):
        yield list(batch)


def _statement(one: Said, entries: Mapping[int, str]) -> dict[str, Any]:
    body = dict(one.body)
    if one.kind == "custody.void":
        body["replaces"] = entries[body["replaces"]]
    return _document(one.kind, one.author, body, effective=one.effective, **one.members)


def _document(
    kind: str, author: str, body: Mapping[str, Any], *, effective: str = "2026-01-01", **more: Any
) -> dict[str, Any]:
    from traceability.registering import statement_document

    return statement_document(kind=kind, author=author, effective=effective, body=body, **more)


def _accept(outcomes: Sequence[Any]) -> None:
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def _findings() -> Iterator[Any]:
    from standards.dossiers import gathered
    from standards.known import followed_size, law_at
    from standards.rulebook.assembly import assemble
    from standards.rulebook.evaluation import evaluate
    from standards.rulebook.rules import RULES
    from traceability.models import Lot

    size, rules = followed_size(), [one for one in RULES if one.id in FRAUDS.values()]
    lots = sorted(Lot.objects.values_list("pk", flat=True))
    traced, evidence = gathered(lots, size)
    law = law_at(size)
    for lot in lots:
        for mineral in traced.minerals_of(lot):
            dossier = assemble(traced, lot, mineral, evidence=evidence, as_of=date(2026, 12, 31))
            yield from evaluate(dossier, law, rules).findings


# ── counting ──────────────────────────────────────────────────────────────────────────────


def page_part(doubts: Doubts) -> str:
    """Return the measured part of docs/plausibility.md."""
    told = list(doubts.said.values())
    planted = Counter(one.fraud for one in told if one.fraud)
    odd = sum(1 for one in told if one.oddity and not one.fraud)
    summary = (
        f"Seed {SEED}: {len(told)} statements, of which {sum(planted.values())} belong to a "
        f"planted fraud and {odd} are honest but out of the ordinary."
    )
    lines = [
        FIRST,
        summary,
        "",
        "| fraud | planted | meant check | found by it | recall | found by any |",
        "|---|---|---|---|---|---|",
        *_recall(doubts, planted),
        "",
        "| check | doubted | of its fraud | of another fraud | honest | precision | cannot tell |",
        "|---|---|---|---|---|---|---|",
        *_precision(doubts),
        "",
        "| honest statements that are doubted | check | how many |",
        "|---|---|---|",
        *_honest(doubts),
        LAST,
    ]
    return "\n".join(lines)


def _recall(doubts: Doubts, planted: Mapping[str, int]) -> Iterator[str]:
    anything = {entry for _, entry in doubts.doubted}
    found_by_any = Counter(doubts.said[entry].fraud for entry in anything)
    for fraud, check in FRAUDS.items():
        found = sum(1 for one in doubts.of(check) if one.fraud == fraud)
        any_check = found_by_any[fraud]
        recall = _percent(found, planted[fraud])
        yield f"| {fraud} | {planted[fraud]} | {check} | {found} | {recall} | {any_check} |"


def _precision(doubts: Doubts) -> Iterator[str]:
    for fraud, check in FRAUDS.items():
        kinds = Counter(one.fraud for one in doubts.of(check))
        total, own, honest = sum(kinds.values()), kinds[fraud], kinds[""]
        other = total - own - honest
        untold = sum(1 for name, _ in doubts.open if name == check)
        precision = _percent(own + other, total)
        yield f"| {check} | {total} | {own} | {other} | {honest} | {precision} | {untold} |"


def _honest(doubts: Doubts) -> Iterator[str]:
    counted = Counter(
        (one.oddity or HONEST, check)
        for check in FRAUDS.values()
        for one in doubts.of(check)
        if not one.fraud
    )
    for (oddity, check), count in sorted(counted.items()):
        yield f"| {oddity} | {check} | {count} |"


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "none"


def written(page: str, part: str) -> str:
    """Return the page with its measured part replaced."""
    before, _, rest = page.partition(FIRST)
    _, _, after = rest.partition(LAST)
    return f"{before}{part}{after}"
