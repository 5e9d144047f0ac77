"""The RMI reporting templates: whether what a supplier declared is complete and hangs together.

A template says what its author knows of smelters and mines behind all it sells. It proves
nothing about a lot; but one that contradicts itself, the list of facilities or the record is no
basis for anything.
"""

from typing import Any

from standards.rulebook.claims import least_favorable
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding
from standards.rulebook.forms import Form, NamedSite
from standards.rulebook.handing import holders_of
from standards.rulebook.law import LawOnDate, value_of
from standards.rulebook.registers import last_copy, name_of, numbered, word
from standards.rulebook.rule import rule
from standards.rulebook.rules.geography import members_on
from standards.rulebook.schemes import RMI
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import Standing, cannot_tell, fails, holds, listed, worst
from standards.rulebook.templates import Filled, forms_for, of_forms
from standards.rulebook.versions import status_of_standard

FORM = ("rmi.amrt_questions", "rmi.cmrt_questions", "rmi.emrt_questions", "rmi.templates")
SOURCE = "RMI reporting templates CMRT 6.5, EMRT 2.1, AMRT 1.3"


# ── RMI-04 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-04",
    title="Suppliers declare in the template that is for this mineral, in a version known here",
    source=SOURCE,
    governed_by="as_of",
    reads=("rmi.template_versions", "rmi.templates"),
)
def the_template_is_for_this_mineral(dossier: Dossier, law: LawOnDate) -> Finding:
    """A version that is not known here may be newer: it is never refused for its date alone."""
    found = forms_for(dossier, law)
    if isinstance(found, Finding):
        return found
    template, right, wrong = found
    told = [
        fails(
            f"declaration {one.id}: the {one.form.upper()} is not for {dossier.mineral}; the"
            f" {template.upper()} is",
            one.entry,
        )
        for one in wrong
    ]
    versions = law["rmi.template_versions"] if right else None
    told += [_version(one, versions.value) for one in right if versions is not None]
    return least_favorable(told)


def _version(form: Form, versions: Any) -> Standing:
    name = f"{form.form.upper()} {form.version or 'of no stated version'}"
    status = status_of_standard(versions, form.form, form.version or "", form.dated)
    if status is None:
        because = f"declaration {form.id}: {name} is not a version known here; it may be newer"
        return cannot_tell(because, form.entry, missing=f"what is asked in {name}")
    if status == "draft":
        return fails(f"declaration {form.id}: {name} was a draft on {form.dated}", form.entry)
    because = f"declaration {form.id}: {name}, {status} on {form.dated}"
    notices = (f"{because}: a newer one was to be had",) if status == "superseded" else ()
    return holds(because, form.entry, notices=notices)


# ── RMI-05 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-05",
    title="Every question that must be answered in the template is answered",
    source=f"{SOURCE}: further questions are mandatory where the first are answered with yes",
    governed_by="as_of",
    reads=(*FORM, "rmi.optional_questions"),
)
def mandatory_questions_are_answered(dossier: Dossier, law: LawOnDate) -> Finding:
    """The first questions are the gate: answered with no, the form asks nothing more."""
    return of_forms(dossier, law, lambda filled: _complete(filled, law))


def _complete(filled: Filled, law: LawOnDate) -> Standing:
    form, shut = filled.form, filled.shut()
    if shut is not None and filled.answer(shut) is not None:
        number = (filled.number(shut) or "").upper()
        because = f"{filled.name}: {number} is not answered with yes, so nothing more is asked"
        return holds(because, form.entry)
    if shut is not None:
        number = (filled.number(shut) or "").upper()
        return fails(f"{filled.name}: {number} is blank for {filled.mineral}", form.entry)
    blank = [*_unanswered(filled, law["rmi.optional_questions"].value), *_unfilled(filled)]
    if blank:
        return fails(f"{filled.name}: blank for {filled.mineral}: {', '.join(blank)}", form.entry)
    return holds(f"{filled.name}: complete for {filled.mineral}", form.entry)


def _unanswered(filled: Filled, optional: tuple[str, ...]) -> list[str]:
    """Return the questions left blank: those of the mineral, then those of the company."""
    blank = []
    for number, asks in filled.numbers.items():
        of_mineral = number.startswith("q")
        told = filled.form.said(number, filled.mineral if of_mineral else None)
        if told is None and f"{filled.form.form} {number}" not in optional:
            blank.append(number.upper())
        if told is not None and asks == "policy_public" and told.answer == "yes" and not told.text:
            blank.append(f"address under {number.upper()}")
    return blank


def _unfilled(filled: Filled) -> list[str]:
    """Return what else must be filled in and is not."""
    form, blank = filled.form, []
    if form.authorized_on is None:
        blank.append("day of authorization")
    scope = form.said("scope")
    if scope is not None and word(scope.text) == "user_defined":
        told = form.said("scope_description")
        if told is None or not told.text:
            blank.append("description of the scope")
    smelters = filled.sites("smelter")
    if not smelters:
        blank.append("list of smelters")
    for number, one in enumerate(smelters, start=1):
        if one.lookup == "not_listed" and (one.name is None or one.country is None):
            blank.append(f"name and country of smelter {number}")
    return blank


# ── RMI-06 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-06",
    title="What is answered about countries agrees with the smelters and mines named",
    source=f"{SOURCE}: yes if any smelter sources there, conformant or not",
    governed_by="as_of",
    reads=(*FORM, "oecd.cahra_countries", "rmi.covered_countries"),
)
def countries_agree_with_sources(dossier: Dossier, law: LawOnDate) -> Finding:
    """A *no* beside a mine in such a country contradicts it, and so does a record of one."""
    return of_forms(dossier, law, lambda filled: _consistent(dossier, law, filled))


_GROUPS = {
    "sources_covered_countries": "rmi.covered_countries",
    "sources_cahra": "oecd.cahra_countries",
}


def _consistent(dossier: Dossier, law: LawOnDate, filled: Filled) -> Standing:
    form, shut = filled.form, filled.shut()
    own = _is_about(dossier, form)
    if shut is not None and filled.answer(shut) is not None:
        if not own:
            return holds(f"{filled.name}: {filled.mineral} is said not to be sold", form.entry)
        because = f"{filled.name}: says no {filled.mineral} is in what it sells; this lot has some"
        return fails(because, form.entry)
    asked = [one for one in _GROUPS if filled.number(one) is not None]
    if not asked:
        because = f"{filled.name}: the template asks nothing about countries"
        return holds(because, form.entry)
    recorded = {one.country for one in dossier.sources if one.country and one.mg > 0}
    return worst(_agrees(law, filled, one, recorded if own else set()) for one in asked)


def _is_about(dossier: Dossier, form: Form) -> bool:
    """Tell whether a form is about this very lot: it names it, or its author held it."""
    if dossier.lot_id in form.lots:
        return True
    return form.author in holders_of(one for one in dossier.lots if one.lot_id == dossier.lot_id)


def _agrees(law: LawOnDate, filled: Filled, asks: str, recorded: set[str]) -> Standing:
    form, number = filled.form, (filled.number(asks) or "").upper()
    answer = filled.answer(asks)
    if answer is None:
        because = f"{filled.name}: {number} is blank for {filled.mineral}"
        missing = f"answer to {number} in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    if answer == "yes":
        return holds(f"{filled.name}: {number} is answered with yes", form.entry)
    group = told_or_open(law, _GROUPS[asks])
    if isinstance(group, Standing):
        return group
    members = members_on(group, form.dated)
    hit = sorted(members & (_mine_countries(filled) | recorded))
    if hit:
        because = f"{filled.name}: {number} is answered with {answer}, yet metal from"
        return fails(f"{because} {', '.join(hit)} is named there or on record", form.entry)
    if answer != "no":
        because = f"{filled.name}: {number} is answered with {answer} for {filled.mineral}"
        missing = f"answer of yes or no to {number} in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    if _is_blank(filled, members):
        because = f"{filled.name}: {number} is answered with no, and not every mine's country told"
        missing = f"countries of the mines behind every smelter in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    return holds(f"{filled.name}: {number} is answered with no, as the mines named", form.entry)


def _mine_countries(filled: Filled) -> set[str]:
    """Return the countries of all mines named behind a mineral."""
    told = {one.country for one in filled.sites("mine") if one.country}
    return told.union(*(one.mine_countries or () for one in filled.sites("smelter")))


def _is_blank(filled: Filled, members: frozenset[str]) -> bool:
    """Tell whether the form leaves open where a smelter buys.

    One that stands in such a country itself must say so; one that recycles only has no mine.
    """
    mines, smelters = filled.sites("mine"), filled.sites("smelter")
    silent = [one for one in smelters if not one.mine_countries and not one.recycled_only]
    if any(one.country in members for one in silent):
        return True
    return not smelters or any(one.country is None for one in mines) or bool(silent and not mines)


# ── RMI-07 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-07",
    title="Every smelter named in the template is one of the RMI facility list",
    source=f"{SOURCE}: smelter identification by the RMI's CID number",
    governed_by="as_of",
    reads=(*FORM, "rmi.register_max_age"),
)
def smelters_named_are_on_the_list(dossier: Dossier, law: LawOnDate) -> Finding:
    """Its number is on the list, for that metal and in that country."""
    return of_forms(dossier, law, lambda filled: _resolved(dossier, law, filled))


_UNKNOWN = {"not_listed": "not listed", "not_yet_identified": "not yet identified"}
"""What may be chosen in place of a smelter, in words."""


def _resolved(dossier: Dossier, law: LawOnDate, filled: Filled) -> Standing:
    form, smelters = filled.form, filled.sites("smelter")
    if filled.shut() is not None and not smelters:
        return holds(f"{filled.name}: names no smelter of {filled.mineral}", form.entry)
    if not smelters:
        because = f"{filled.name}: names no smelter of {filled.mineral}"
        missing = f"list of smelters in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    told = [
        _smelter(dossier, law, filled, number, one) for number, one in enumerate(smelters, start=1)
    ]
    return worst(told)


def _smelter(
    dossier: Dossier, law: LawOnDate, filled: Filled, number: int, one: NamedSite
) -> Standing:
    form, which = filled.form, f"{filled.name}: smelter {number} of {filled.mineral}"
    open_one = _UNKNOWN.get(one.lookup or "")
    if open_one is not None or one.number is None:
        because = f"{which} is {open_one or 'given without its number'}"
        missing = f"identity of smelter {number} in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    register = last_copy(dossier, law, RMI, None, about=which)
    if isinstance(register, Standing):
        return register
    rows, name = numbered(register, one.number), name_of(RMI, register)
    evidence = (form.entry, register.entry)
    if not rows and not register.complete:
        because = f"{which}: the {name} is on file only in part, without its number"
        missing = f"complete {RMI.document}"
        return cannot_tell(because, *evidence, missing=missing)
    if not rows:
        return fails(f"{which}: its number is not on the {name}", *evidence)
    if not any(row.materials is None or filled.mineral in row.materials for row in rows):
        others = listed(sorted({metal for row in rows for metal in row.materials or ()}))
        return fails(f"{which}: the {name} has its number for {others}", *evidence)
    if one.country and not any(row.country in (None, one.country) for row in rows):
        return fails(f"{which}: the {name} has its number in another country", *evidence)
    return holds(f"{which} is on the {name}", *evidence)


# ── RMI-08 ────────────────────────────────────────────────────────────────────────────────


@rule(
    id="RMI-08",
    title="Suppliers know enough of their own supply chain, as the policy asks",
    source=f"{SOURCE}; how complete is enough is the club's",
    governed_by="as_of",
    reads=(*FORM, "rmi.minimum_response", "rmi.response_bands"),
)
def declarations_are_complete_enough(dossier: Dossier, law: LawOnDate) -> Finding:
    """Enough of their suppliers answered, and all smelters are identified and reported."""
    return of_forms(dossier, law, lambda filled: _enough(filled, law))


_ALL = ("all_smelters_identified", "all_smelters_reported")


def _enough(filled: Filled, law: LawOnDate) -> Standing:
    form = filled.form
    if filled.shut() is not None:
        because = f"{filled.name}: {filled.mineral} is not said to be in what is sold"
        return holds(because, form.entry)
    asked = {one: filled.answer(one) for one in _ALL if filled.number(one) is not None}
    short = [one for one, answer in asked.items() if answer == "no"]
    if short:
        words = listed(one.replace("all_smelters", "not all smelters are") for one in short)
        return fails(f"{filled.name}: {words}", form.entry)
    silent = [filled.number(one) or "" for one, answer in asked.items() if answer != "yes"]
    if silent:
        because = f"{filled.name}: {listed(silent).upper()} is not answered with yes or no"
        missing = f"answer to {listed(silent).upper()} in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    return _responses(filled, law)


def _responses(filled: Filled, law: LawOnDate) -> Standing:
    form, bands = filled.form, law["rmi.response_bands"].value
    number = (filled.number("supplier_responses") or "").upper()
    told = filled.answer("supplier_responses")
    if told is None or told not in bands:
        because = f"{filled.name}: how many of its suppliers answered is not told"
        missing = f"answer to {number} in declaration {form.id}"
        return cannot_tell(because, form.entry, missing=missing)
    least = told_or_open(law, "rmi.minimum_response")
    if isinstance(least, Standing):
        return least
    if least.value not in bands:
        because = f"rmi.minimum_response is {least.value}; rules know {listed(bands)}"
        return cannot_tell(because, missing=value_of("rmi.minimum_response"))
    words, needed = told.replace("_", " "), least.value.replace("_", " ")
    because = f"{filled.name}: to {number}, how many % of suppliers answered, it says {words}"
    if bands.index(told) < bands.index(least.value):
        return fails(f"{because}; {needed} is needed", form.entry)
    return holds(because, form.entry)
