"""Judging lots again after a policy changed: dossier, all rules, one policy, flags, rows.

Two rates: by the wall clock, and by the CPU time of the process that judges, which says the same
on a machine where others are at work. The database's CPU time is told apart; `rate_with_database`
counts both.

Groups of lots that share about 100 (and 1,000) ancestors: concentrates of one mine, smelted two
by two, blended, refined to cathode, split into lots that are offered to a club. The new policy
version makes exactly the offered lots due; one process judges them. The second figure judges as
many lots of which no two share an ancestor, so nothing is shared work.
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import cpu_seconds, fresh_ledger, peak_megabytes, tell

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ON = "2026-03-01"
BLENDED_AT_ONCE = 100


def main() -> None:
    """Fill a ledger, change the policy, judge; print lots a second and the memory."""
    with fresh_ledger() as directory:
        world = World()
        world.begin()
        world.groups("shared", ancestors=100, groups=4, lots=60)
        world.groups("alone", ancestors=100, groups=60, lots=1)
        world.groups("deep", ancestors=1_000, groups=3, lots=20)
        filled = peak_megabytes()
        judged, taken = timed(directory, world.catch_up)
        tell(what="lots judged for the first time", lots=judged, **taken)
        for name in ("shared", "alone", "deep"):
            world.change_policy(name)
            judged, taken = timed(directory, world.judge)
            world.check(name, judged)
            tell(what=f"lots judged again: {name}", lots=judged, **taken)
        tell(
            what="peak memory of the process",
            megabytes=round(peak_megabytes()),
            before_judging=round(filled),
        )


def timed(directory: Path, judge: Callable[[], int]) -> tuple[int, dict[str, float]]:
    """Return how many lots were judged, and how many a second by the clock and by CPU time."""
    wall, own, every = time.perf_counter(), time.process_time(), cpu_seconds(directory)
    judged = judge()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    every = cpu_seconds(directory) - every
    return judged, {
        "rate_by_clock": round(judged / wall, 1),
        "rate_by_cpu": round(judged / own, 1),
        "rate_with_database": round(judged / every, 1),
        "database_cpu_ms_each": round((every - own) / judged * 1000, 1),
    }


class World:
    """One mine, one smelter, a scheme and a club for every set of lots."""

    def __init__(self) -> None:
        self.version = 0
        self.clubs: dict[str, int] = {}

    def begin(self) -> None:
        """Begin the ledger, with its companies and their sites, packs and certificates."""
        from traceability.registering import begin_ledger

        begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
        for name, role in {
            "mine": "company",
            "smelter": "company",
            "scheme": "assurance_scheme",
        }.items():
            self.register(name, role)
        self.site("mine:pit", "mine", ["mine"])
        self.site("smelter:works", "smelter", ["smelter", "refinery"])
        self.packs()
        self._certificates()

    def groups(self, club: str, *, ancestors: int, groups: int, lots: int) -> None:
        """Record groups of `lots` lots with so many ancestors, and offer them to a club."""
        self.register(club, "club")
        self.clubs[club] = groups * lots
        for group in range(groups):
            self._group(f"{club}-{group}", club, ancestors=ancestors, lots=lots)
        self.policy(club)

    def catch_up(self) -> int:
        """Publish, follow and assess until nothing is due; return how many lots were judged."""
        from standards.following import follow_log
        from traceability.publishing import publish_checkpoint

        publish_checkpoint(now=NOW)
        follow_log(now=NOW)
        judged = self.judge()
        publish_checkpoint(now=NOW)
        follow_log(now=NOW)
        return judged

    def change_policy(self, club: str) -> None:
        """Adopt another policy version and let it make due what it concerns."""
        from standards.following import follow_log
        from standards.models import DueAssessment
        from traceability.publishing import publish_checkpoint

        self.policy(club)
        publish_checkpoint(now=NOW)
        follow_log(now=NOW)
        due = DueAssessment.objects.filter(due_on__lte=NOW.date()).values("lot").distinct().count()
        if due != self.clubs[club]:
            sys.exit(f"{club}: {due} due")

    def judge(self) -> int:
        """Judge what is due; return how many lots that were."""
        from standards.assessing import assess_due

        judged = 0
        while done := assess_due(now=NOW):
            judged += done
        return judged

    def check(self, club: str, judged: int) -> None:
        """Stop where something else was judged than the lots the club was offered."""
        from standards.models import Judgement

        current = Judgement.objects.filter(club=club, is_current=True, policy__club=club)
        current = current.filter(policy__version=str(self.version))
        if not judged == current.count() == self.clubs[club]:
            sys.exit(f"{club}: {judged} judged, {current.count()} verdicts")

    # ── what is said ──────────────────────────────────────────────────────────────────────

    def register(self, name: str, role: str) -> None:
        """Register an organization whose key the service holds."""
        from traceability.keeping import keep_new_key
        from traceability.registering import enrolment

        key = keep_new_key(name)
        body = {
            "organization": name,
            "name": name,
            "country": "CA",
            "roles": [role],
            "key": enrolment(key, name, held_by="service"),
        }
        self._say([("registry.organization", "operator", body)])

    def site(self, facility: str, author: str, types: list[str]) -> None:
        """Register a facility."""
        body = {
            "facility": facility,
            "name": facility,
            "types": types,
            "country": "CA",
            "operator": {"organization": author},
        }
        self._say([("registry.facility", author, body)])

    def policy(self, club: str) -> None:
        """Adopt the next version of a club's policy, with another threshold."""
        from standards.certifying import adopt_policy

        self.version += 1
        values = {
            "custody.output_excess_tolerance": ("share", "0"),
            "geography.mined_group": ("text", "geography.usmca_parties"),
            "geography.minimum_mined_share": ("share", f"0.{500 + self.version}"),
            "geography.recycled_treatment": ("text", "apart"),
            "irma.minimum_level": ("text", "IRMA 50"),
            "irma.minimum_share": ("share", f"0.{500 + self.version}"),
            "irma.recycled_treatment": ("text", "apart"),
            "copper_mark.minimum_share": ("share", f"0.{500 + self.version}"),
        }
        parameters = {
            key: {
                "title": key,
                "unit": unit,
                "versions": [{"value": value, "in_force_from": "2026-01-01", "source": "Policy"}],
            }
            for key, (unit, value) in values.items()
        }
        requirements = [
            {"rule_id": rule, "severity": "major", "flag_due_days": 14}
            for rule in ("MB-13", "IRMA-02", "CM-02", "B1", "B4")
        ]
        form = {
            "club": club,
            "version": str(self.version),
            "title": "Policy",
            "effective_from": "2026-01-01",
            "parameters": parameters,
            "requirements": requirements,
        }
        adopt_policy(form, effective="2026-01-01", now=NOW)

    def packs(self) -> None:
        """Activate every pack that no club laid over another."""
        from datetime import date

        from standards.certifying import activate_pack
        from standards.rulebook.pack_format import shipped_packs

        for pack in shipped_packs():
            if not pack.overlays:
                activate_pack(pack, effective=date(2026, 1, 1), now=NOW)

    def _certificates(self) -> None:
        for scheme, facility, activity, level in (
            ("irma", "mine:pit", "extraction", {"level": "IRMA 75", "published_on": "2025-06-01"}),
            ("copper_mark", "smelter:works", "smelting", {}),
        ):
            body = {
                "certificate": f"scheme:{scheme}",
                "scheme": scheme,
                "facility": facility,
                "activities": [activity],
                "materials": ["Cu"],
                "valid_from": "2025-06-01",
                "valid_until": "2028-05-31",
                "status": "published" if level else "awarded",
                "status_from": "2025-06-01",
            }
            self._say([("standards.certificate", "scheme", body | level)])

    def _group(self, name: str, club: str, *, ancestors: int, lots: int) -> None:
        """Record one group: concentrates, anodes, blends, one cathode lot, its parts."""
        concentrates = [f"mine:{name}-c{n}" for n in range(ancestors * 2 // 3)]
        consignment = f"mine:{name}"
        self._say([("custody.extraction", "mine", _mined(lot)) for lot in concentrates])
        for part in _chunks(concentrates, 200):
            number = f"{consignment}-{part[0].rpartition('c')[2]}"
            self._say(
                [
                    ("custody.shipment", "mine", _shipment(number, part)),
                    ("custody.receipt", "smelter", _receipt(number, part)),
                ]
            )
        anodes = [f"smelter:{name}-a{n}" for n in range(len(concentrates) // 2)]
        self._say(
            [
                ("custody.transformation", "smelter", _smelted(pair, anode))
                for pair, anode in zip(_chunks(concentrates, 2), anodes, strict=False)
            ]
        )
        blends, mass = [], 8
        for n, part in enumerate(_chunks(anodes, BLENDED_AT_ONCE)):
            blend = f"smelter:{name}-b{n}"
            self._say([("custody.blend", "smelter", _blended(dict.fromkeys(part, mass), blend))])
            blends.append((blend, mass * len(part)))
        whole = f"smelter:{name}-w"
        total = sum(amount for _, amount in blends)
        self._say([("custody.blend", "smelter", _blended(dict(blends), whole))])
        cathode, share = f"smelter:{name}-k", total // (lots + 1)
        self._say([("custody.transformation", "smelter", _refined(whole, total, cathode))])
        parts = [f"smelter:{name}-p{n}" for n in range(lots)]
        for chunk in _chunks(parts, 100):
            self._say([("custody.split", "smelter", _split(cathode, chunk, max(share, 1)))])
            self._say([("custody.offer", "smelter", {"lots": chunk, "audience": [club]})])

    def _say(self, claims: list[tuple[str, str, dict[str, Any]]]) -> None:
        from traceability.registering import record_as_service, statement_document

        documents = [
            statement_document(
                kind=kind,
                author=author,
                effective=f"{ON}T10:00:00-05:00" if kind.startswith("custody.") else ON,
                body=body,
            )
            for kind, author, body in claims
        ]
        for outcome in record_as_service(documents, now=NOW):
            if outcome.error is not None:
                raise outcome.error


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _tonnes(value: int) -> dict[str, str]:
    return {"value": str(value), "unit": "t", "basis": "dry"}


def _lot(name: str, material: str, form: str, tonnes: int, cu: str | None = None) -> dict[str, Any]:
    assays = [{"element": "Cu", "value": cu, "unit": "percent", "basis": "dry"}] if cu else []
    owner = {"organization": name.partition(":")[0]}
    lot = {
        "lot": name,
        "material": material,
        "form": form,
        "quantity": _tonnes(tonnes),
        "owners": [{"owner": owner, "parts": 1}],
    }
    return lot | ({"assays": assays} if assays else {})


def _mined(lot: str) -> dict[str, Any]:
    made = _lot(lot, "copper_concentrate", "concentrate", 20, "28")
    return {"facility": "mine:pit", "lot": made}


def _shipment(number: str, lots: list[str]) -> dict[str, Any]:
    return {
        "facility": "mine:pit",
        "consignment": number,
        "consignee": {"organization": "smelter"},
        "lots": [{"lot": lot, "quantity": _tonnes(20)} for lot in lots],
    }


def _receipt(number: str, lots: list[str]) -> dict[str, Any]:
    accepted = [{"lot": lot, "accepted": _tonnes(20)} for lot in lots]
    return {"facility": "smelter:works", "consignment": number, "lots": accepted}


def _smelted(pair: list[str], anode: str) -> dict[str, Any]:
    made = _lot(anode, "copper_anode", "anode", 10, "99")
    return {
        "facility": "smelter:works",
        "stage": "smelting",
        "inputs": [{"lot": lot, "quantity": _tonnes(20), "role": "feed"} for lot in pair],
        "outputs": [made | {"role": "product"}],
    }


def _blended(taken: dict[str, int], into: str) -> dict[str, Any]:
    return {
        "facility": "smelter:works",
        "inputs": [{"lot": lot, "quantity": _tonnes(amount)} for lot, amount in taken.items()],
        "output": _lot(into, "copper_anode", "anode", sum(taken.values())),
    }


def _refined(whole: str, total: int, cathode: str) -> dict[str, Any]:
    made = _lot(cathode, "copper_cathode", "cathode", total * 98 // 100, "99.99")
    return {
        "facility": "smelter:works",
        "stage": "refining",
        "inputs": [{"lot": whole, "quantity": _tonnes(total), "role": "feed"}],
        "outputs": [made | {"role": "product"}],
    }


def _split(lot: str, parts: list[str], tonnes: int) -> dict[str, Any]:
    taken = [{"lot": part, "quantity": _tonnes(tonnes)} for part in parts]
    return {"facility": "smelter:works", "lot": lot, "parts": taken}


if __name__ == "__main__":
    main()
