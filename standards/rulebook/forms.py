"""Forms that companies fill in about their supply chain, as rules see them: CMRT, EMRT and others.

A form proves that its author said so, and nothing else. What was not answered is None.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question of a form.

    Args:
        question: its number in the form, in small letters (`q1`, `a`).
        answer: `yes`, `no`, `unknown` or `not_applicable`; None where only a text is given.
        mineral: of which it is asked; None where it is asked of the company.
        about: of which part it is asked otherwise.
    """

    question: str
    answer: str | None = None
    text: str | None = None
    mineral: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSite:
    """One line of a form's list of smelters or of mines.

    Args:
        role: `smelter` or `mine`.
        lookup: `listed`, `not_listed` or `not_yet_identified`; None where nothing was chosen.
        number: its identifier in the register of smelters.
        mine_countries: of the mines that the smelter buys from; None where left blank.
        recycled_only: whether it takes recycled metal and scrap only.
    """

    role: str
    mineral: str
    lookup: str | None = None
    name: str | None = None
    country: str | None = None
    number: str | None = None
    mine_countries: tuple[str, ...] | None = None
    recycled_only: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it was filled in by a company on the path.

    Args:
        form: its name (`cmrt`); `version` as printed on it.
        lots: those it is about; `()`: all that the company hands on.
        facilities: sites it is about.
        authorized_on: the day on which somebody answered for it.
        valid_from, valid_until: both days included; None where not stated.
    """

    id: str
    author: str
    form: str
    version: str | None = None
    lots: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    sources: tuple[NamedSite, ...] = ()
    authorized_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    made_on: date
    entry: str

    @property
    def dated(self) -> date:
        """Return the day it speaks of: authorized, or else made."""
        return self.authorized_on or self.made_on

    def said(self, question: str, mineral: str | None = None) -> Answer | None:
        """Return the answer to a question, about a mineral or about the company."""
        asked = (question, mineral)
        return next((one for one in self.answers if (one.question, one.mineral) == asked), None)

    def names(self, mineral: str) -> bool:
        """Tell whether it answers anything, or lists anybody, for a mineral."""
        rows: Iterable[Answer | NamedSite] = (*self.answers, *self.sources)
        return any(one.mineral == mineral for one in rows)

    def holds_on(self, day: date) -> bool:
        """Tell whether it was made by a day and, where it says until when, not over."""
        begun = self.made_on <= day and (self.valid_from is None or self.valid_from <= day)
        return begun and (self.valid_until is None or day <= self.valid_until)


def latest(forms: Iterable[Form], names: Sequence[str], day: date) -> list[Form]:
    """Return, by author and name, the last of the forms of some names that hold on a day."""
    last: dict[tuple[str, str], Form] = {}
    for one in forms:
        if one.form not in names or not one.holds_on(day):
            continue
        known = last.get((one.author, one.form))
        if known is None or (known.dated, known.made_on, known.id) <= (
            one.dated,
            one.made_on,
            one.id,
        ):
            last[one.author, one.form] = one
    return [last[key] for key in sorted(last)]


def forms_about(
    lots: Collection[str], holders: Collection[str], forms: Iterable[Form]
) -> tuple[Form, ...]:
    """Return the forms that holders of lots filled in about these, or about all they hand on."""
    return tuple(
        one
        for one in forms
        if one.author in holders and (not one.lots or any(lot in lots for lot in one.lots))
    )


def questions(numbers: Mapping[str, str]) -> dict[str, str]:
    """Return the number of each question by what it asks; the inverse of a template's table."""
    return {asks: number for number, asks in numbers.items()}
