"""The chain along which a claim passes: who handed the claimed metal to whom, and their status.

Only lots that hold metal of an audited mine carry a claim; those who bring other metal to a
blend pass none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from standards.rulebook.appraisal import begun_on, performance_credentials
from standards.rulebook.claims import LotClaim
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier, PathLot
from standards.rulebook.findings import Outcome
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.remembering import remembered
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    disputed,
    holds,
    status_standing,
    unlisted,
    validity_standing,
)

MINING = "extraction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Somebody passes a claim on, takes it over, or works the metal it is about, on a day.

    Args:
        organization: None where others reported what a party without a key did.
        facility_id: where, if the metal was worked.
        lot_id: the lot that carries the claim.
        is_contractor: it worked metal that is not its own.
        title_only: it never had custody of a lot that carries the claim.
    """

    organization: str | None
    facility_id: str | None
    lot_id: str
    day: date
    entry: str | None
    is_contractor: bool = False
    title_only: bool = False


# ── which lots carry a claim ──────────────────────────────────────────────────────────────


def carrying(dossier: Dossier, scheme: Scheme, standards: frozenset[str]) -> list[PathLot]:
    """Return the lots on the path that hold metal of a mine with a published audit or award."""
    question = ("carrying", scheme.id, standards)
    return remembered(dossier, question, lambda one: _carrying(one, scheme, standards))


def _carrying(dossier: Dossier, scheme: Scheme, standards: frozenset[str]) -> list[PathLot]:
    origins = {
        source.lot_id
        for source in dossier.sources
        if source.lot_id and source.facility_id and source.mg > 0
        if _is_credited(dossier, scheme, source.facility_id, source.dispatched_on, standards)
    }
    children: dict[str, list[str]] = {}
    for lot in dossier.lots:
        for parent in lot.parents:
            children.setdefault(parent, []).append(lot.lot_id)
    found, waiting = set(origins), list(origins)
    while waiting:
        fresh = [one for one in children.get(waiting.pop(), ()) if one not in found]
        found.update(fresh)
        waiting += fresh
    return [lot for lot in dossier.lots if lot.lot_id in found]


def _is_credited(
    dossier: Dossier, scheme: Scheme, facility: str, day: date | None, standards: frozenset[str]
) -> bool:
    """Tell whether a mine had anything published by the day; undated it may have."""
    for one in performance_credentials(dossier, scheme, facility, standards):
        begun = begun_on(one)
        if begun is None or day is None or begun <= day:
            return True
    return False


def unworked(lots: Sequence[PathLot]) -> frozenset[str]:
    """Return the lots that are still as mined, in the hands of whoever mined them."""
    by_id = {lot.lot_id: lot for lot in lots}
    told: dict[str, bool] = {}

    def is_raw(lot: PathLot) -> bool:
        if lot.lot_id not in told:
            parents = [by_id[name] for name in lot.parents if name in by_id]
            told[lot.lot_id] = lot.stage == MINING or (
                lot.stage is None
                and len(parents) == len(lot.parents) > 0
                and all(one.maker == lot.maker and is_raw(one) for one in parents)
            )
        return told[lot.lot_id]

    return frozenset(lot.lot_id for lot in lots if is_raw(lot))


# ── who passes it ─────────────────────────────────────────────────────────────────────────


def passings(
    lots: Sequence[PathLot], claimant: str, claimed_on: date, lot_id: str
) -> list[Passing]:
    """Return everybody who must be able to pass the claim on, each once for a day.

    A mine needs no custody status to hand over what it mined. Seller and buyer are asked about
    on the day on which the lot passes; whoever works it, on the day of the work; the claimant, on
    the day of the claim.
    """
    raw = unworked(lots)
    custodians = {lot.maker for lot in lots}
    for hand in (hand for lot in lots for hand in lot.hands if hand.kind == "custody"):
        custodians |= {hand.giver, hand.taker}
    told: dict[tuple[str | None, date], Passing] = {}
    for lot in lots:
        for one in _of_lot(lot, is_raw=lot.lot_id in raw):
            told.setdefault((one.organization, one.day), one)
    if lot_id not in raw:
        last = Passing(
            organization=claimant, facility_id=None, lot_id=lot_id, day=claimed_on, entry=None
        )
        told.setdefault((claimant, claimed_on), last)
    return [
        one if one.organization in custodians else replace(one, title_only=True)
        for one in told.values()
    ]


def _of_lot(lot: PathLot, *, is_raw: bool) -> Iterable[Passing]:
    if lot.stage not in (None, MINING):
        yield Passing(
            organization=lot.maker,
            facility_id=lot.facility_id,
            lot_id=lot.lot_id,
            day=lot.made_on,
            entry=None,
            is_contractor=bool(lot.owners) and lot.maker not in lot.owners,
        )
    for hand in lot.hands:
        if not (is_raw and hand.giver == lot.maker):
            yield _handed(lot, hand.giver, hand.on, hand.entry)
        if hand.taker is not None:
            yield _handed(lot, hand.taker, hand.on, hand.entry)


def _handed(lot: PathLot, organization: str, day: date, entry: str) -> Passing:
    return Passing(
        organization=organization, facility_id=None, lot_id=lot.lot_id, day=day, entry=entry
    )


# ── with which status ─────────────────────────────────────────────────────────────────────


def claimant_status(dossier: Dossier, law: LawOnDate, scheme: Scheme, claim: LotClaim) -> Standing:
    """Return the chain-of-custody status of a claimant, or of the site that made the lot."""
    made_at = [one.facility_id for one in dossier.lots if one.lot_id == claim.lot_id]
    subjects = [claim.claimant, *(name for name in made_at if name)]
    return custody_status(
        dossier, law, scheme, subjects=subjects, who=claim.claimant, day=claim.made_on
    )


def custody_status(
    dossier: Dossier,
    law: LawOnDate,
    scheme: Scheme,
    *,
    subjects: Iterable[str],
    who: str,
    day: date,
) -> Standing:
    """Tell whether an organization, or a site of it, was assessed for chain of custody on a day.

    Registers of the status go by the word for the chain-of-custody standard.

    Args:
        subjects: the organization and those of its sites in question.
        who: for sentences.
        day: of the transfer; the scheme's time rule may ask for today's status instead.

    Raises:
        Unavailable: nobody has said which standard it is, or which day counts.
    """
    standard, named = law[scheme.key("custody_standard")].value, tuple(dict.fromkeys(subjects))
    rule = law[scheme.key("time_rule")]
    days = {"claim_transfer": day, "as_of": dossier.as_of}
    judged_on = days.get(rule.value.get("chain_of_custody", ""))
    if judged_on is None:
        because = f"{rule.key} does not say for which day chain of custody is judged"
        raise Unavailable(rule.key, because, provision=rule)
    question = ("custody status", scheme.id, standard, named, who, judged_on)
    return remembered(
        dossier,
        question,
        lambda one: _custody_status(one, scheme, standard, named, who, judged_on),
    )


def _custody_status(
    dossier: Dossier,
    scheme: Scheme,
    standard: str,
    subjects: Sequence[str],
    who: str,
    day: date,
) -> Standing:
    own = [
        one
        for one in dossier.credentials
        if one.scheme == scheme.id
        and one.standard_code == standard
        and (one.facility_id or one.organization_id) in subjects
    ]
    if not own:
        told = [_absent(dossier, standard, subject, who, day) for subject in subjects]
        failed = [one for one in told if one.outcome is Outcome.NONCONFORMING]
        return (
            failed[0]
            if len(failed) == len(told)
            else cannot_tell(
                f"{who}: whether it was assessed for chain of custody on {day} is not known",
                missing=f"chain-of-custody status of {who} under {scheme.name} on {day}",
            )
        )
    return best(_held(one, who=who, day=day, log_size=dossier.log_size) for one in own)


def _absent(dossier: Dossier, standard: str, subject: str, who: str, day: date) -> Standing:
    registers = [one for one in dossier.snapshots if one.scheme == standard]
    return unlisted(registers, scheme=standard, site=who, day=day, subject_id=subject)


def _held(credential: Credential, *, who: str, day: date, log_size: int) -> Standing:
    return (
        disputed(credential, site=who)
        or status_standing(credential, site=who, day=day, log_size=log_size)
        or validity_standing(credential, site=who, day=day, log_size=log_size)
        or holds(f"{who}: assessed for chain of custody on {day}", credential.entry)
    )
