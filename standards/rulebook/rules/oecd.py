"""OECD due diligence: red flags, the gravest abuses, and six months for the others.

Allegations, credible findings and plans come from a register of risks that the operator or a
registrar keeps and records as a snapshot: one row per site or company and risk. A red flag is no
finding of guilt: it asks for a closer look, and until that was taken a purchase is on hold.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from standards.rulebook.claims import least_favorable
from standards.rulebook.composition import unmeasurable, untraced_mg
from standards.rulebook.credential import Listing, Snapshot
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Hand, PathLot, Source, Step
from standards.rulebook.findings import Finding, Outcome, not_applicable
from standards.rulebook.forms import latest, questions
from standards.rulebook.handing import holders_of
from standards.rulebook.law import LawOnDate, Unavailable, value_of
from standards.rulebook.months import last_day
from standards.rulebook.registers import last_copy, name_of, word
from standards.rulebook.rule import rule
from standards.rulebook.rules.geography import members_on
from standards.rulebook.rules.plausibility import PLAUSIBILITY
from standards.rulebook.schemes import OECD
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing, cannot_tell, fails, holds, listed

GUIDANCE = "OECD Due Diligence Guidance for Responsible Supply Chains of Minerals"
CLOSER_LOOK = "enhanced_due_diligence"
"""Name of the form in which somebody says that he took a closer look, and where."""
ANOMALIES = tuple(one for one in PLAUSIBILITY if one.id in ("PL-02", "PL-03", "PL-04"))
"""Checks whose doubts are red flags of circumstance: more than a site or a country can yield."""
PLANNED = frozenset({"plan_adopted", "measurable_progress", "no_progress"})
"""States of a risk for which a plan was adopted; the row's first day is that of the plan."""


class _Risk(Struct, frozen=True, kw_only=True):
    """A row of the register of risks about somebody on the path."""

    register: Snapshot
    row: Listing

    @property
    def state(self) -> str:
        """Return the state of the risk, as a word."""
        return word(self.row.status)

    @property
    def kind(self) -> str:
        """Return the kind of risk, as a word."""
        return word(self.row.level)

    @property
    def about(self) -> str:
        """Return whom and what it is about: the subject, and the risk in words."""
        return f"{who(self.row.subject_id)}: {self.kind.replace('_', ' ')}"

    @property
    def evidence(self) -> str:
        """Return the entry of the register."""
        return self.register.entry


def who(subject: str) -> str:
    """Name a site by its id, a company as what it is here: its name is not everybody's to read."""
    return subject if ":" in subject else "a company on the path"


def subjects_on(dossier: Dossier) -> set[str]:
    """Return every site and organization on the path, by id."""
    sites = {one.facility_id for one in dossier.sources} | {
        one.facility_id for one in dossier.steps
    }
    sites |= {one.facility_id for one in dossier.lots}
    return {name for name in sites if name} | holders_of(dossier.lots)


def strangers_on(dossier: Dossier) -> list[str]:
    """Name what must be known before it can be said that nobody on the path is listed."""
    missing = [
        f"origin of lot {one.lot_id or one.id}"
        for one in dossier.sources
        if one.mg > 0 and (one.kind in ORIGIN_UNKNOWN or one.facility_id is None)
    ]
    missing += [
        f"site of {one.stage} of lot {dossier.lot_id}"
        for one in dossier.steps
        if one.mg > 0 and one.facility_id is None
    ]
    if untraced_mg(dossier):
        missing.append(f"origin of {untraced_mg(dossier)} mg that no source explains")
    return list(dict.fromkeys(missing))


def _risks(dossier: Dossier, law: LawOnDate) -> tuple[Snapshot, list[_Risk]] | Standing:
    """Return the register of risks, and its rows about anybody on the path that hold today."""
    about = f"lot {dossier.lot_id}"
    register = last_copy(dossier, law, OECD, None, about=about)
    if isinstance(register, Standing):
        return register
    subjects = subjects_on(dossier)
    return register, [
        _Risk(register=register, row=row)
        for row in register.rows
        if row.subject_id in subjects and row.covers(dossier.as_of)
    ]


def _nobody(dossier: Dossier, register: Snapshot, words: str) -> Standing:
    """Tell that no row is about anybody on the path, as far as register and path show."""
    name = name_of(OECD, register)
    strangers = strangers_on(dossier)
    if strangers:
        because = f"who worked part of the metal of lot {dossier.lot_id} is not known"
        return cannot_tell(because, register.entry, missing=strangers[0])
    if not register.complete:
        because = f"the {name} is on file only in part"
        return cannot_tell(because, register.entry, missing=f"complete {name}")
    if register.unmatched:
        because = f"rows of the {name} are not matched with anybody, and may be about the path"
        missing = f"match of the rows of the {name} with sites and companies"
        return cannot_tell(because, register.entry, missing=missing)
    return holds(f"the {name} has no {words} about anybody on the path", register.entry)


# ── OECD-01 ───────────────────────────────────────────────────────────────────────────────


@rule(
    id="OECD-01",
    title="No red flag is up, or somebody took a closer look at it",
    source=f"{GUIDANCE}: red flags of location, supplier and circumstance",
    governed_by="as_of",
    reads=(
        "oecd.cahra_countries",
        "rmi.cmrt_questions",
        "rmi.emrt_questions",
        *sorted({key for one in ANOMALIES for key in one.reads}),
    ),
    aliases=("RED_FLAGS",),
)
def red_flags_were_looked_into(dossier: Dossier, law: LawOnDate) -> Finding:
    """A flag asks for a closer look; until somebody declared one the purchase is on hold.

    Location: mined or worked in a conflict-affected or high-risk area, or shipped through one, as
    far as shipments state the countries they pass; those that state none are counted. Supplier:
    one declares that its smelters buy there. Circumstance: more than a site or a country can yield.
    """
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    shipments = list(_shipments(dossier))
    group = told_or_open(law, "oecd.cahra_countries")
    told = [*_suppliers(dossier, law), *_circumstances(dossier, law)]
    if isinstance(group, Standing):
        told.append(group)
    else:
        members = members_on(group, dossier.as_of)
        told = [*_locations(dossier, members), *_transits(dossier, shipments, members), *told]
    nothing = f"no red flag is up for the {dossier.mineral} of lot {dossier.lot_id}"
    found = least_favorable(told or [holds(nothing)])
    return replace(found, notices=(*found.notices, *_untold_ways(shipments)))


def _locations(dossier: Dossier, members: frozenset[str]) -> list[Standing]:
    spots: list[Source | Step] = [*dossier.sources, *dossier.steps]
    flags: dict[str, Standing] = {}
    for one in spots:
        site = one.facility_id or "an unnamed site"
        if one.mg == 0 or site in flags:
            continue
        if one.country is None:
            because = f"the country of {site} is not known"
            flags[site] = cannot_tell(because, one.entry, missing=f"country of {site}")
        elif one.country in members:
            because = f"{site} lies in {one.country}, a conflict-affected or high-risk area"
            flags[site] = _looked_into(dossier, one.facility_id or "", because, one.entry)
    return list(flags.values())


def _shipments(dossier: Dossier) -> Iterator[tuple[PathLot, Hand]]:
    """Yield the shipments of lots on the path, until what came of a lot had left it."""
    left: dict[str, date] = {}
    for lot in dossier.lots:
        for parent in lot.parents:
            left[parent] = max(left.get(parent, lot.made_on), lot.made_on)
    for lot in dossier.lots:
        for hand in lot.hands:
            if hand.kind == "custody" and hand.on <= left.get(lot.lot_id, hand.on):
                yield lot, hand


def _transits(
    dossier: Dossier, shipments: Iterable[tuple[PathLot, Hand]], members: frozenset[str]
) -> list[Standing]:
    """Raise a flag for each shipment that states to pass, or to go to, one of the countries."""
    told = []
    for lot, hand in shipments:
        through = [country for country in hand.countries if country in members]
        if through:
            because = (
                f"a shipment of lot {lot.lot_id} on {hand.on} passes {listed(through)}, "
                "a conflict-affected or high-risk area"
            )
            told.append(_looked_into(dossier, hand.giver, because, hand.entry))
    return told


def _untold_ways(shipments: Iterable[tuple[PathLot, Hand]]) -> list[str]:
    """Say how many shipments state no country on their way, where there are any."""
    silent = {hand.entry for _, hand in shipments if not hand.countries}
    count = len(silent)
    if not count:
        return []
    way = "no country on the way: transit is not known"
    if count == 1:
        return [f"1 shipment on the path states {way}"]
    return [f"{count} shipments on the path state {way}"]


def _suppliers(dossier: Dossier, law: LawOnDate) -> list[Standing]:
    """Raise a flag for each form that says that its author sources from such an area."""
    told = []
    for form in latest(dossier.forms, ("cmrt", "emrt"), dossier.as_of):
        numbers = told_or_open(law, f"rmi.{form.form}_questions")
        if isinstance(numbers, Standing):
            told.append(numbers)
            continue
        number = questions(numbers.value).get("sources_cahra", "")
        answer = form.said(number, dossier.mineral)
        if answer is not None and answer.answer == "yes":
            because = f"declaration {form.id} says that smelters buy in high-risk areas"
            told.append(_looked_into(dossier, form.author, because, form.entry))
    return told


def _circumstances(dossier: Dossier, law: LawOnDate) -> list[Standing]:
    """Raise a flag for each statement on the path that is beyond what is plausible."""
    told = []
    for check in ANOMALIES:
        try:
            found = check(dossier, law)
        except Unavailable as signal:
            told.append(cannot_tell(signal.because, missing=value_of(signal.key)))
            continue
        told += [
            _looked_into(dossier, one.author, one.because, one.entry)
            for one in found.statements
            if one.outcome is Outcome.NONCONFORMING
        ]
    return told


def _looked_into(dossier: Dossier, subject: str, because: str, *evidence: str) -> Standing:
    """Return a red flag: on hold until somebody on the path declared a closer look."""
    for form in latest(dossier.forms, (CLOSER_LOOK,), dossier.as_of):
        if subject in form.facilities or subject == form.author:
            seen = f"{because}; looked into by declaration {form.id} of {form.dated}"
            return holds(seen, form.entry, *evidence, notices=(f"red flag: {seen}",))
    missing = f"enhanced due diligence on {who(subject)}, as declared by who carried it out"
    return cannot_tell(f"red flag: {because}; hold", *evidence, missing=missing)


# ── OECD-02 ───────────────────────────────────────────────────────────────────────────────


@rule(
    id="OECD-02",
    title="Nobody on the path is credibly found to commit the gravest abuses",
    source=f"{GUIDANCE}, Annex II: suspend or disengage at once",
    governed_by="as_of",
    reads=("oecd.mitigable_risks", "oecd.register_max_age", "oecd.serious_abuses"),
    aliases=("ANNEX_II",),
)
def nobody_commits_the_gravest_abuses(dossier: Dossier, law: LawOnDate) -> Finding:
    """No open credible finding of one of them about a site or company on the path.

    An allegation that is being looked into leaves it open; a closed case does not count.
    """
    abuses = law["oecd.serious_abuses"]
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    found = _risks(dossier, law)
    if isinstance(found, Standing):
        return least_favorable([found], abuses)
    register, risks = found
    lesser = law["oecd.mitigable_risks"].value
    told = [
        _abuse(register, one, abuses.value)
        for one in risks
        if one.kind not in lesser and one.state != "closed"
    ]
    return least_favorable(told or [_nobody(dossier, register, "open grave abuse")], abuses)


def _abuse(register: Snapshot, risk: _Risk, abuses: tuple[str, ...]) -> Standing:
    name = name_of(OECD, register)
    if risk.kind not in abuses:
        because = f"{who(risk.row.subject_id)}: the {name} has a row of a kind no rule can read"
        missing = f"kind of risk of {who(risk.row.subject_id)} on the {name}"
        return cannot_tell(because, risk.evidence, missing=missing)
    if risk.state in {"credible", *PLANNED}:
        return fails(f"{risk.about}, a credible finding on the {name}", risk.evidence)
    if risk.state == "allegation":
        because = f"{risk.about}, an allegation under review on the {name}"
        return cannot_tell(because, risk.evidence, missing=f"outcome of the review of {risk.about}")
    because = f"{risk.about}, in a state on the {name} that no rule can read"
    return cannot_tell(because, risk.evidence, missing=f"state of {risk.about}")


# ── OECD-03 ───────────────────────────────────────────────────────────────────────────────


@rule(
    id="OECD-03",
    title="Other serious risks are measurably reduced within six months of the plan",
    source=f"{GUIDANCE}, Annex II: suspend after failed attempts at mitigation",
    governed_by="as_of",
    reads=("oecd.mitigable_risks", "oecd.mitigation_months", "oecd.register_max_age"),
)
def mitigation_makes_progress_in_time(dossier: Dossier, law: LawOnDate) -> Finding:
    """The months run from the day the plan was adopted, that day included.

    Measurable progress must be on record by their last day. Inside the months without progress
    it cannot be told yet.
    """
    kinds = law["oecd.mitigable_risks"]
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    found = _risks(dossier, law)
    if isinstance(found, Standing):
        return least_favorable([found], kinds)
    register, risks = found
    own = [one for one in risks if one.kind in kinds.value]
    live = [one for one in own if one.state not in ("allegation", "closed")]
    if not live:
        nobody = _nobody(dossier, register, "risk to be mitigated")
        if nobody.missing:
            return least_favorable([nobody], kinds)
        return not_applicable(nobody.because, kinds, evidence=(register.entry,))
    return least_favorable([_progress(dossier, law, one) for one in live], kinds)


def _progress(dossier: Dossier, law: LawOnDate, risk: _Risk) -> Standing:
    begun, day = risk.row.listed_from, dossier.as_of
    if risk.state not in PLANNED or begun is None:
        because = f"{risk.about}: no plan to mitigate it is on record, or not since when"
        missing = f"plan to mitigate {risk.about}, with the day of its adoption"
        return cannot_tell(because, risk.evidence, missing=missing)
    months = told_or_open(law, "oecd.mitigation_months")
    if isinstance(months, Standing):
        return months
    until = last_day(begun, months.value)
    plan = f"{risk.about}: plan of {begun}"
    seen = risk.row.assessed_on
    if risk.state == "measurable_progress" and seen is None:
        because = f"{plan}; on which day its progress was measured is not known"
        missing = f"day on which progress on {risk.about} was measured"
        return cannot_tell(because, risk.evidence, missing=missing)
    if risk.state == "measurable_progress" and seen is not None and seen <= until:
        return holds(f"{plan}; measurable progress on {seen}", risk.evidence)
    if day <= until:
        because = f"{plan}; no measurable progress is on record yet, due by {until}"
        return cannot_tell(because, risk.evidence, missing=f"progress on {risk.about} by {until}")
    return fails(f"{plan}; no measurable progress by {until}", risk.evidence)
