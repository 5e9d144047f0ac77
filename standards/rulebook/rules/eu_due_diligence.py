"""European due diligence: 3TG importers, batteries, and schemes that are said to be recognized.

Who imports, or places a battery on the market, declares volumes, turnover and its due diligence;
a notified body verifies the latter. A scheme is recognized only where a list of that day says so.
"""

from datetime import date
from decimal import Decimal, InvalidOperation

from standards.rulebook.claims import LotClaim, about, every_claim, least_favorable
from standards.rulebook.composition import unmeasurable
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, indeterminate, not_applicable
from standards.rulebook.forms import Answer, Form, latest
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    disputed,
    fails,
    holds,
    status_standing,
    validity_standing,
)

IMPORTER, OPERATOR = "eu_2017_821", "eu_2023_1542"
"""Names of the forms of importers of 3TG, and of those who place batteries on the market."""
VERIFICATION = "eu_battery_due_diligence"
"""Scheme of the certificate by which a notified body verifies a due-diligence policy."""
RECOGNIZED = "eu_recognized"


def _number(told: Answer | None) -> Decimal | None:
    if told is None or told.text is None:
        return None
    try:
        number = Decimal(told.text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


# ── EU-01 ─────────────────────────────────────────────────────────────────────────────────


def _no_3tg(dossier: Dossier, law: LawOnDate) -> Finding | None:
    minerals = law["eu_due_diligence.conflict_minerals"]
    if dossier.mineral in minerals.value:
        return unmeasurable(dossier)
    because = f"{dossier.mineral} is none of the minerals of Regulation (EU) 2017/821"
    return not_applicable(because, minerals)


@rule(
    id="EU-01",
    title="The importer is below the volume threshold, or carries out due diligence",
    source="Regulation (EU) 2017/821, Article 1(3) and Annex I",
    governed_by="imported_on",
    reads=("eu_due_diligence.conflict_minerals", "eu_due_diligence.volume_thresholds_kg"),
    guard=_no_3tg,
)
def the_importer_is_small_or_diligent(dossier: Dossier, law: LawOnDate) -> Finding:
    """By what the importer declares of the year of import, product by product."""
    if (answer := _no_3tg(dossier, law)) is not None:
        return answer
    limits = law["eu_due_diligence.volume_thresholds_kg"]
    forms = latest(dossier.forms, (IMPORTER,), dossier.as_of)
    volumes = [
        (form, one)
        for form in forms
        for one in form.answers
        if one.question == "annual_kg" and one.mineral == dossier.mineral
    ]
    if not volumes:
        because = f"nobody declared how much {dossier.mineral} the importer imports in the year"
        missing = f"importer's declaration of annual volumes of {dossier.mineral}"
        return indeterminate(because, limits, missing=(missing,))
    told = [_volume(form, one, limits.value) for form, one in volumes]
    return least_favorable(told, limits)


def _volume(form: Form, one: Answer, limits: dict[str, Decimal]) -> Standing:
    name, product = f"declaration {form.id}", one.about or ""
    words, amount = product.replace("_", " ") or "a product it does not name", _number(one)
    if product not in limits:
        because = f"{name}: no volume threshold of {words} is known"
        return cannot_tell(because, form.entry, missing=f"volume threshold of {words}")
    if amount is None:
        because = f"{name}: how much of {words} is imported in the year is not told"
        return cannot_tell(because, form.entry, missing=f"annual volume of {words} in {name}")
    limit = limits[product]
    if amount < limit:
        complete = form.said("year_complete")
        if complete is not None and complete.answer == "yes":
            below = f"{name}: {amount} kg of {words} in the year, below {limit} kg"
            return holds(below, form.entry)
        because = f"{name}: {amount} kg of {words} so far, below {limit} kg; the year goes on"
        return cannot_tell(because, form.entry, missing=f"volume of {words} of the whole year")
    above = f"{name}: {amount} kg of {words} in the year, {limit} kg or more"
    return _diligent(form, above)


def _diligent(form: Form, because: str) -> Standing:
    told = form.said("due_diligence")
    if told is None or told.answer not in ("yes", "no"):
        missing = f"answer on due diligence in declaration {form.id}"
        return cannot_tell(f"{because}; whether it is diligent is not told", missing=missing)
    if told.answer == "no":
        return fails(f"{because}; it says that it carries out no due diligence", form.entry)
    return holds(f"{because}; it carries out due diligence, as it says", form.entry)


# ── EU-02 ─────────────────────────────────────────────────────────────────────────────────


def _no_battery_mineral(dossier: Dossier, law: LawOnDate) -> Finding | None:
    minerals = law["eu_due_diligence.battery_minerals"]
    if dossier.mineral in minerals.value:
        return unmeasurable(dossier)
    because = f"{dossier.mineral} is none of the raw materials of Annex X"
    return not_applicable(because, minerals)


@rule(
    id="EU-02",
    title="Who places the battery on the EU market has a verified due-diligence policy",
    source="Regulation (EU) 2023/1542, Articles 47 to 53 and Annex X",
    governed_by="placed_on_eu_market_on",
    reads=(
        "eu_due_diligence.battery_duty",
        "eu_due_diligence.battery_minerals",
        "eu_due_diligence.battery_turnover_eur",
    ),
    guard=_no_battery_mineral,
)
def the_battery_operator_is_diligent(dossier: Dossier, law: LawOnDate) -> Finding:
    """Cobalt, natural graphite, lithium and nickel, from the day the duty applies.

    Operators with little turnover are exempt: below both the adopted and the proposed threshold
    for sure, between the two it cannot be told.
    """
    if (answer := _no_battery_mineral(dossier, law)) is not None:
        return answer
    duty = law["eu_due_diligence.battery_duty"]
    if dossier.mineral == "graphite" and not any(
        one.kind == "mined" and one.mg for one in dossier.sources
    ):
        because = "whether the graphite is natural is not on record; synthetic graphite may not be"
        lacking = f"origin of the graphite of lot {dossier.lot_id}: natural or synthetic"
        return indeterminate(f"{because} covered", duty, missing=(lacking,))
    forms = latest(dossier.forms, (OPERATOR,), dossier.as_of)
    if not forms:
        because = "nobody declared to be the operator that places it on the market"
        missing = "operator's declaration of turnover and due diligence"
        return indeterminate(because, duty, missing=(missing,))
    return least_favorable([_operator(dossier, law, one) for one in forms], duty)


def _operator(dossier: Dossier, law: LawOnDate, form: Form) -> Standing:
    name, told = f"declaration {form.id}", form.said("due_diligence")
    answer = None if told is None else told.answer
    verified = _verification(dossier, law.on, form) if answer == "yes" else None
    if verified is not None:
        return verified
    exempt = _exempt(law, form)
    if exempt is not None and (answer == "no" or not exempt.missing):
        return exempt
    if answer == "no":
        return fails(f"{name}: it says that it has no due-diligence policy", form.entry)
    lacking = f"answer on due diligence in {name}"
    if answer == "yes":
        lacking = f"verification by a notified body of the policy of {name}"
    because = f"{name}: a due-diligence policy, verified, is not on record"
    return cannot_tell(because, form.entry, missing=lacking)


def _verification(dossier: Dossier, day: date, form: Form) -> Standing | None:
    """Return how its verification by a notified body stands; None: there is none."""
    own = [
        one
        for one in dossier.credentials
        if one.scheme == VERIFICATION and one.organization_id == form.author
    ]
    site, size = f"the author of declaration {form.id}", dossier.log_size
    if not own:
        return None
    return best(
        disputed(one, site=site)
        or status_standing(one, site=site, day=day, log_size=size)
        or validity_standing(one, site=site, day=day, log_size=size)
        or holds(f"declaration {form.id}: policy verified by a notified body", one.entry)
        for one in own
    )


def _exempt(law: LawOnDate, form: Form) -> Standing | None:
    """Tell whether little turnover exempts it; None: surely not."""
    limits = told_or_open(law, "eu_due_diligence.battery_turnover_eur")
    if isinstance(limits, Standing):
        return limits
    name, turnover = f"declaration {form.id}", _number(form.said("net_turnover_eur"))
    if turnover is None:
        because = f"{name}: its net turnover is not told"
        return cannot_tell(because, form.entry, missing=f"net turnover in {name}")
    lowest, highest = min(limits.value.values()), max(limits.value.values())
    if turnover < lowest:
        return holds(f"{name}: net turnover below {lowest} EUR, so it is exempt", form.entry)
    if turnover < highest:
        because = f"{name}: net turnover from {lowest} to below {highest} EUR: which threshold"
        missing = "whether the higher turnover threshold was adopted"
        return cannot_tell(f"{because} applies is not known", form.entry, missing=missing)
    return None


# ── EU-03 ─────────────────────────────────────────────────────────────────────────────────


@rule(
    id="EU-03",
    title="A scheme said to be recognized by the European Union is on its list of the day",
    source="Regulation (EU) 2017/821, Article 8; Regulation (EU) 2023/1542, Articles 47 to 53",
    governed_by="as_of",
    reads=("eu_due_diligence.recognized_schemes",),
)
def schemes_said_to_be_recognized_are(dossier: Dossier, law: LawOnDate) -> Finding:
    """No claim of recognition rests on anything but a list of the Commission."""
    claims = [
        one
        for one in every_claim(dossier)
        if one.lot_id == dossier.lot_id and (one.says is None or RECOGNIZED in one.says)
    ]
    if not claims:
        because = "nobody claims for the lot that a scheme is recognized by the European Union"
        return not_applicable(because)
    return least_favorable([_recognized(law, one) for one in claims])


def _recognized(law: LawOnDate, claim: LotClaim) -> Standing:
    if claim.says is None:
        because = f"{about(claim)}: nobody has coded whether it speaks of recognition"
        missing = f"coding of the wording of claim {claim.id}"
        return cannot_tell(because, claim.entry, missing=missing)
    known = told_or_open(law, "eu_due_diligence.recognized_schemes")
    if isinstance(known, Standing):
        return known
    if claim.scheme not in known.value:
        because = f"{about(claim)} says that {claim.scheme} is recognized; it is not on the list"
        return fails(f"{because} of the Commission", claim.entry)
    return holds(f"{about(claim)}: {claim.scheme} is on the list", claim.entry)
