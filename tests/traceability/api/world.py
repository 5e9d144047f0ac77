"""A small world for the interface: who mines, buys, receives, audits, competes and runs it.

acme mines L1, splits L2 off it and ships that to bolt, who smelts it into C with own stock S.
bolt opens C to the club's members and ships D, a part of C, to cell; D is still on its way.
rival mines R, which nobody else knows. audit may read acme's mine; lapsed could until 2026-03.
"""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from tests.traceability.ledger.paper_ledger import (
    company,
    enrolment,
    mine_and_buyer,
    new_lot,
    ship,
    tonnes,
)
from tests.traceability.stored_ledger import StoredLedger
from traceability.keeping import keep_new_key
from traceability.models import Membership
from traceability.publishing import publish_checkpoint
from traceability.registering import enrolment as enrol

COMPANIES = ("acme", "bolt", "cell", "rival", "buyer")
CALLERS = (*COMPANIES, "audit", "lapsed", "operator")
LOTS = ("acme:L1", "acme:L2", "bolt:S", "bolt:C", "bolt:D", "rival:R")


@dataclass
class World:
    """The recorded ledger, the entries by name, a token per organization."""

    ledger: StoredLedger
    entries: dict[str, str] = field(default_factory=dict)
    published: int = 0

    def get(self, caller, path, **more):
        return client(caller).get(f"/api/v1/{path}", **more)


def client(caller=None, **options):
    """Return a client with the token of an organization, or without one."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer token-{caller}"} if caller else {}
    return Client(**headers, **options)


def token(organization, *, name="", scope="read write", expires_in=3600, acts=True):
    """Give an organization a client with a token, `token-<name>`."""
    name = name or organization
    user = User.objects.create(username=f"machine-{name}")
    if acts:
        Membership.objects.create(
            user=user, organization_id=organization, pseudonym=f"machine-{name}"
        )
    application = Application.objects.create(
        user=user,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    return AccessToken.objects.create(
        application=application,
        token=f"token-{name}",
        scope=scope,
        expires=timezone.now() + timezone.timedelta(seconds=expires_in),
    )


def register(ledger, name, role, key=None):
    ledger.say(
        "registry.organization",
        "operator",
        {
            "organization": name,
            "name": name.title(),
            "country": "CA",
            "roles": [role],
            "key": key or enrolment(name, name, ledger.origin),
        },
        effective="2026-01-02",
    )


def build():
    ledger = mine_and_buyer(StoredLedger())
    world = World(ledger)
    company(ledger, "cell", "cell:plant")
    company(ledger, "rival", "rival:mine")
    register(ledger, "buyer", "company", enrol(keep_new_key("buyer"), "buyer", held_by="service"))
    register(ledger, "audit", "auditor")
    register(ledger, "lapsed", "auditor")
    register(ledger, "club", "club")
    say = ledger.say
    say("registry.audience", "club", {"audience": "club", "members": ["buyer"]})
    for auditor, until in (("audit", "2099-12-31"), ("lapsed", "2026-03-31")):
        say(
            "registry.grant",
            "acme",
            {
                "grant": f"acme:{auditor}",
                "auditor": auditor,
                "until": until,
                "facilities": ["acme:mine"],
                "lots": [],
            },
        )
    for author, lot in (("acme", "acme:L1"), ("bolt", "bolt:S")):
        result = {"element": "Cu", "value": "30", "unit": "percent", "basis": "wet"}
        say(
            "custody.assay",
            author,
            {
                "lot": lot,
                "laboratory": {"name": "A laboratory"},
                "party": "seller",
                "method": "ICP",
                "status": "final",
                "results": [result],
            },
        )
    world.entries["rival"] = say(
        "custody.extraction",
        "rival",
        {"facility": "rival:mine", "lot": new_lot("rival:R", "7")},
    )
    world.entries["offer"] = say(
        "custody.offer", "bolt", {"lots": ["bolt:C"], "audience": ["club"]}
    )
    world.entries["to cell"] = say(
        "custody.shipment",
        "bolt",
        {
            "facility": "bolt:plant",
            "consignment": "bolt:7",
            "consignee": {"organization": "cell"},
            "lots": [{"lot": "bolt:D", "from": "bolt:C", "quantity": tonnes("2")}],
        },
    )
    world.published = publish_checkpoint()
    world.entries["waiting"] = ship(ledger, "acme:L1", "60", number=2)  # recorded, no index
    for name in CALLERS:
        token(name)
    return world
