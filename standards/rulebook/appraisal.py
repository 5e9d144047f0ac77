"""Which credential of a site speaks for it on a day, and what it says.

A site may have had several audits or awards. One of them governs a day; all rules about
credentials ask about that one, so that no rule passes on a document another would not take.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct, structs

from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.law import LawOnDate
from standards.rulebook.path import Survey, Visit
from standards.rulebook.remembering import remembered
from standards.rulebook.schemes import Scheme
from standards.rulebook.standing import RANK, Standing, disputed, holds, standing, unlisted

SELF_ASSESSMENT = "self_assessment"


def keeps_the_level(credential: Credential) -> bool:
    """Tell whether an assessment leaves the published level as it is.

    A surveillance that publishes none does, and whatever a site says of itself.
    """
    kind = credential.assessment_type
    return kind == SELF_ASSESSMENT or (kind == "surveillance" and not credential.level)


class Appraisal(Struct, frozen=True, kw_only=True):
    """The credential that governs a visit; `absent` is what is to be said where there is none.

    `mg` is the metal it speaks for; `disputed` is set where nothing in the credential can be
    relied on.
    """

    visit: Visit
    mg: int
    day: date
    credential: Credential | None
    absent: Standing
    disputed: Standing | None = None


def performance_standards(law: LawOnDate, scheme: Scheme) -> frozenset[str]:
    """Return the standards under which a scheme publishes levels or marks of sites.

    Raises:
        Unavailable: nobody has said which.
    """
    return frozenset(law[scheme.key("performance_standards")].value)


def appraisals(
    dossier: Dossier, scheme: Scheme, survey: Survey, standards: frozenset[str]
) -> Sequence[Appraisal]:
    """Return what speaks for the site of each visit of a survey, in order.

    Args:
        standards: those that count; a credential whose standard nobody coded counts too, and
            CRED-07 says so.
    """
    question = ("appraisals", scheme.id, survey.question, standards)
    return remembered(
        dossier,
        question,
        lambda one: [_appraised(one, scheme, visit, standards) for visit in survey.visits],
    )


def appraised_sites(
    dossier: Dossier, scheme: Scheme, survey: Survey, standards: frozenset[str]
) -> Sequence[Appraisal]:
    """Return the same, with all visits together for which one credential speaks at one stage.

    For questions whose answer does not depend on the day; visit and day are those of the first.
    """
    question = ("appraised sites", scheme.id, survey.question, standards)
    return remembered(
        dossier, question, lambda one: _together(appraisals(one, scheme, survey, standards))
    )


def _together(told: Sequence[Appraisal]) -> list[Appraisal]:
    first: dict[object, Appraisal] = {}
    mass: dict[object, int] = {}
    for place, one in enumerate(told):
        alike = place if one.credential is None else (one.credential.id, one.visit.stage)
        first.setdefault(alike, one)
        mass[alike] = mass.get(alike, 0) + one.mg
    return [structs.replace(one, mg=mass[alike]) for alike, one in first.items()]


def _appraised(
    dossier: Dossier, scheme: Scheme, visit: Visit, standards: frozenset[str]
) -> Appraisal:
    day = visit.judged_on
    if visit.decided is not None:
        return Appraisal(visit=visit, mg=visit.mg, day=day, credential=None, absent=visit.decided)
    credential = _governing(dossier, scheme, visit, day, standards)
    if credential is None:
        absent = absence(dossier, scheme, visit, day)
        return Appraisal(visit=visit, mg=visit.mg, day=day, credential=None, absent=absent)
    return Appraisal(
        visit=visit,
        mg=visit.mg,
        day=day,
        credential=credential,
        absent=_PRESENT,
        disputed=disputed(credential, site=visit.site),
    )


_PRESENT = holds("a credential is on file")


def absence(dossier: Dossier, scheme: Scheme, visit: Visit, day: date) -> Standing:
    """Tell what it means that no credential of the site is on file."""
    return remembered(
        dossier,
        ("absence", scheme.id, visit.facility_id, visit.country, day),
        lambda one: unlisted(
            one.snapshots,
            scheme=scheme.id,
            site=visit.site,
            day=day,
            subject_id=visit.facility_id,
            country=visit.country,
        ),
    )


def credentials_of(dossier: Dossier, scheme: Scheme, subject: str) -> Sequence[Credential]:
    """Return every credential of a scheme about a site, or about an organization as a whole."""
    by_subject: Mapping[tuple[str, str], list[Credential]] = remembered(
        dossier, "credentials by subject", _by_subject
    )
    return by_subject.get((scheme.id, subject), ())


def _by_subject(dossier: Dossier) -> dict[tuple[str, str], list[Credential]]:
    told: dict[tuple[str, str], list[Credential]] = {}
    for one in dossier.credentials:
        told.setdefault((one.scheme, one.facility_id or one.organization_id or ""), []).append(one)
    return told


def performance_credentials(
    dossier: Dossier, scheme: Scheme, facility: str, standards: frozenset[str]
) -> list[Credential]:
    """Return a site's audits or awards: not its chain-of-custody or due-diligence status."""
    return [
        one
        for one in credentials_of(dossier, scheme, facility)
        if one.product is None and (one.standard_code is None or one.standard_code in standards)
    ]


def begun_on(credential: Credential) -> date | None:
    """Return the day from which a credential is there: published, or valid."""
    return credential.published_on or credential.valid_from


def live_on(
    credentials: Sequence[Credential], day: date, *, latest_governs: bool
) -> list[Credential]:
    """Return the credentials whose place no other has taken by a day.

    Args:
        latest_governs: of published ones only the last published by then is left, and with it
            any other published that very day.
    """
    gone = {
        name
        for one in credentials
        if (begun := begun_on(one)) is not None and begun <= day
        for name in one.supersedes
    }
    live = [one for one in credentials if one.id not in gone]
    if not latest_governs:
        return live
    levels = [one for one in live if not keeps_the_level(one)]
    dated = [(one.published_on, one) for one in levels if one.published_on is not None]
    by_then = [(on, one) for on, one in dated if on <= day]
    if not by_then:
        return levels or live
    last = max(on for on, _ in by_then)
    return [one for on, one in by_then if on == last]


def _governing(
    dossier: Dossier, scheme: Scheme, visit: Visit, day: date, standards: frozenset[str]
) -> Credential | None:
    """Return the credential that governs: of awards the best, of audits of one day the worst.

    Awards are of a metal each: one for the metal in question goes before one for another.
    """
    own = performance_credentials(dossier, scheme, visit.facility_id or "", standards)
    live = live_on(own, day, latest_governs=scheme.latest_governs)
    if len(live) < 2:
        return live[0] if live else None
    ranked = [(_rank(dossier, visit, day, one), place) for place, one in enumerate(live)]
    if scheme.latest_governs:
        return live[max(ranked)[1]]
    awards = [(_of_another_metal(live[place], dossier), rank, place) for rank, place in ranked]
    return live[min(awards)[2]]


def _of_another_metal(award: Credential, dossier: Dossier) -> bool:
    return award.materials is not None and dossier.mineral not in award.materials


def _rank(dossier: Dossier, visit: Visit, day: date, credential: Credential) -> tuple[int, int]:
    """Return how a credential stands, lower is better; of equals the one that began later."""
    told = standing(
        credential,
        site=visit.site,
        day=day,
        log_size=dossier.log_size,
        activity=visit.stage,
        mineral=dossier.mineral,
    )
    begun = begun_on(credential)
    return RANK[told.outcome], -(begun.toordinal() if begun else 0)
