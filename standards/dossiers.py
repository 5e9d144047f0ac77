"""Dossiers from rows, and answers about a lot that are given without being kept."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from standards.accounting import accounts_of, records_at
from standards.claimed import claims_on, credits_at
from standards.known import evidence_at, followed_size, law_at, policies_at
from standards.noted import noted_at
from standards.rulebook.assembly import NOTHING_CLAIMED, Claimed, Evidence, assemble
from standards.rulebook.assessment import PACKS_ALONE, assess
from standards.rulebook.dossier import Dossier, MassRange
from standards.rulebook.evaluation import Evaluation
from standards.rulebook.law import Pack
from standards.rulebook.observing import observe
from standards.rulebook.passage import contained_of
from standards.rulebook.policy import Judgement, judge
from standards.rulebook.traced import Traced, trace
from standards.waiving import granted_at
from traceability.errors import NoSuchPolicy, NotFollowedYet, UnknownLot
from traceability.tracing import lot_histories


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is so about one lot and mineral, and what a club makes of it (None: no club)."""

    dossier: Dossier
    evaluation: Evaluation
    judgement: Judgement | None


def gathered(lots: Collection[str], size: int) -> tuple[Traced, Evidence]:
    """Return what led to some lots, traced once, and the evidence about the sites on the way."""
    history = lot_histories(lots, size=size)
    traced = trace(history, [lot for lot in lots if lot in history.last])
    evidence = evidence_at(
        size,
        traced.facilities(),
        organizations=traced.organizations(),
        lots=traced.lots.keys(),
    )
    noted = noted_at(size, history)
    told = replace(
        evidence,
        observed=observe(traced, evidence.sites, noted),
        passed=noted.countries_passed(),
        claimed=claimed_at(lots, size),
    )
    return traced, told


def contained_in(lots: Collection[str], size: int) -> dict[tuple[str, str], MassRange]:
    """Return how much of each mineral some lots hold, where anything says so."""
    history = lot_histories(lots, size=size)
    made = [lot for lot in lots if lot in history.last]
    traced = trace(history, made)
    told = {
        (lot, mineral): contained_of(traced, history.last[lot], mineral)
        for lot in made
        for mineral in traced.minerals_of(lot)
    }
    return {place: contained for place, contained in told.items() if contained is not None}


def claimed_at(lots: Collection[str], size: int) -> Claimed:
    """Return what was claimed of some lots, with the accounts and credits that it turns on."""
    claims = claims_on(lots, size)
    if not claims:
        return NOTHING_CLAIMED
    every = [one for found in claims.values() for one in found]
    elements = {one.element for one in every}
    accounts = {
        row.account
        for row in accounts_of({one.holder for one in every}, size).values()
        if row.element in elements
    }
    records = records_at(size, accounts)
    known = {claim.id: claim for record in records.values() for claim in record.claims}
    return Claimed(
        claims={lot: [known.get(one.id, one) for one in told] for lot, told in claims.items()},
        accounts=records,
        credits=credits_at({serial for one in every for serial in one.credits}, size),
    )


def build_dossier(lot: str, mineral: str, *, size: int, as_of: date) -> Dossier:
    """Return everything known about one lot and mineral, from entries below a log size.

    Raises:
        UnknownLot: no entry below the size made it.
        NotFollowedYet: what the log says up to that size is not in the tables yet.
    """
    _check_followed(size)
    traced, evidence = gathered([lot], size)
    _check_made(traced, lot)
    return assemble(traced, lot, mineral, evidence=evidence, as_of=as_of)


def examine(
    lot: str,
    *,
    size: int,
    as_of: date,
    club: str = PACKS_ALONE,
    packs: Iterable[Pack] = (),
    dates: Mapping[str, date] | None = None,
) -> list[Examined]:
    """Answer about a lot, per mineral, as known below a log size, without keeping anything.

    Args:
        as_of: the day the question is asked for.
        club: under whose policy; the packs alone where empty.
        packs: to use in place of their namesakes.
        dates: governing days that are known besides, by their name in `GoverningDate`.

    Raises:
        UnknownLot: no entry below the size made it.
        NotFollowedYet: what the log says up to that size is not in the tables yet.
        NoSuchPolicy: the club has none below the size.
    """
    _check_followed(size)
    traced, evidence = gathered([lot], size)
    _check_made(traced, lot)
    adopted = policies_at(size, on=as_of)
    if club and club not in adopted:
        raise NoSuchPolicy(club=club, known_at=size)
    policies = {club: adopted[club].policy} if club else {}
    law = law_at(size, instead=packs)
    granted = granted_at(size, policies, law, on=as_of)
    told = []
    for mineral in traced.minerals_of(lot):
        dossier = assemble(traced, lot, mineral, evidence=evidence, as_of=as_of, dates=dates)
        found = assess(dossier, law, policies)
        evaluation, failed = found[club], found[PACKS_ALONE].failed
        contained = dossier.contained_mg
        waivers = granted[club].for_lot(lot, mineral, contained, failed=failed) if club else ()
        judgement = judge(evaluation.findings, policies[club], waivers, as_of) if club else None
        told.append(Examined(dossier=dossier, evaluation=evaluation, judgement=judgement))
    return told


def _check_followed(size: int) -> None:
    followed = followed_size()
    if size > followed:
        raise NotFollowedYet(known_at=size, followed=followed)


def _check_made(traced: Traced, lot: str) -> None:
    if lot not in traced.history.last:
        raise UnknownLot(lot, at="")
