"""CRED-11: credentials that are void from the beginning.

Other rules say what a forged credential leaves of a site: that it held nothing. That somebody
forged one is of its own, whatever else is on file about the site and whatever day counts: no
waiver outlives it (`policy.voiding_rules`).
"""

from collections.abc import Iterable, Iterator

from standards.rulebook.credential import NEGATIVE_STATUSES, Credential, CredentialStatus
from standards.rulebook.dossier import Dossier
from standards.rulebook.findings import Finding, conforms, nonconforming, not_applicable
from standards.rulebook.law import LawOnDate
from standards.rulebook.rule import rule
from standards.rulebook.standing import document, status_on


@rule(
    id="CRED-11",
    title="No credential on the path is void from the beginning",
    source="Timeline of the credential on two time axes: fraud reaches back (DESIGN 3.4)",
    governed_by="as_of",
)
def no_credential_is_void(dossier: Dossier, _law: LawOnDate) -> Finding:
    """One that a sound credential has since taken the place of is no longer held against it."""
    if not dossier.credentials:
        return not_applicable("no credential of a site or company on the path is on file")
    void = dict(_void(dossier))
    held = [one for one in void if not _is_replaced(one, dossier.credentials, void)]
    if not held:
        return conforms("no credential on the path is void from the beginning")
    first = held[0]
    subject = first.facility_id or first.organization_id or "a site"
    because = f"{subject}: {document(first)} {first.id} is void from the beginning"
    told = f"{because}: {void[first].because}" if void[first].because else because
    entries = {status.entry for one, status in void.items() if one in held}
    evidence = (*(one.entry for one in held), *(entry for entry in entries if entry))
    return nonconforming(told, evidence=evidence)


def _void(dossier: Dossier) -> Iterator[tuple[Credential, CredentialStatus]]:
    for one in dossier.credentials:
        known = [status for status in one.statuses if status.known_from < dossier.log_size]
        status = status_on(known, dossier.as_of) if any(it.retroactive for it in known) else None
        if status is not None and status.status in NEGATIVE_STATUSES:
            yield one, status


def _is_replaced(
    one: Credential, credentials: Iterable[Credential], void: Iterable[Credential]
) -> bool:
    gone = set(void)
    return any(
        one.id in other.supersedes and other not in gone and not other.is_disputed
        for other in credentials
    )
