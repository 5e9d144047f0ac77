"""Builders for dossiers, laws and policies: plain functions, all defaults visible."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from standards.rulebook.credential import Credential, CredentialStatus, Snapshot
from standards.rulebook.dossier import Dossier, MassRange, Source, Step
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Finding, Outcome, Subject
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
    usual = Source(
        id="s1",
        kind="mined",
        facility_id="acme:mine",
        country=country,
        mg=mg,
        dispatched_on=DISPATCH,
        organization_id="acme",
        lot_id="acme:ore",
        entry=entry("a"),
    )
    return replace(usual, **changes)


def step(mg: int, stage: str = "smelting", **changes: Any) -> Step:
    usual = Step(
        entry=entry("b"),
        stage=stage,
        facility_id="acme:plant",
        facility_name=None,
        country="CA",
        organization_id="acme",
        performed_on=PROCESSING,
        mg=mg,
        input_mg=exactly(mg),
        output_mg=exactly(mg),
    )
    return replace(usual, **changes)


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
}


def law(**values: Any) -> Law:
    """The shipped packs with a club's values; `None` leaves one unset. Keys with `__` for `.`"""
    chosen = CLUB_VALUES | {key.replace("__", "."): value for key, value in values.items()}
    packs: dict[str, Pack] = {one.id: one for one in shipped_packs() if not one.overlays}
    for key, value in chosen.items():
        if value is not None:
            owner = key.partition(".")[0]
            packs[owner] = overridden_pack(packs[owner], {key: value})
    return Law(packs.values())


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
    usual = Finding(rule_id=rule_id, subject=subject, outcome=outcome, because="so it is")
    return replace(usual, **changes)


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
        cap_mg=None,
    )
    return replace(usual, **changes)
