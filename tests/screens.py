"""A told story and its people, for tests of pages: the shipped copper scenario, told once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import override_settings

from standards.demonstrating import shipped_scenario
from standards.replaying import replay
from standards.staffing import ensure_roles
from traceability.models import Membership

CATHODE = "seto-bay:CATH-014"  # offered to the club
CONCENTRATE = "kafue-north:CON-001"  # between a mine and a smelter, nobody else's business
PASSWORD = "a long enough password"  # noqa: S105 - of people who do not exist
PEOPLE = {
    "officer": ("procurement officer", "prairie-motors"),
    "rival": ("procurement officer", "lakeshore-cells"),
    "secretary": ("secretary", "copper-club"),
    "accountant": ("metal accountant", "seto-bay"),
    "miner": ("clerk", "kafue-north"),
    "registrar": ("registrar", "assurance-desk"),
    "operator": ("operator", "operator"),
}


def tell_story() -> None:
    """Replay the copper scenario and give everybody in it a login."""
    replay(shipped_scenario("copper"))
    ensure_roles()
    for login, (role, organization) in PEOPLE.items():
        user = User.objects.create_user(login, password=PASSWORD, is_staff=True)
        user.groups.set([Group.objects.get(name=role)])
        member = operator_of(organization)
        Membership.objects.create(
            user=user, organization_id=member, pseudonym=f"person-{login}-000000"
        )
    User.objects.create_superuser("nobody", password=PASSWORD)  # every permission, no organization


def operator_of(organization: str) -> str:
    """Return the id of the organization that runs this ledger, where that is meant."""
    from standards.known import operator_id

    return operator_id() if organization == "operator" else organization


@contextmanager
def story_told(directory, blocker) -> Iterator[str]:
    """Keep the story in the database for the tests of one module; yield where its guard is."""
    guard = str(directory / "checkpoint")
    with blocker.unblock(), override_settings(GUARD_PATH=guard):
        tell_story()
    yield guard
    with blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)  # start over, as conftest says
