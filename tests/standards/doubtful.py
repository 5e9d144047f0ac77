"""A world in which statements name seals, papers and times, for the tests of plausibility."""

from datetime import UTC, date, datetime
from typing import Any

from standards.dossiers import build_dossier
from standards.known import followed_size, law_at
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Finding
from standards.rulebook.rules import RULES
from tests.standards.world import NOW, World, kg, owned_by, percent
from traceability.registering import record_as_service, statement_document

SOON = datetime(2026, 3, 1, 18, tzinfo=UTC)


def paper(letter: str) -> dict[str, str]:
    return {"sha256": letter * 64, "title": "paper", "media_type": "application/pdf"}


class Doubtful(World):
    """A world whose statements say more of themselves, at any time."""

    def tell(
        self,
        kind: str,
        author: str,
        body: dict[str, Any],
        *,
        at: str = "2026-03-01T10:00:00-05:00",
        now: datetime = NOW,
        **members: Any,
    ) -> str:
        document = statement_document(
            kind=f"custody.{kind}", author=author, effective=at, body=body, **members
        )
        [outcome] = record_as_service([document], now=now)
        if outcome.error is not None:
            raise outcome.error
        return outcome.entry

    def registered(self, facility: str, kind: str, country: str = "CL", **more: Any) -> str:
        author = facility.partition(":")[0]
        body = {
            "facility": facility,
            "name": facility.title(),
            "types": [kind],
            "country": country,
            "operator": {"organization": author},
        }
        return self.say("registry.facility", author, body | more, on="2026-01-01")

    def dug(self, lot: str, kilograms: str = "30000", *, cu: str = "30", **said: Any) -> str:
        body = {
            "facility": "mine:pit",
            "lot": {
                "lot": lot,
                "material": said.pop("material", "copper_concentrate"),
                "form": "concentrate",
                "quantity": kg(kilograms) | said.pop("quantity", {}),
                "owners": owned_by("mine"),
                "assays": [percent("Cu", cu)],
            },
        }
        return self.tell("extraction", "mine", body | said.pop("body", {}), **said)

    def shipped(
        self, lot: str, kilograms: str = "30000", *, to: str = "smelter", **said: Any
    ) -> str:
        body = {
            "facility": "mine:pit",
            "consignment": f"mine:C-{lot.partition(':')[2]}",
            "consignee": {"organization": to},
            "lots": [{"lot": lot, "quantity": kg(kilograms)}],
        }
        return self.tell("shipment", "mine", body | said.pop("body", {}), **said)

    def arrived(self, lot: str, kilograms: str = "30000", **said: Any) -> str:
        body = {
            "facility": "smelter:works",
            "consignment": f"mine:C-{lot.partition(':')[2]}",
            "lots": [{"lot": lot, "accepted": kg(kilograms)}],
        }
        return self.tell("receipt", "smelter", body | said.pop("body", {}), **said)

    def introduced(self, lot: str, author: str = "smelter", **said: Any) -> str:
        body = {
            "facility": f"{author}:works" if author == "smelter" else f"{author}:plant",
            "reason": "purchase",
            "lot": {
                "lot": lot,
                "material": "copper_cathode",
                "form": "cathode",
                "quantity": kg("900"),
                "owners": owned_by(author),
            },
        }
        return self.tell("introduction", author, body | said.pop("body", {}), **said)

    def corrected(
        self, entry: str, body: dict[str, Any], lots: list[str], *, at: str, **said: Any
    ) -> str:
        told = {
            "replaces": entry,
            "reason": "typing error",
            "lots": lots,
            "replacement": {"effective": at, "body": body},
        }
        return self.tell("correction", said.pop("author", "mine"), told, **said)

    def voided(self, entry: str, lots: list[str], author: str = "mine", **said: Any) -> str:
        told = {"replaces": entry, "reason": "never happened", "lots": lots}
        return self.tell("void", author, told, **said)

    def found(
        self, rule: str, lot: str, mineral: str = "Cu", *, size: int | None = None
    ) -> Finding:
        """Return what a rule finds about a lot, under the packs alone."""
        self.follow()
        known = followed_size() if size is None else size
        dossier = build_dossier(lot, mineral, size=known, as_of=date(2026, 11, 1))
        [asked] = [one for one in RULES if one.id == rule]
        [finding] = evaluate(dossier, law_at(followed_size()), [asked]).findings
        return finding

    def outcomes(self, rule: str, *lots: str) -> list[str]:
        return [self.found(rule, lot).outcome.value for lot in lots]
