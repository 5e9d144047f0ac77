"""Claims about a lot: what they draw on, how much, by which custody model, and whose they are.

A claim is a number beside the physical share and never changes it: no rule about origin,
content or custody of the metal itself reads what is claimed.
"""

from collections.abc import Mapping
from fractions import Fraction

from standards.rulebook.accounts import Claim
from standards.rulebook.booking import Booked
from standards.rulebook.claimed import (
    BOOKING,
    Checked,
    about_claims,
    booked_for,
    interval_text,
    keys,
    kg,
    missing_for,
    share_of_lot,
    standing_claims,
    unavailable,
    window_share,
)
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import (
    Finding,
    Outcome,
    at_least,
    at_most,
    percent_text,
)
from standards.rulebook.law import LawOnDate, Unavailable
from standards.rulebook.posted import OVER
from standards.rulebook.rule import rule
from standards.rulebook.schemes import scheme_name

MODELS = "ISO 22095:2020, 3.3.1 to 3.3.5: custody models, and what each lets one say"
QUANTITY = "ISO 22095-2:2026, mass balance; limits as the scheme's custody standard sets them"


def _draws_on_account(claim: Claim) -> bool:
    return claim.account is not None


def _shares(worst: Fraction, best: Fraction) -> str:
    told = percent_text(worst), percent_text(best)
    return told[0] if told[0] == told[1] else f"{told[0]} to {told[1]}"


def _unknown_content(dossier: Dossier, claim: Claim) -> Checked:
    return Checked(
        outcome=Outcome.INDETERMINATE,
        because=f"how much {dossier.mineral} the lot contains is not known",
        missing=(f"assay or quality of lot {dossier.lot_id} for {dossier.mineral}",),
        evidence=(claim.entry,),
    )


def _yes_or_no(claim: Claim, because: str, *, holds: bool) -> Checked:
    return Checked(
        outcome=Outcome.CONFORMS if holds else Outcome.NONCONFORMING,
        because=because,
        evidence=(claim.entry,),
    )


# ── how much ──────────────────────────────────────────────────────────────────────────────


@rule(
    id="MB-01",
    title="No more is claimed of a lot than it contains of the element",
    source="Accounts count contained element on the dry basis; gross or wet mass claims too much",
    governed_by="as_of",
)
def claims_are_within_the_contained_element(dossier: Dossier, _law: LawOnDate) -> Finding:
    """All claims under one scheme together are at most the element in the lot."""
    of_scheme: dict[str, int] = {}
    for claim in standing_claims(dossier):
        of_scheme[claim.scheme] = of_scheme.get(claim.scheme, 0) + claim.mg

    def check(claim: Claim) -> Checked:
        contained, mg = dossier.contained_mg, of_scheme[claim.scheme]
        if contained is None:
            return _unknown_content(dossier, claim)
        measured = at_most(
            Fraction(mg - contained.low_mg), Fraction(mg - contained.high_mg), Fraction(0), "mg"
        )
        holds = interval_text(contained.low_mg, contained.high_mg)
        name = scheme_name(claim.scheme)
        return Checked(
            outcome=measured.outcome,
            because=f"{kg(mg)} is claimed under {name} of a lot that contains {holds}",
            measured=measured,
            missing=(f"final assay of lot {dossier.lot_id} for {dossier.mineral}",),
            evidence=(claim.entry,),
        )

    return about_claims(dossier, check)


@rule(
    id="ISO-MB-02",
    title="Claims are at most what their account is entitled to",
    source=QUANTITY,
    governed_by="as_of",
    reads=BOOKING,
)
def claims_are_covered_by_entitlement(dossier: Dossier, law: LawOnDate) -> Finding:
    """Of what is claimed of the lot nothing stands over-claimed, as the account is known now."""
    booked = booked_for(dossier, law)

    def check(claim: Claim) -> Checked:
        return covered_by_entitlement(booked[claim.account or ""], claim)

    return about_claims(dossier, check, of=_draws_on_account)


def covered_by_entitlement(account: Booked, claim: Claim) -> Checked:
    """Tell whether entitlement covers a claim: certainly, perhaps, or not."""
    covered, possible = account.covered(claim.id)
    measured = at_least(
        Fraction(covered - claim.mg), Fraction(possible - claim.mg), Fraction(0), "mg"
    )
    because = (
        f"claim {claim.id}: {kg(claim.mg)} claimed, {interval_text(covered, possible)} covered"
    )
    over = claim.mg - possible
    return Checked(
        outcome=measured.outcome,
        because=f"{because}, {kg(over)} over-claimed" if over else because,
        measured=measured,
        missing=missing_for(account),
        evidence=(claim.entry,),
    )


@rule(
    id="ISO-MB-01",
    title="By rolling average, the claimed share of a lot is at most that of the inputs",
    source="ISO 22095-2:2026, rolling average percentage method",
    governed_by="as_of",
    reads=(*keys("account_window_days"), *BOOKING),
)
def claimed_share_is_the_rolling_average(dossier: Dossier, law: LawOnDate) -> Finding:
    """Every output has the share of the inputs over the window that ends with the claim."""
    booked = booked_for(dossier, law)
    of_account: dict[str, int] = {}
    for claim in standing_claims(dossier):
        if claim.account:
            of_account[claim.account] = of_account.get(claim.account, 0) + claim.mg

    def check(claim: Claim) -> Checked:
        account, evidence = booked[claim.account or ""], (claim.entry,)
        claimed = share_of_lot(dossier, of_account[claim.account or ""])
        if claimed is None:
            return _unknown_content(dossier, claim)
        try:
            window = law[f"{account.record.scheme}.account_window_days"]
        except Unavailable as signal:
            return unavailable(signal, f"claim {claim.id} is by rolling average", evidence)
        average = window_share(account, claim, window.value)
        measured = at_most(claimed[0] - average[0], claimed[1] - average[1], Fraction(0))
        told = f"{_shares(*claimed)} of the lot is claimed"
        return Checked(
            outcome=measured.outcome,
            because=f"{told}; the average over {window.value} days is {_shares(*average)}",
            cites=(window,),
            measured=measured,
            missing=missing_for(account),
            evidence=evidence,
        )

    def is_average(claim: Claim) -> bool:
        return bool(claim.account) and booked[claim.account or ""].record.method != "credit"

    return about_claims(dossier, check, of=is_average, words="nothing is claimed by average")


@rule(
    id="MB-02",
    title="Entitlement rests on recovery that was measured",
    source="Conversion by the measured recovery of the steps that worked the metal, at most 1",
    governed_by="as_of",
    reads=BOOKING,
)
def entitlement_rests_on_measured_recovery(dossier: Dossier, law: LawOnDate) -> Finding:
    """No claim draws on entitlement that is merely possible: unworked, or never measured."""
    booked = booked_for(dossier, law)

    def check(claim: Claim) -> Checked | None:
        account = booked[claim.account or ""]
        draw = account.draws[f"claim:{claim.id}"]
        doubt, proven = draw.of("doubt"), draw.of("tranche")
        if not doubt:
            because = f"claim {claim.id} draws on {kg(proven)} of measured recovery"
            return _yes_or_no(claim, because, holds=True) if proven else None
        return Checked(
            outcome=Outcome.INDETERMINATE,
            because=f"claim {claim.id} draws on {kg(doubt)} that is possible and not measured",
            missing=missing_for(account),
            evidence=(claim.entry,),
        )

    return about_claims(dossier, check, of=_draws_on_account)


@rule(
    id="MB-08",
    title="No attribute is sold twice, or apart from the others of its metal",
    source="Single use: all claims on one kilogram go to one buyer",
    governed_by="as_of",
    reads=BOOKING,
)
def attributes_are_sold_once_and_together(dossier: Dossier, law: LawOnDate) -> Finding:
    """What one lot brought is not sold to one buyer under one scheme and to another elsewhere.

    Two buyers may share what a lot brought, each with a part of it. It is unbundled where their
    claims together need more than it came to.
    """
    booked = booked_for(dossier, law)
    buyers = _buyers(booked)

    def check(claim: Claim) -> Checked | None:
        draw = booked[claim.account or ""].draws[f"claim:{claim.id}"]
        lots = {use.source.partition(":")[2] for use in draw.uses if use.source != OVER}
        for lot in sorted(lots):
            told = buyers[claim.holder, lot]
            own = told[claim.account or "", claim.recipient]
            others = [
                mg
                for (account, buyer), mg in told.items()
                if account != claim.account and buyer != claim.recipient
            ]
            size = _came_to(booked, claim.holder, lot)
            if others and own + max(others) > size:
                words = (
                    f"{kg(own)} and {kg(max(others))} of lot {lot} are claimed towards two buyers"
                )
                because = f"{words} under two schemes; it came to {kg(size)}"
                return _yes_or_no(claim, because, holds=False)
        because = f"claim {claim.id} sells what it draws on once"
        return _yes_or_no(claim, because, holds=True) if lots else None

    return about_claims(dossier, check, of=_draws_on_account)


def _buyers(booked: Mapping[str, Booked]) -> dict[tuple[str, str], dict[tuple[str, str], int]]:
    """Return how much of each lot went to whom, by holder and lot, by account and buyer."""
    told: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for account in booked.values():
        recipients = {f"claim:{one.id}": one.recipient for one in account.record.claims}
        for draw in account.draws.values():
            for use in draw.uses:
                lot = use.source.partition(":")[2]
                if lot:
                    of_lot = told.setdefault((account.record.holder, lot), {})
                    key = account.record.id, recipients.get(draw.id, "")
                    of_lot[key] = of_lot.get(key, 0) + use.mg
    return told


def _came_to(booked: Mapping[str, Booked], holder: str, lot: str) -> int:
    """Return the most that a lot came to on any account of a holder."""
    return max(
        one.high_mg
        for account in booked.values()
        if account.record.holder == holder
        for one in account.tranches
        if one.id == lot
    )
