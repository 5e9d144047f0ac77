"""ResponsibleSteel: certification of the site is not yet certified steel.

A site is certified against the core of the standard. What is said of its steel needs progress
levels besides, one for each subject.
"""

from collections.abc import Sequence

from standards.rulebook.appraisal import performance_credentials, performance_standards
from standards.rulebook.claims import MATERIAL_CODES, LotClaim, about, claims_on, judged_claims
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.paired import site_behind
from standards.rulebook.rule import rule
from standards.rulebook.schemes import RESPONSIBLESTEEL
from standards.rulebook.sites import told_or_open
from standards.rulebook.standing import (
    Standing,
    best,
    cannot_tell,
    disputed,
    fails,
    holds,
    listed,
    status_standing,
    validity_standing,
)


@rule(
    id="RS-01",
    title="Claims about steel rest on progress levels, not on core certification alone",
    source="ResponsibleSteel, certification process: core site certification and progress levels",
    governed_by="as_of",
    reads=(
        "responsiblesteel.metals",
        "responsiblesteel.performance_standards",
        "responsiblesteel.product_level",
        "responsiblesteel.progress_levels",
        "responsiblesteel.progress_subjects",
    ),
)
def claims_about_steel_rest_on_progress_levels(dossier: Dossier, law: LawOnDate) -> Finding:
    """The site behind a product claim held a progress level for each subject on that day.

    Which level a product claim needs at least could not be read: the highest is enough whatever
    it is, and core certification alone never is.
    """
    metals = law["responsiblesteel.metals"]
    if dossier.mineral not in metals.value:
        return not_applicable(f"ResponsibleSteel is not about {dossier.mineral}", metals)
    claims = [
        one
        for one in claims_on(dossier, RESPONSIBLESTEEL)
        if one.code in MATERIAL_CODES or "content" in (one.says or ())
    ]

    def judge(claim: LotClaim) -> Standing:
        return _progressed(dossier, law, claim)

    return judged_claims(claims, RESPONSIBLESTEEL, judge, metals)


def _progressed(dossier: Dossier, law: LawOnDate, claim: LotClaim) -> Standing:
    site = site_behind(dossier, claim)
    if site is None:
        because = f"{about(claim)}: the site behind it is not known"
        return cannot_tell(because, claim.entry, missing=f"site behind claim {claim.id}")
    standards = performance_standards(law, RESPONSIBLESTEEL)
    certificates = performance_credentials(dossier, RESPONSIBLESTEEL, site, standards)
    if not certificates:
        because = f"{about(claim)}: no certificate of {site} is on file"
        missing = f"certificate of {RESPONSIBLESTEEL.name} for {site}, with its progress levels"
        return cannot_tell(because, claim.entry, missing=missing)
    told = [_of_certificate(dossier, law, one, site, claim) for one in certificates]
    return best(told)


def _of_certificate(
    dossier: Dossier, law: LawOnDate, certificate: Credential, site: str, claim: LotClaim
) -> Standing:
    day, size = claim.made_on, dossier.log_size
    return (
        disputed(certificate, site=site)
        or status_standing(certificate, site=site, day=day, log_size=size)
        or validity_standing(certificate, site=site, day=day, log_size=size)
        or _levels(law, certificate, site, claim)
    )


def _levels(law: LawOnDate, certificate: Credential, site: str, claim: LotClaim) -> Standing:
    known = tuple(law["responsiblesteel.progress_levels"].value)
    subjects = law["responsiblesteel.progress_subjects"].value
    evidence = claim.entry, certificate.entry
    if certificate.outcomes is None:
        because = f"{site}: nobody has recorded whether it holds progress levels"
        return cannot_tell(because, *evidence, missing=f"progress levels of {site}")
    held = {one.code: one.rating for one in certificate.outcomes if one.kind == "progress_level"}
    lacking = [one for one in subjects if held.get(one) is None]
    if lacking:
        because = f"{site}: it holds core certification only, without a progress level for"
        return fails(f"{because} {listed(lacking)}; {about(claim)} is about the product", *evidence)
    strange = [one for one in subjects if held[one] not in known]
    if strange:
        because = f"{site}: {held[strange[0]]} for {listed(strange[:1])} is no progress level"
        return cannot_tell(because, *evidence, missing=f"progress levels of {site}")
    lowest = min((held[one] or "" for one in subjects), key=known.index)
    return _enough(law, site, lowest, known, evidence)


def _enough(
    law: LawOnDate, site: str, lowest: str, known: Sequence[str], evidence: tuple[str, ...]
) -> Standing:
    words = f"{site}: its lowest progress level is {lowest.replace('_', ' ')}"
    if lowest == known[-1]:
        return holds(f"{words}, the highest there is", *evidence)
    least = told_or_open(law, "responsiblesteel.product_level")
    if isinstance(least, Standing):
        return cannot_tell(f"{words}; {least.because}", *evidence, missing=least.missing[0])
    if least.value not in known or known.index(lowest) < known.index(least.value):
        return fails(f"{words}; {least.value.replace('_', ' ')} is needed", *evidence)
    return holds(f"{words}; {least.value.replace('_', ' ')} is needed", *evidence)
