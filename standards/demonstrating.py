"""The demonstration: the shipped scenarios, somebody of every role, and a machine that reads.

Everything is done once: what is there already is left alone, so that a second run is quick.
The one password of all logins and the secret of the machine are made at random and rest beside
the log's key, readable by their owner only; the database has them hashed.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import get_application_model

from standards.known import operator_id
from standards.replaying import Replayed, replay
from standards.scenario import Scenario, parse_scenario
from standards.staffing import ensure_roles
from traceability.errors import ScenarioChanged
from traceability.ledger.keys import write_secret_file
from traceability.models import Membership

SCENARIOS = Path(__file__).parent / "scenarios"
SHIPPED = ("copper", "battery", "mass_balance")
STORIES = (
    "seventy_percent",
    "wrong_stage",
    "wet_mass",
    "renewal_pending",
    "expired_waiver",
    "another_metal",
    "conformant_and_contradicted",
    "credits_and_origin",
    "silo_heel",
    "letters_and_grades",
)
"""Short ones about one thing each, for whoever wants to read or replay them; no demonstration."""
COURSES = ("doubt", "due_diligence")
"""Longer ones, about how one thing leads to another over months; no demonstration either."""
MACHINE = "automaker-machine"
_FILE = "demo_logins.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who logs in: the group that says what is their work, and for whom they act."""

    login: str
    role: str
    organization: str
    does: Any  # lazily translated


PEOPLE = (
    Person(
        login="clerk",
        role="clerk",
        organization="sonora-copper",
        does=_("ships concentrate for a mine"),
    ),
    Person(
        login="accountant",
        role="metal accountant",
        organization="temiskaming-refining",
        does=_("keeps a refinery's metal accounts"),
    ),
    Person(
        login="smelter",
        role="metal accountant",
        organization="fraser-smelting",
        does=_("claims certified copper by mass balance"),
    ),
    Person(
        login="officer",
        role="procurement officer",
        organization="superior-motors",
        does=_("buys for a club's member, works flags"),
    ),
    Person(
        login="secretary",
        role="secretary",
        organization="northern-club",
        does=_("keeps a buyers' club's policy"),
    ),
    Person(
        login="auditor",
        role="auditor",
        organization="boreal-audit",
        does=_("audits under time-boxed grants"),
    ),
    Person(
        login="registrar",
        role="registrar",
        organization="mine-registrar",
        does=_("records certificates and their status"),
    ),
    Person(
        login="community",
        role="community",
        organization="harricana-watch",
        does=_("speaks for people near a mine"),
    ),
    Person(login="operator", role="operator", organization="", does=_("runs the ledger")),
)
"""One for each kind of user; the automaker's integration engineer has the machine instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What the demonstration consists of, for whoever shows it."""

    replayed: Sequence[Replayed]
    changed: Sequence[str]  # told by an older release in another way, so not replayed
    password: str
    client_secret: str


def demonstrate() -> Demonstration:
    """Replay the shipped scenarios and make the logins; twice changes nothing more.

    Raises:
        DemoLedgerNeeded: this ledger's origin does not start with `demo.`.
        TraceabilityError: a scenario was not replayed to its end; running it again continues.
    """
    replayed, changed = [], []
    for name in SHIPPED:
        try:
            replayed.append(replay(shipped_scenario(name)))
        except ScenarioChanged:  # an older release told it here; what it recorded stays
            changed.append(name)
    path = Path(settings.LOG_KEY_FILE).with_name(_FILE)
    is_new = not path.exists()
    kept = _new_secrets() if is_new else json.loads(path.read_bytes())
    _make_logins(kept["password"], anew=is_new)
    _make_machine(kept["client_secret"], anew=is_new)
    if is_new:
        unfinished = path.with_name(f"{_FILE}.unfinished")
        unfinished.unlink(missing_ok=True)
        write_secret_file(unfinished, json.dumps(kept).encode())
        unfinished.replace(path)
        # From here on the secrets are kept; what stopped before is made anew by the next run.
    return Demonstration(replayed=replayed, changed=changed, **kept)


def shipped_scenario(name: str) -> Scenario:
    """Return one of the scenarios that come with the package."""
    return parse_scenario((SCENARIOS / f"{name}.json").read_bytes())


def _new_secrets() -> dict[str, str]:
    return {"password": secrets.token_urlsafe(9), "client_secret": secrets.token_urlsafe(24)}


@transaction.atomic
def _make_logins(password: str, *, anew: bool) -> None:
    """Make the logins that are not there; `anew` gives those that are the new password."""
    names = [person.login for person in PEOPLE]
    if not anew and User.objects.filter(username__in=names).count() == len(names):
        return
    ensure_roles()
    hashed = make_password(password)  # one for all: it is slow on purpose
    for person in PEOPLE:
        user, _created = User.objects.update_or_create(
            username=person.login, defaults={"password": hashed, "is_staff": True}
        )
        user.groups.set([Group.objects.get(name=person.role)])
        _join(user, person.organization or operator_id())


@transaction.atomic
def _make_machine(client_secret: str, *, anew: bool) -> None:
    """Register the automaker's machine: it acts for the organization of its account."""
    applications = get_application_model().objects
    if not anew and applications.filter(client_id=MACHINE).exists():
        return
    user, _created = User.objects.get_or_create(
        username=MACHINE, defaults={"password": make_password(None)}
    )
    _join(user, "superior-motors")
    applications.update_or_create(
        client_id=MACHINE,
        defaults={
            "name": "Superior Motors, integration",
            "client_secret": client_secret,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "user": user,
        },
    )


def _join(user: User, organization: str) -> None:
    Membership.objects.get_or_create(
        user=user,
        defaults={"organization_id": organization, "pseudonym": secrets.token_urlsafe(9)},
    )


def curl_lines(shown: Demonstration, lot: str) -> list[str]:
    """Return the commands with which the automaker's machine reads a lot's verdicts."""
    site = settings.SITE_URL
    token = (
        f"TOKEN=$(curl -s -u {MACHINE}:{shown.client_secret} "
        f"-d grant_type=client_credentials -d scope=read {site}/o/token/ "
        """| python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')"""
    )
    return [
        token,
        f'curl -s -H "Authorization: Bearer $TOKEN" {site}/api/v1/lots/{lot}/verdicts',
    ]
