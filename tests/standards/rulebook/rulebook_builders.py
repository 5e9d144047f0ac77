"""Builders for dossiers, laws and policies: plain functions, all defaults visible."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from standards.rulebook.accounts import Claim
from standards.rulebook.bounds import Bounds
from standards.rulebook.credential import (
    Credential,
    CredentialOutcome,
    CredentialStatus,
    Listing,
    Snapshot,
)
from standards.rulebook.dossier import (
    DeclaredClaim,
    Dossier,
    Hand,
    MassRange,
    PathLot,
    Source,
    Step,
)
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Finding, Outcome, Subject
from standards.rulebook.forms import Answer, Form, NamedSite
from standards.rulebook.law import Law, Pack, PackReference, Parameter, Provision
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from standards.rulebook.policy import ClubPolicy, Requirement, Waiver
from standards.rulebook.rule import Rule

NOVEMBER = date(2026, 11, 1)
DISPATCH = date(2026, 10, 1)
PROCESSING = date(2026, 10, 15)


def entry(letter: str) -> str:
    return letter * 64


def exactly(mg: int) -> MassRange:
    return MassRange(low_mg=mg, high_mg=mg)


def source(mg: int, country: str | None = "CL", **changes: Any) -> Source:
    usual = {
        "id": "s1",
        "kind": "mined",
        "facility_id": "acme:mine",
        "dispatched_on": DISPATCH,
        "organization_id": "acme",
        "lot_id": "acme:ore",
        "entry": entry("a"),
    }
    return Source(**{"mg": mg, "country": country} | usual | changes)


def step(mg: int, stage: str = "smelting", **changes: Any) -> Step:
    usual = {
        "entry": entry("b"),
        "facility_id": "acme:plant",
        "facility_name": None,
        "country": "CA",
        "organization_id": "acme",
        "performed_on": PROCESSING,
        "input_mg": exactly(mg),
        "output_mg": exactly(mg),
    }
    return Step(**{"mg": mg, "stage": stage} | usual | changes)


def status(word: str = "published", on: date = date(2025, 1, 10), **changes: Any) -> Any:
    usual = CredentialStatus(status=word, effective_from=on, known_from=5)
    return replace(usual, **changes)


def credential(scheme: str = "irma", **changes: Any) -> Credential:
    usual = Credential(
        id="c1",
        scheme=scheme,
        standard=None,
        version=None,
        level="IRMA 50" if scheme == "irma" else None,
        facility_id="acme:mine" if scheme == "irma" else "acme:plant",
        activities=("extraction",) if scheme == "irma" else ("smelting", "refining"),
        materials=("Cu",),
        valid_from=date(2025, 1, 10),
        valid_until=date(2028, 1, 9),
        published_on=date(2025, 1, 10),
        entry=entry("c"),
        statuses=(status("published" if scheme == "irma" else "awarded"),),
    )
    return replace(usual, **changes)


def snapshot(scheme: str = "irma", on: date = NOVEMBER, *, complete: bool = True) -> Snapshot:
    return Snapshot(scheme=scheme, retrieved_on=on, complete=complete, entry=entry("d"))


def listed(subject: str = "acme:mine", **changes: Any) -> Listing:
    return Listing(subject_id=subject, **changes)


def rated(code: str, rating: str | None = None, kind: str = "criterion", **changes: Any) -> Any:
    return CredentialOutcome(kind=kind, code=code, rating=rating, **changes)


def path_lot(lot_id: str = "acme:L1", *parents: str, **changes: Any) -> PathLot:
    usual = PathLot(
        lot_id=lot_id,
        parents=parents,
        maker="acme",
        facility_id="acme:plant",
        stage="smelting",
        made_on=PROCESSING,
        owners=("acme",),
    )
    return replace(usual, **changes)


def hand(giver: str, taker: str | None, on: date = DISPATCH, kind: Any = "custody") -> Hand:
    return Hand(kind=kind, giver=giver, taker=taker, on=on, entry=entry("e"))


def claimed(scheme: str = "irma", **changes: Any) -> DeclaredClaim:
    usual = DeclaredClaim(
        id="acme:d1#0",
        lot_id="acme:L1",
        claimant="acme",
        recipient="buyer",
        scheme=scheme,
        mineral=None,
        level="IRMA 50" if scheme == "irma" else None,
        model="segregated",
        code="contains",
        facility_id=None,
        share=None,
        says=None,
        wording="From a responsible mine.",
        fields=("code", "lot", "recipient", "scheme", "wording"),
        made_on=PROCESSING,
        entry=entry("f"),
    )
    return replace(usual, **changes)


def answered(question: str, answer: str | None = "yes", mineral: str | None = "Co", **changes: Any):
    return Answer(question=question, answer=answer, mineral=mineral, **changes)


def smelter(number: str | None = "CID1", mineral: str = "Co", **changes: Any) -> NamedSite:
    usual = NamedSite(role="smelter", mineral=mineral, lookup="listed", number=number, country="FI")
    return replace(usual, **changes)


def form(name: str = "emrt", *answers: Answer, **changes: Any) -> Form:
    usual = Form(
        id=f"acme:{name}",
        author="acme",
        form=name,
        version={"cmrt": "6.5", "emrt": "2.1", "amrt": "1.3"}.get(name),
        answers=answers,
        authorized_on=NOVEMBER,
        made_on=NOVEMBER,
        entry=entry("7"),
    )
    return replace(usual, **changes)


def booked_claim(**changes: Any) -> Claim:
    usual = Claim(
        id="acme:c1",
        entry=entry("9"),
        index=1,
        at=datetime.combine(PROCESSING, time(12), UTC),
        account="acme:A",
        holder="acme",
        recipient="buyer",
        lot_id="acme:L1",
        element="Cu",
        scheme="irma",
        tier="IRMA 50",
        model="mass_balance",
        code="contains",
        mg=10,
    )
    return replace(usual, **changes)


def dossier(*sources: Source, mineral: str = "Cu", **changes: Any) -> Dossier:
    usual = Dossier(
        lot_id="acme:L1",
        mineral=mineral,
        log_size=100,
        as_of=NOVEMBER,
        dates={},
        contained_mg=exactly(sum(one.mg for one in sources)),
        sources=sources,
        steps=(),
        credentials=(),
        snapshots=(),
    )
    return replace(usual, **changes)


CLUB_VALUES: dict[str, Any] = {
    "geography.mined_group": "geography.usmca_parties",
    "geography.minimum_mined_share": "0.5",
    "geography.recycled_treatment": "apart",
    "irma.minimum_level": "IRMA 50",
    "irma.minimum_share": "0.75",
    "irma.recycled_treatment": "apart",
    "copper_mark.minimum_share": "1",
    "credentials.minimum_share": "1",
    "credentials.required_schemes": ["irma"],
}


UNSET = "nobody has filled this in"


def law(**values: Any) -> Law:
    """The shipped packs with a club's values. Keys with `__` for `.`

    `None` leaves a pack's own value, which is unset where it is a club's to set; `UNSET` takes it
    away.
    """
    chosen = CLUB_VALUES | {key.replace("__", "."): value for key, value in values.items()}
    told = {key: value for key, value in chosen.items() if value is not None}
    return _law(json.dumps(told, sort_keys=True))


@lru_cache(maxsize=512)
def _law(values: str) -> Law:
    packs: dict[str, Pack] = {one.id: one for one in shipped_packs() if not one.overlays}
    by_pack: dict[str, dict[str, Any]] = {}
    for key, value in json.loads(values).items():
        by_pack.setdefault(key.partition(".")[0], {})[key] = value
    for owner, overrides in by_pack.items():
        plain = {
            key: _taken_away(packs[owner], key) if value == UNSET else value
            for key, value in overrides.items()
        }
        packs[owner] = overridden_pack(packs[owner], plain)
    return Law(packs.values())


def _taken_away(pack: Pack, key: str) -> dict[str, Any]:
    was = pack.parameters[key]
    version = {
        "in_force_from": "0001-01-01",
        "published_on": "0001-01-01",
        "checked_on": "0001-01-01",
        "source": "Nobody",
        "url": "",
        "status": "hypothetical",
        "verification": "unset",
    }
    return {"title": was.title, "unit": was.unit, "versions": [version]}


def finding_of(rule: Rule, about: Dossier, **values: Any) -> Finding:
    [finding] = evaluate(about, law(**values), [rule]).findings
    return finding


def provision(key: str = "demo.value", **changes: Any) -> Provision:
    usual = Provision(
        key=key,
        unit="share",
        value=Decimal("0.5"),
        in_force_from=date(2026, 1, 1),
        published_on=date(2025, 12, 1),
        source="Demo Act, s. 1",
        url="https://example.org/act",
        status="in_force",
        verification="official",
        checked_on=date(2026, 11, 23),
        pack=PackReference(id="demo", version="1", digest="0" * 64),
    )
    return replace(usual, **changes)


def parameter(*versions: Provision, key: str = "demo.value") -> Parameter:
    return Parameter(key=key, title="A value", unit="share", versions=versions)


def law_of(*parameters: Parameter) -> Law:
    return Law((), {one.key: one for one in parameters})


def finding(outcome: Outcome = Outcome.CONFORMS, rule_id: str = "R1", **changes: Any) -> Finding:
    subject = Subject(kind="lot", id="acme:L1", mineral="Cu")
    usual = {"rule_id": rule_id, "subject": subject, "because": "so it is"}
    return Finding(outcome=outcome, **usual | changes)


def requirement(rule_id: str = "R1", **changes: Any) -> Requirement:
    usual = Requirement(rule_id=rule_id, minerals=None, severity="major", flag_due_days=14)
    return replace(usual, **changes)


def policy(*requirements: Requirement, **changes: Any) -> ClubPolicy:
    usual = ClubPolicy(
        club="club",
        version="1",
        title="Policy",
        effective_from=date(2026, 1, 1),
        parameters={},
        requirements=requirements,
        digest="0" * 64,
    )
    return replace(usual, **changes)


BOUNDS = Bounds(
    hard_stops=frozenset({"CRED-01", "CRED-11", "ISO-MB-02", "LAW-01", "MB-01", "OECD-02"}),
    voiding=frozenset({"CRED-11", "LAW-01", "OECD-02"}),
    most_days=120,
    most_mg={"Cu": 100},
    most_at_once=2,
)


def waiver(**changes: Any) -> Waiver:
    usual = Waiver(
        id="W1",
        club="club",
        rule_ids=("R1",),
        lot_ids=None,
        facility_ids=None,
        minerals=None,
        valid_from=date(2026, 10, 1),
        valid_until=date(2026, 12, 31),
        cap_mg=10,
        place=1,
        bounds=BOUNDS,
    )
    return replace(usual, **changes)
