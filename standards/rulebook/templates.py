"""The RMI reporting templates (CMRT, EMRT, AMRT) as suppliers on the path filled them in."""

from collections.abc import Callable

from msgspec import Struct

from standards.rulebook.claims import least_favorable
from standards.rulebook.composition import unmeasurable
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, indeterminate, not_applicable
from standards.rulebook.forms import Form, NamedSite, latest, questions
from standards.rulebook.law import LawOnDate
from standards.rulebook.registers import word
from standards.rulebook.standing import Standing

GATES = ("intentionally_added", "remains_in_product")
"""Questions that decide, in this order, whether the others must be answered."""


class Filled(Struct, frozen=True, kw_only=True):
    """A form in the right template, the mineral asked about, and its questions by what they ask.

    `numbers` are those of its questions in order, with what each asks.
    """

    form: Form
    mineral: str
    numbers: dict[str, str]

    @property
    def name(self) -> str:
        """Name the form: template and declaration."""
        return f"{self.form.form.upper()} of declaration {self.form.id}"

    def number(self, asks: str) -> str | None:
        """Return the number of the question that asks something; None: the template does not."""
        return questions(self.numbers).get(asks)

    def answer(self, asks: str) -> str | None:
        """Return the answer to what is asked of the mineral; None where it is blank."""
        number = self.number(asks)
        told = None if number is None else self.form.said(number, self.mineral)
        return None if told is None else told.answer or word((told.text or "").replace("%", ""))

    def shut(self) -> str | None:
        """Return the first gate that is not answered with yes."""
        asked = [one for one in GATES if self.number(one) is not None]
        return next((one for one in asked if self.answer(one) != "yes"), None)

    def sites(self, role: str) -> list[NamedSite]:
        """Return its lines of smelters, or of mines, for the mineral."""
        return [one for one in self.form.sources if (one.role, one.mineral) == (role, self.mineral)]


def forms_for(dossier: Dossier, law: LawOnDate) -> tuple[str, list[Form], list[Form]] | Finding:
    """Return the template for the mineral, the forms in it, and those that name it in another."""
    templates = law["rmi.templates"]
    template = templates.value.get(dossier.mineral)
    if template is None:
        because = f"no template of the RMI asks about {dossier.mineral}"
        return not_applicable(because, templates)
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    names = sorted(set(templates.value.values()))
    on_file = latest(dossier.forms, names, dossier.as_of)
    right = [one for one in on_file if one.form == template]
    kept = {one.author for one in right}
    wrong = [
        one
        for one in on_file
        if one.form != template and one.author not in kept and one.names(dossier.mineral)
    ]
    if right or wrong:
        return template, right, wrong
    name = f"{template.upper()} of a supplier for {dossier.mineral}"
    because = f"no supplier on the path has filled in the {template.upper()}"
    return indeterminate(because, templates, missing=(name,))


def of_forms(dossier: Dossier, law: LawOnDate, judge: Callable[[Filled], Standing]) -> Finding:
    """Ask about every form in the right template that says the mineral is in what is sold."""
    found = forms_for(dossier, law)
    if isinstance(found, Finding):
        return found
    template, right, _ = found
    if not right:
        name = f"{template.upper()} of a supplier for {dossier.mineral}"
        because = f"the only forms about {dossier.mineral} are not in the {template.upper()}"
        return indeterminate(because, missing=(name,))
    numbers = dict(law[f"rmi.{template}_questions"].value)
    every = [Filled(form=one, mineral=dossier.mineral, numbers=numbers) for one in right]
    return least_favorable([judge(one) for one in every])
