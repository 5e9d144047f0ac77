"""A small world on PostgreSQL: mine, smelter, buyer, scheme, club; the service has all keys."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from standards.assessing import assess_due
from standards.certifying import activate_pack, adopt_policy
from standards.following import follow_log
from standards.models import Assessment, Flag, Judgement
from standards.rulebook.findings import Finding
from standards.rulebook.pack_format import shipped_packs
from traceability.keeping import keep_new_key
from traceability.ledger.keys import PrivateKey
from traceability.models import Entry, Key, LogIndex
from traceability.publishing import publish_checkpoint
from traceability.registering import (
    begin_ledger,
    enrolment,
    record_as_service,
    statement_document,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROLES = {
    "mine": "company",
    "smelter": "company",
    "buyer": "company",
    "stranger": "company",
    "scheme": "assurance_scheme",
    "club": "club",
    "club-two": "club",
}
REQUIREMENTS = [
    {"rule_id": "MB-13", "severity": "critical", "flag_due_days": 3},
    {"rule_id": "IRMA-02", "severity": "major", "flag_due_days": 14},
    {"rule_id": "CM-02", "severity": "minor", "flag_due_days": 30},
]
VALUES = {
    "custody.output_excess_tolerance": ("share", "0"),
    "irma.minimum_level": ("text", "IRMA 50"),
    "irma.minimum_share": ("share", "1"),
    "irma.recycled_treatment": ("text", "apart"),
    "copper_mark.minimum_share": ("share", "1"),
    "policy.waiver_days": ("days", 120),
    "policy.waiver_mass": ("counts", {"Cu": 20_000_000_000}),
    "policy.waivers_at_once": ("count", 2),
}


def kg(value: str) -> dict[str, str]:
    return {"value": value, "unit": "kg", "basis": "dry"}


def percent(element: str, value: str) -> dict[str, str]:
    return {"element": element, "value": value, "unit": "percent", "basis": "dry"}


def owned_by(name: str) -> list[dict[str, Any]]:
    return [{"owner": {"organization": name}, "parts": 1}]


def claim(name: str, amount: str, holder: str = "smelter", **changes: Any) -> dict[str, Any]:
    """Return a claim of so many kilograms on the cathode, as its statement says it."""
    made = {
        "recipient": {"organization": "buyer"},
        "lot": "smelter:cathode",
        "quantity": {"value": amount, "unit": "kg"},
        "element": "Cu",
        "scheme": "irma",
        "tier": "IRMA 75",
        "model": "mass_balance",
        "code": "contains",
        "wording": "Contains copper of an IRMA 75 mine, by mass balance.",
    }
    return {"claim": f"{holder}:{name}", "account": f"{holder}:cu", "made": made | changes}


class World:
    """Says things as whoever is named, and lets the machinery catch up when asked."""

    def __init__(self) -> None:
        begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
        for name, role in ROLES.items():
            self.register(name, role)
        self.site("mine:pit", "mine", "mine", "CL")
        self.site("smelter:works", "smelter", "smelter", "CA")
        self.site("buyer:plant", "buyer", "cell", "US")

    def register(self, name: str, role: str) -> None:
        key: PrivateKey = keep_new_key(name)
        self.say(
            "registry.organization",
            "operator",
            {
                "organization": name,
                "name": name.title(),
                "country": "CA",
                "roles": [role],
                "key": enrolment(key, name, held_by="service"),
            },
            on="2026-01-01",
        )

    def site(self, facility: str, author: str, kind: str, country: str) -> str:
        body = {
            "facility": facility,
            "name": facility.title(),
            "types": [kind],
            "country": country,
            "operator": {"organization": author},
        }
        return self.say("registry.facility", author, body, on="2026-01-01")

    def say(
        self, kind: str, author: str, body: dict, *, on: str = "2026-03-01", evidence: Any = ()
    ) -> str:
        has_clock = kind.startswith("custody.") or kind in ("standards.claim", "standards.credit")
        when = f"{on}T10:00:00-05:00" if has_clock and "T" not in on else on
        document = statement_document(kind=kind, author=author, effective=when, body=body)
        if evidence:
            document["evidence"] = evidence
        [outcome] = record_as_service([document], now=NOW)
        return outcome.entry

    # ── custody ───────────────────────────────────────────────────────────────────────────

    def mined(self, lot: str = "mine:ore", *, on: str = "2026-03-01", cu: str = "30") -> str:
        body = {
            "facility": "mine:pit",
            "lot": {
                "lot": lot,
                "material": "copper_concentrate",
                "form": "concentrate",
                "quantity": kg("30000"),
                "owners": owned_by("mine"),
                "assays": [percent("Cu", cu)],
            },
        }
        return self.say("custody.extraction", "mine", body, on=on)

    def sent(self, lot: str = "mine:ore", *, on: str = "2026-03-10") -> str:
        number = lot.partition(":")[2]
        body = {
            "facility": "mine:pit",
            "consignment": f"mine:to-smelter-{number}",
            "consignee": {"organization": "smelter"},
            "lots": [{"lot": lot, "quantity": kg("30000")}],
        }
        entry = self.say("custody.shipment", "mine", body, on=on)
        received = {
            "facility": "smelter:works",
            "consignment": f"mine:to-smelter-{number}",
            "lots": [{"lot": lot, "accepted": kg("30000")}],
        }
        self.say("custody.receipt", "smelter", received, on=on)
        return entry

    def smelted(
        self,
        source: str = "mine:ore",
        lot: str = "smelter:cathode",
        *,
        on: str = "2026-03-20",
        amount: str = "10000",
        cu: str = "99.99",
    ) -> str:
        body = {
            "facility": "smelter:works",
            "stage": "smelting",
            "inputs": [{"lot": source, "quantity": kg("30000"), "role": "feed"}],
            "outputs": [
                {
                    "lot": lot,
                    "material": "copper_cathode",
                    "form": "cathode",
                    "quantity": kg(amount),
                    "owners": owned_by("smelter"),
                    "assays": [percent("Cu", cu)],
                    "role": "product",
                }
            ],
        }
        return self.say("custody.transformation", "smelter", body, on=on)

    def offered(self, lot: str = "smelter:cathode", to: str = "club") -> str:
        return self.say(
            "custody.offer", "smelter", {"lots": [lot], "audience": [to]}, on="2026-03-21"
        )

    def copper_chain(self, **smelted: str) -> None:
        """Mine, ship and smelt one lot of concentrate, and offer the cathode to the club."""
        self.mined()
        self.sent()
        self.smelted(**smelted)
        self.offered()

    # ── accounts ──────────────────────────────────────────────────────────────────────────

    def sold(self, lot: str, seller: str, buyer: str, *, on: str = "2026-03-05") -> str:
        item = {"lot": lot, "from": {"organization": seller}, "to": {"organization": buyer}}
        return self.say("custody.transfer", seller, {"items": [item]}, on=on)

    def introduced(
        self, lot: str, *, declared: Any = (), facility: str = "buyer:plant", on: str = "2026-03-01"
    ) -> str:
        """Let a company enter a hundred kilograms of copper from outside the ledger."""
        holder = lot.partition(":")[0]
        body = {
            "facility": facility,
            "reason": "opening_stock",
            "declared_origin": list(declared),
            "lot": {
                "lot": lot,
                "material": "copper_cathode",
                "form": "cathode",
                "quantity": kg("100"),
                "owners": owned_by(holder),
                "assays": [percent("Cu", "99")],
            },
        }
        return self.say("custody.introduction", holder, body, on=on)

    def account(self, holder: str = "smelter", *, evidence: Any = (), **changes: Any) -> str:
        body = {
            "account": f"{holder}:cu",
            "facilities": [f"{holder}:works"],
            "element": "Cu",
            "scheme": "irma",
            "tier": "IRMA 75",
            "method": "credit",
            "begins": "2026-01-01",
            "months": 3,
        }
        body |= changes
        return self.say("standards.account", holder, body, on="2026-01-01", evidence=evidence)

    def claimed(
        self, name: str, amount: str, *, on: str = "2026-03-25", holder: str = "smelter", **changes
    ) -> str:
        return self.say("standards.claim", holder, claim(name, amount, holder, **changes), on=on)

    def withdrew(self, name: str, *, on: str, holder: str = "smelter") -> str:
        body = {
            "claim": f"{holder}:{name}",
            "account": f"{holder}:cu",
            "withdrawn": {"because": "Claimed in error."},
        }
        return self.say("standards.claim", holder, body, on=on)

    def closed(self, until: str, *, on: str, holder: str = "smelter", **signed: Any) -> str:
        body = {"account": f"{holder}:cu", "until": until} | signed
        return self.say("standards.close", holder, body, on=on)

    def accounted(self, amount: str = "8800") -> None:
        """Let the smelter buy, smelt and account for nine tonnes of certified copper."""
        self.audited()
        self.mined()
        self.sold("mine:ore", "mine", "smelter")
        self.sent()
        self.smelted(amount=amount, cu="100")
        self.account()

    # ── standards ─────────────────────────────────────────────────────────────────────────

    def packs(self) -> None:
        for pack in shipped_packs():
            if not pack.overlays:
                activate_pack(pack, effective=date(2026, 1, 1), now=NOW)

    def policy(
        self,
        club: str = "club",
        version: str = "1",
        requirements: Sequence[Mapping[str, Any]] = REQUIREMENTS,
        without: Collection[str] = (),
        **changes: Any,
    ) -> str:
        named = {key.replace("__", "."): value for key, value in changes.items()}
        values = VALUES | {  # a pair states the unit, too
            key: value if isinstance(value, tuple) else (VALUES[key][0], value)
            for key, value in named.items()
        }
        form = {
            "club": club,
            "version": version,
            "title": "Copper policy",
            "effective_from": "2026-01-01",
            "parameters": {
                key: {
                    "title": key,
                    "unit": unit,
                    "versions": [
                        {"value": value, "in_force_from": "2026-01-01", "source": "Policy"}
                    ],
                }
                for key, (unit, value) in values.items()
                if key not in without
            },
            "requirements": list(requirements),
        }
        return adopt_policy(form, effective="2026-01-01", now=NOW).entry

    def audited(self, certificate: str = "scheme:irma-1", **changes: Any) -> str:
        body = {
            "certificate": certificate,
            "scheme": "irma",
            "facility": "mine:pit",
            "level": "IRMA 75",
            "activities": ["extraction"],
            "materials": ["Cu"],
            "published_on": "2025-06-01",
            "valid_from": "2025-06-01",
            "valid_until": "2028-05-31",
            "status": "published",
            "status_from": "2025-06-01",
        }
        return self.say("standards.certificate", "scheme", body | changes, on="2025-06-01")

    def awarded(self, certificate: str = "scheme:cm-1", **changes: Any) -> str:
        body = {
            "certificate": certificate,
            "scheme": "copper_mark",
            "facility": "smelter:works",
            "activities": ["smelting"],
            "materials": ["Cu"],
            "valid_from": "2025-06-01",
            "valid_until": "2028-05-31",
            "status": "awarded",
            "status_from": "2025-06-01",
        }
        return self.say("standards.certificate", "scheme", body | changes, on="2025-06-01")

    def status(
        self, word: str, on: str, certificate: str = "scheme:irma-1", *, retroactive: bool = False
    ) -> str:
        body = {
            "certificate": certificate,
            "status": word,
            "effective_from": on,
            "because": "The scheme says so.",
            "retroactive": retroactive,
        }
        return self.say("standards.certificate_status", "scheme", body, on="2026-10-01")

    def distrust(self, author: str, kind: str) -> str:
        """Let the key of a company be distrusted from its first statement of a kind on."""
        said = Entry.objects.filter(kind=kind, author=author).order_by("recorded_order")
        [begun] = LogIndex.objects.filter(recorded_order=said[0].recorded_order)
        body = {
            "organization": author,
            "kid": Key.objects.get(organization_id=author).kid,
            "reason": "The key was on a stolen laptop.",
            "distrusted_from": begun.index,
        }
        return self.say("registry.key_revocation", "operator", body, on="2026-10-02")

    # ── machinery ─────────────────────────────────────────────────────────────────────────

    def publish(self) -> int:
        return publish_checkpoint(now=NOW)

    def follow(self) -> int:
        self.publish()
        return follow_log(now=NOW)

    def catch_up(self) -> None:
        """Publish, follow and assess until nothing is left to do."""
        self.follow()
        while assess_due(now=NOW):
            pass
        self.follow()

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def finding(self, rule: str, lot: str = "smelter:cathode", club: str = "club") -> Finding:
        row = Assessment.objects.get(lot=lot, mineral="Cu", club=club, is_current=True)
        [told] = [one for one in row.findings if one["rule_id"] == rule]
        return Finding.from_json(told)

    def verdict(self, lot: str = "smelter:cathode", club: str = "club") -> str:
        return Judgement.objects.get(lot=lot, mineral="Cu", club=club, is_current=True).verdict

    def flags(self, club: str = "club") -> dict[str, Flag]:
        return {
            flag.rule_id: flag for flag in Flag.objects.filter(club=club).exclude(status="closed")
        }
