"""Credentials of all schemes: ten questions to the document that speaks for a site on a day.

Each rule looks at every site that a required scheme must cover, and at the one credential that
governs there (`asking`).
"""

from collections.abc import Iterator
from datetime import date

from standards.rulebook.appraisal import Appraisal, credentials_of
from standards.rulebook.asking import Asked, answered, asked_about, keys_of_schemes
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding
from standards.rulebook.issuing import confirms, contradicted, issuer_standing
from standards.rulebook.law import LawOnDate
from standards.rulebook.months import last_day
from standards.rulebook.path import Visit
from standards.rulebook.registers import copies_of
from standards.rulebook.rule import rule
from standards.rulebook.standing import (
    Standing,
    activity_standing,
    cannot_tell,
    document,
    fails,
    holds,
    listed,
    material_standing,
    published,
    status_on,
    status_standing,
    validity_standing,
)
from standards.rulebook.versions import status_of_standard

SOURCE = "UNTP Digital Conformity Credential; which schemes are required is the club's"
ANCHORS = ("published_on", "assessed_on")
"""Days from which a term of validity may run."""


@rule(
    id="CRED-01",
    title="Credentials come from those who may speak for their scheme",
    source="UNTP Digital Conformity Credential, authorisation; trust lists are the operator's",
    governed_by="as_of",
    reads=keys_of_schemes("register_words", "trusted_issuers"),
)
def credentials_come_from_those_who_may_speak(dossier: Dossier, law: LawOnDate) -> Finding:
    """The signer is trusted for the scheme, and a registrar's record stands on the register.

    Whoever is listed as issuer speaks for himself. What a registrar records needs an issuer
    that is listed on the day of publication, and a register of the scheme that shows the site.
    """
    return answered(
        dossier, law, "is covered by credentials of a trusted issuer", _issuer, on_any_day=True
    )


def _issuer(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    trusted = asked.parameter(asked.scheme.key("trusted_issuers"))
    if isinstance(trusted, Standing):
        return trusted
    return issuer_standing(
        credential,
        trusted.value,
        asked.dossier.snapshots,
        told.visit,
        asked.scheme,
        asked.words_of_register(told.visit.facility_id or ""),
    )


@rule(
    id="CRED-02",
    title="Credentials are about the very site that worked the metal",
    source="UNTP Digital Conformity Credential, assessed facility",
    governed_by="as_of",
    reads=keys_of_schemes(),
)
def credentials_are_about_the_very_site(dossier: Dossier, law: LawOnDate) -> Finding:
    """The assessed facility is the one on the path: not its company, not one of its products."""
    return asked_about(dossier, law, "is covered by credentials of the very site", _subjects)


def _subjects(asked: Asked) -> Iterator[tuple[Visit, int, Standing]]:
    for told in asked.sites():
        yield told.visit, told.mg, _subject(asked, told)


def _subject(asked: Asked, told: Appraisal) -> Standing:
    visit = told.visit
    if told.credential is not None:
        because = f"{visit.site}: {published(told.credential)} is about this very site"
        return told.disputed or holds(because, told.credential.entry)
    if visit.decided is not None:
        return visit.decided
    product = [
        one
        for one in credentials_of(asked.dossier, asked.scheme, visit.facility_id or "")
        if one.product is not None
    ]
    if product:
        because = f"{visit.site}: {published(product[0])} is about {product[0].product} only"
        return fails(because, product[0].entry)
    company = credentials_of(asked.dossier, asked.scheme, visit.organization_id or "")
    if company:
        because = f"{visit.site}: {published(company[0])} is about the company, not this site"
        return fails(because, company[0].entry)
    return told.absent


@rule(
    id="CRED-03",
    title="What was done at the site is in the scope of its credential",
    source="UNTP Digital Conformity Credential, scope",
    governed_by="as_of",
    reads=keys_of_schemes(),
)
def activities_are_in_scope(dossier: Dossier, law: LawOnDate) -> Finding:
    """The scope covers the stage; a scope text that nobody coded covers nothing for sure."""
    return answered(
        dossier, law, "was worked within the scope of credentials", _activity, on_any_day=True
    )


def _activity(_asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    visit = told.visit
    open_one = activity_standing(credential, site=visit.site, activity=visit.stage)
    covers = listed(credential.activities or ())
    because = f"{visit.site}: {published(credential)} covers {covers} at this site"
    return open_one or holds(because, credential.entry)


@rule(
    id="CRED-04",
    title="The metal is in the scope of the site's credential",
    source="UNTP Digital Conformity Credential, scope",
    governed_by="as_of",
    reads=keys_of_schemes(),
)
def the_metal_is_in_scope(dossier: Dossier, law: LawOnDate) -> Finding:
    """The scope covers the mineral; what nobody coded covers nothing for sure."""
    return answered(
        dossier, law, "is a material that credentials cover", _material, on_any_day=True
    )


def _material(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site = told.visit.site
    open_one = material_standing(credential, site=site, mineral=asked.dossier.mineral)
    covers = listed(credential.materials or ())
    return open_one or holds(f"{site}: {published(credential)} covers {covers}", credential.entry)


@rule(
    id="CRED-05",
    title="Credentials were valid on the day that counts",
    source="Days of validity as stated, or the scheme's own term; time rule of the pack",
    governed_by="as_of",
    reads=keys_of_schemes("validity_anchor", "validity_months"),
)
def credentials_were_valid_on_the_day(dossier: Dossier, law: LawOnDate) -> Finding:
    """The day lies within validity, both end days included; a stated day goes before a derived."""
    return answered(dossier, law, "was worked while credentials were valid", _valid)


def _valid(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    first, last, day = credential.valid_from, credential.valid_until, told.day
    site, size = told.visit.site, asked.dossier.log_size
    is_settled = (first is not None and day < first) or (last is not None and day > last)
    if is_settled or (first is not None and last is not None):
        stated = (first or date.min, last or date.max)
        open_one = validity_standing(credential, site=site, day=day, log_size=size, window=stated)
        until = f"valid from {first} until {last}"
        return open_one or holds(f"{site}: {published(credential)} was {until}", credential.entry)
    window = _window(asked, credential, site)
    if isinstance(window, Standing):
        return window
    open_one = validity_standing(credential, site=site, day=day, log_size=size, window=window)
    term = f"valid from {first or window[0]} until {last or window[1]}"
    derived = (f"{site}: the days of validity are derived from the scheme's own term",)
    because = f"{site}: {published(credential)} was {term}"
    return open_one or holds(because, credential.entry, notices=derived)


def _window(asked: Asked, credential: Credential, site: str) -> tuple[date, date] | Standing:
    """Return the days of validity by the scheme's own term, from the day it runs from."""
    term = asked.parameter(asked.scheme.key("validity_months"))
    if isinstance(term, Standing):
        return _no_window(credential, site, term)
    anchor = asked.parameter(asked.scheme.key("validity_anchor"))
    if isinstance(anchor, Standing):
        return _no_window(credential, site, anchor)
    begun = getattr(credential, anchor.value, None) if anchor.value in ANCHORS else None
    if begun is None:
        words = anchor.value.removesuffix("_on")
        because = f"{site}: the day its {document(credential)} was {words} is not known"
        missing = f"day on which {document(credential)} {credential.id} of {site} was {words}"
        return cannot_tell(because, credential.entry, missing=missing)
    return begun, last_day(begun, term.value)


def _no_window(credential: Credential, site: str, unset: Standing) -> Standing:
    noun = document(credential)
    because = f"{site}: its {noun} states no days of validity, and {unset.because}"
    missing = f"days of validity of {noun} {credential.id} of {site}"
    return cannot_tell(because, credential.entry, missing=missing)


@rule(
    id="CRED-06",
    title="Credentials were in good standing on the day that counts",
    source="Timeline of the credential on two time axes (DESIGN 3.4)",
    governed_by="as_of",
    reads=keys_of_schemes("register_words"),
)
def credentials_were_in_good_standing(dossier: Dossier, law: LawOnDate) -> Finding:
    """The status carries on that day: a suspension does not reach back, a voiding does.

    Where the scheme's own register of that day or before is against it, it cannot be told.
    """
    return answered(dossier, law, "was worked while credentials were in good standing", _status)


def _status(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, size = told.visit.site, asked.dossier.log_size
    open_one = status_standing(credential, site=site, day=told.day, log_size=size)
    if open_one is not None:
        return open_one
    known = status_on([one for one in credential.statuses if one.known_from < size], told.day)
    words = "" if known is None else known.status.replace("_", " ")
    because = f"{site}: its {document(credential)} was {words} on {told.day}"
    against = None if known is None else _against(asked, told, credential, known.effective_from)
    return against or holds(because, credential.entry)


def _against(asked: Asked, told: Appraisal, credential: Credential, since: date) -> Standing | None:
    words = asked.words_of_register(told.visit.facility_id or "")
    return contradicted(credential, since, told.day, asked.dossier, told.visit, asked.scheme, words)


@rule(
    id="CRED-07",
    title="Credentials were given under a final version that is accepted",
    source="Drafts are not creditable; which versions are accepted is the club's",
    governed_by="as_of",
    reads=keys_of_schemes("accepted_standards", "standards"),
)
def standards_are_final_and_accepted(dossier: Dossier, law: LawOnDate) -> Finding:
    """On the day of the assessment the version was final, and the policy accepts it."""
    return answered(
        dossier,
        law,
        "is covered by credentials under accepted standards",
        _version,
        on_any_day=True,
    )


def _version(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, noun = told.visit.site, document(credential)
    code, version = credential.standard_code, credential.version
    if code is None or version is None:
        because = f"{site}: under which version of which standard its {noun} was given is not known"
        missing = f"standard and version of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    day = credential.assessed_on or credential.stage_2_on or credential.published_on
    if day is None:
        because = f"{site}: the day it was assessed is not known"
        missing = f"day of the assessment behind {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    known = asked.parameter(asked.scheme.key("standards"))
    if isinstance(known, Standing):
        return known
    status = status_of_standard(known.value, code, version, day)
    name = f"{code.replace('_', ' ')} {version}"
    if status is None:
        because = f"{site}: whether {name} was final on {day} is not known"
        return cannot_tell(because, credential.entry, missing=f"status of {name} on {day}")
    if status != "final":
        was = "a draft" if status == "draft" else "superseded"
        return fails(f"{site}: {name} was {was} on {day}, when it was assessed", credential.entry)
    accepted = asked.parameter(asked.scheme.key("accepted_standards"))
    if isinstance(accepted, Standing):
        return accepted
    if f"{code} {version}" not in accepted.value:
        because = f"{site}: {name} is not among the standards that are accepted"
        return fails(because, credential.entry)
    return holds(f"{site}: assessed under {name}, final on {day}", credential.entry)


@rule(
    id="CRED-08",
    title="An independent third party assessed the site",
    source="ISO/IEC 17000 terms of first, second and third party; level accepted by the club",
    governed_by="as_of",
    reads=(*keys_of_schemes(), "credentials.accepted_assurance"),
)
def an_independent_party_assessed_the_site(dossier: Dossier, law: LawOnDate) -> Finding:
    """The assessor is as independent as is asked for; a self-assessment never is."""
    return answered(
        dossier, law, "is covered by independent assessments", _assessor, on_any_day=True
    )


def _assessor(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, noun = told.visit.site, document(credential)
    if credential.assessment_type == "self_assessment":
        return fails(f"{site}: it assessed itself", credential.entry)
    if credential.assessor_level is None:
        because = f"{site}: who assessed it, and how independently, is not known"
        missing = f"assessor of {noun} {credential.id} of {site}"
        return cannot_tell(because, credential.entry, missing=missing)
    accepted = asked.parameter("credentials.accepted_assurance")
    if isinstance(accepted, Standing):
        return accepted
    words = credential.assessor_level.replace("_", " ")
    by = f"{site}: assessed by a {words}"
    by = f"{by} ({credential.assessor_name})" if credential.assessor_name else by
    if credential.assessor_level not in accepted.value:
        return fails(f"{by}; {listed(accepted.value)} is accepted", credential.entry)
    return holds(by, credential.entry)


@rule(
    id="CRED-09",
    title="The last word of the scheme on the site is recent enough",
    source="Registers are evidence with a date; how old they may be is the club's",
    governed_by="as_of",
    reads=keys_of_schemes("register_max_age", "register_words"),
)
def the_last_word_is_recent_enough(dossier: Dossier, law: LawOnDate) -> Finding:
    """A register, or a statement about the credential, is not older than is allowed.

    A register that does not bear the credential out is no word for it.
    """
    return answered(
        dossier, law, "is covered by credentials confirmed recently enough", _fresh, on_any_day=True
    )


def _fresh(asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, name = told.visit.site, asked.scheme.name
    words = [credential.stated_on]
    words += [
        one.stated_on for one in credential.statuses if one.known_from < asked.dossier.log_size
    ]
    on, facility = asked.dossier.as_of, told.visit.facility_id or ""
    states = asked.words_of_register(facility)
    words += [
        one.retrieved_on
        for one, rows in copies_of(asked.dossier, asked.scheme)
        if one.retrieved_on <= on and confirms(one, rows.get(facility, ()), credential, states)
    ]
    last = max((day for day in words if day is not None), default=None)
    longest = asked.parameter(asked.scheme.key("register_max_age"))
    if isinstance(longest, Standing):
        return longest
    if last is None or (on - last).days > longest.value:
        since = "is not dated" if last is None else f"is of {last}"
        because = f"{site}: the last word of {name} {since}; {longest.value} days are allowed"
        missing = f"register of {name}" if last is None else f"register of {name} later than {last}"
        return cannot_tell(because, credential.entry, missing=missing)
    return holds(f"{site}: the last word of {name} is of {last}", credential.entry)


@rule(
    id="CRED-10",
    title="Complaints about the site are known, and open ones are shown",
    source="Schemes' complaint procedures: a level stands while a complaint is processed",
    governed_by="as_of",
    reads=keys_of_schemes(),
)
def complaints_are_known(dossier: Dossier, law: LawOnDate) -> Finding:
    """An open complaint is a notice and never a failure; that nobody looked cannot be told."""
    return answered(dossier, law, "comes from sites whose complaints are known", _complaints)


def _complaints(_asked: Asked, told: Appraisal, credential: Credential) -> Standing:
    site, noun = told.visit.site, document(credential)
    if credential.complaints is None:
        because = f"{site}: nobody recorded whether there are complaints"
        missing = f"complaints registered about {site} ({noun} {credential.id})"
        return cannot_tell(because, credential.entry, missing=missing)
    open_ones = [one.reference for one in credential.complaints if one.is_open(told.day)]
    if open_ones:
        because = f"{site}: complaint {listed(open_ones)} was open on {told.day}"
        return holds(because, credential.entry, notices=(because,))
    return holds(f"{site}: no complaint was open on {told.day}", credential.entry)
