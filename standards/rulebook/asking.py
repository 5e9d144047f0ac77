"""Asking every site that a required scheme must cover one question about its credential.

The club says which schemes it requires and for how much of the metal; each scheme's pack says
at which stages and for which day.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from standards.rulebook.appraisal import (
    Appraisal,
    appraisals,
    appraised_sites,
    performance_standards,
)
from standards.rulebook.composition import unmeasurable, untraced_mg
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier, MassRange
from standards.rulebook.findings import Finding, indeterminate, not_applicable
from standards.rulebook.law import LawOnDate, Provision, Unavailable, value_of
from standards.rulebook.path import Survey, Visit, surveyed
from standards.rulebook.registers import copies_of
from standards.rulebook.schemes import SCHEMES, Scheme
from standards.rulebook.sites import CheckedSite, finding_about_sites, threshold
from standards.rulebook.standing import Standing, cannot_tell, listed


def keys_of_schemes(*names: str) -> tuple[str, ...]:
    """Return the keys that a rule about all schemes may read: those of each, and the club's."""
    usual = ("assessed_stages", "performance_standards", "time_rule", *names)
    told = [scheme.key(name) for scheme in SCHEMES.values() for name in usual]
    told += [scheme.metals_key for scheme in SCHEMES.values() if scheme.metals_key]
    return ("credentials.minimum_share", "credentials.required_schemes", *sorted(told))


@dataclass(slots=True, kw_only=True)
class Asked:
    """One required scheme on the path of one lot, and the parameters read for it.

    Args:
        standards: under which it publishes levels or marks of sites.
        unset: parameters that were asked for and that nobody has set, for the citation.
    """

    dossier: Dossier
    law: LawOnDate
    scheme: Scheme
    standards: frozenset[str]
    survey: Survey
    unset: dict[str, Provision] = field(default_factory=dict)

    def appraisals(self) -> Sequence[Appraisal]:
        """Return what speaks for the site of each visit, in order."""
        return appraisals(self.dossier, self.scheme, self.survey, self.standards)

    def sites(self) -> Sequence[Appraisal]:
        """Return the same with the visits together for which the same credential speaks."""
        return appraised_sites(self.dossier, self.scheme, self.survey, self.standards)

    def parameter(self, key: str) -> Provision | Standing:
        """Return a parameter, or what is to be said of a site where nobody has set it."""
        found = threshold(self.law, key)
        if not isinstance(found, Unavailable):
            return found
        if found.provision is not None:
            self.unset[key] = found.provision
        return cannot_tell(found.because, missing=value_of(key))

    def words_of_register(self, facility: str) -> Mapping[str, str]:
        """Return the register's words for states, where one of them stands beside a site."""
        has_state = any(
            row.status is not None
            for _, rows in copies_of(self.dossier, self.scheme)
            for row in rows.get(facility, ())
        )
        told = self.parameter(self.scheme.key("register_words")) if has_state else None
        if told is None or isinstance(told, Standing):
            return {}
        return {word.casefold(): state for word, state in told.value.items()}


Question = Callable[[Asked, Appraisal, Credential], Standing]
"""What a rule asks of the credential that governs a visit."""
Ask = Callable[[Asked], Iterable[tuple[Visit, int, Standing]]]
"""How each visit of a survey, or several that are alike, stands, and with how much metal."""


def answered(
    dossier: Dossier, law: LawOnDate, words: str, question: Question, *, on_any_day: bool = False
) -> Finding:
    """Ask one question about the governing credential of every site that must have one.

    A site without any is told as what that means: known not to have one, or not known.

    Args:
        on_any_day: the answer is the same on every day the credential governs.
    """
    return asked_about(dossier, law, words, _of_credentials(question, on_any_day=on_any_day))


def _of_credentials(question: Question, *, on_any_day: bool) -> Ask:
    """Return what to ask of a survey: the question, put to whatever governs at each visit."""

    def ask(asked: Asked) -> Iterator[tuple[Visit, int, Standing]]:
        told_of = asked.sites() if on_any_day else asked.appraisals()
        for told in told_of:
            if told.credential is None:
                yield told.visit, told.mg, told.absent
            else:
                standing = told.disputed or question(asked, told, told.credential)
                yield told.visit, told.mg, standing

    return ask


def of_visits(ask: Callable[[Asked, Appraisal], Standing]) -> Ask:
    """Return what to ask of a survey: something of each visit, whatever credentials there are."""

    def every(asked: Asked) -> Iterator[tuple[Visit, int, Standing]]:
        for told in asked.appraisals():
            yield told.visit, told.mg, told.visit.decided or ask(asked, told)

    return every


def asked_about(dossier: Dossier, law: LawOnDate, words: str, ask: Ask) -> Finding:
    """Return the share of metal from sites of which something holds, for all required schemes."""
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    required = law["credentials.required_schemes"]
    unknown = [name for name in required.value if name not in SCHEMES]
    if unknown:
        because = f"no rule knows the scheme {listed(unknown)}"
        return indeterminate(because, required, missing=(f"rules of {listed(unknown)}",))
    every = list(_required(dossier, law, required))
    if not any(asked.survey.visits or asked.survey.untold_mg for asked in every):
        because = f"no site on the path needs a credential of {listed(required.value)}"
        return not_applicable(because, required)
    return told_of_sites(every, words, ask, minimum="credentials.minimum_share")


def asked_of(dossier: Dossier, law: LawOnDate, scheme: Scheme) -> Asked | Finding:
    """Return one scheme on the path of a lot, or the finding of a lot that it does not concern."""
    if (answer := unmeasurable(dossier)) is not None:
        return answer
    survey = surveyed(dossier, law, scheme)
    if not survey.visits and survey.untold_mg == 0:
        stages = law[scheme.key("assessed_stages")]
        return not_applicable(f"no {' or '.join(stages.value)} took place on the path", stages)
    standards = performance_standards(law, scheme)
    return Asked(dossier=dossier, law=law, scheme=scheme, standards=standards, survey=survey)


def answered_for(
    asked: Asked, words: str, question: Question, *, minimum: str, on_any_day: bool = False
) -> Finding:
    """Ask one question about the governing credential of every site of one scheme's survey.

    Args:
        minimum: key of the least share of metal from sites of which it holds.
        on_any_day: as in `answered`.
    """
    ask = _of_credentials(question, on_any_day=on_any_day)
    return told_of_sites([asked], words, ask, minimum=minimum)


def told_of_sites(every: Sequence[Asked], words: str, ask: Ask, *, minimum: str) -> Finding:
    """Return the share of the metal from sites of which something holds, a line for each."""
    dossier, law = every[0].dossier, every[0].law
    finding = finding_about_sites(
        [one for asked in every for one in _checked(asked, ask)],
        total_mg=_together(dossier, [asked.survey.total_mg for asked in every]),
        untold_mg=max(asked.survey.untold_mg for asked in every),
        minimum=threshold(law, minimum),
        mineral=dossier.mineral,
        words=words,
        missing=[name for asked in every for name in asked.survey.missing],
        notices=[one for asked in every for one in asked.survey.notices],
    )
    unset = [one for asked in every for one in asked.unset.values() if one not in finding.cites]
    return replace(finding, cites=(*finding.cites, *unset))


def checked_sites(asked: Asked, question: Question) -> list[CheckedSite]:
    """Return how each site of a survey stood, by what its governing credential says."""
    return _checked(asked, _of_credentials(question, on_any_day=False))


def _checked(asked: Asked, ask: Ask) -> list[CheckedSite]:
    """Return how sites stood; visits of one site that stand for the same reason are added up."""
    stood: dict[tuple[str | None, str, int], tuple[Visit, Standing]] = {}
    mass: dict[tuple[str | None, str, int], int] = {}
    for visit, mg, standing in ask(asked):
        alike = (visit.facility_id, visit.stage, id(standing))
        stood.setdefault(alike, (visit, standing))
        mass[alike] = mass.get(alike, 0) + mg
    return [
        CheckedSite(
            facility_id=visit.facility_id,
            stage=f"{asked.scheme.id} {visit.stage}",
            mg=mass[alike],
            standing=standing,
        )
        for alike, (visit, standing) in stood.items()
    ]


def _required(dossier: Dossier, law: LawOnDate, required: Provision) -> Iterator[Asked]:
    """Yield the required schemes that know this mineral."""
    for name in required.value:
        scheme = SCHEMES[name]
        if scheme.metals_key and dossier.mineral not in law[scheme.metals_key].value:
            continue
        yield Asked(
            dossier=dossier,
            law=law,
            scheme=scheme,
            standards=performance_standards(law, scheme),
            survey=surveyed(dossier, law, scheme),
        )


def _together(dossier: Dossier, told: Iterable[MassRange]) -> MassRange:
    """Return the metal that several schemes look at: at least the most of one, at most all."""
    ranges = list(told)
    low_mg = max(one.low_mg for one in ranges)
    whole_mg = sum(one.mg for one in dossier.sources) + untraced_mg(dossier)
    high_mg = min(sum(one.high_mg for one in ranges), max(whole_mg, low_mg))
    return MassRange(low_mg=low_mg, high_mg=high_mg)
