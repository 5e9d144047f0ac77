"""The dossier, and its form in JSON."""

from datetime import date
from pathlib import Path

import pytest
from account_builders import FIRST_END, account, at, claim, close, issue, loss, received
from rulebook_builders import (
    answered,
    credential,
    dossier,
    exactly,
    form,
    smelter,
    snapshot,
    source,
    step,
)

import standards.rulebook
from standards.rulebook.dossier import Dossier, MassRange
from standards.rulebook.dossier_format import dossier_as_json, parse_dossier
from standards.rulebook.evaluation import evaluate
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES
from standards.rulebook.terms import Terms

FULL = dossier(
    source(10, facility_name="Mine"),
    dates={"delivered_on": date(2026, 11, 2)},
    steps=(step(10, missing=("assay certificate",)), step(10, input_mg=None)),
    credentials=(credential(), credential(activities=None, level=None, valid_from=None)),
    snapshots=(snapshot(),),
    forms=(form("emrt", answered("q1"), sources=(smelter(mine_countries=("FI",)),)),),
    claims=(claim("A", 20, 4, withdrawn_at=at(30)),),
    accounts=(
        close(
            account(received("one", 10, 10), claims=(claim("A", 20, 4),)),
            Terms(),
            FIRST_END,
            1000,
            adjustments=(loss("one", 100, 1),),
            issues=(issue("S1", 110, 1),),
        ),
    ),
    credits=(issue("S2", 5, 3, account=None),),
)


OBSERVED = {
    "entry": "a" * 64,
    "author": "acme",
    "lot": "acme:L1",
    "facility": None,
    "because": "so it was measured",
}


def test_a_dossier_survives_being_written_and_read():
    assert parse_dossier(dossier_as_json(FULL)) == FULL


def test_what_is_not_written_is_unknown():
    told = dossier_as_json(FULL)
    del told["contained_mg"], told["sources"][0]["country"]
    assert parse_dossier(told).contained_mg is None
    assert parse_dossier(told).sources[0].country is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "dossier.colour: unknown member"),
        ({"lot_id": None}, "dossier.lot_id: missing"),
        ({"log_size": True}, "dossier.log_size: int needed, not bool"),
        ({"log_size": "7"}, "dossier.log_size: int needed, not str"),
        ({"as_of": "2026-02-30"}, "day is out of range"),
        ({"dates": []}, "dossier.dates: dict needed"),
        ({"sources": {}}, "dossier.sources: list needed"),
        ({"sources": [3]}, r"dossier.sources\[0\]: a table is needed"),
        ({"contained_mg": {"low_mg": 3, "high_mg": 2}}, "no mass lies between 3 mg and 2 mg"),
        ({"contained_mg": {"low_mg": -1, "high_mg": 2}}, "no mass lies between"),
        ({"mineral": 29}, "dossier.mineral: str needed"),
        ({"observations": []}, "dossier.observations: dict needed"),
        ({"observations": {"PL-06": [OBSERVED | {"worst": "1/0"}]}}, "a ratio such as 3/7 needed"),
        ({"observations": {"PL-06": [OBSERVED | {"worst": 1}]}}, "a ratio such as 3/7 needed"),
        ({"observations": {"PL-06": [{}]}}, r"observations.PL-06\[0\].entry: missing"),
    ],
)
def test_a_malformed_dossier_is_refused_with_the_place(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_dossier(dossier_as_json(FULL) | change)


def test_an_instant_has_an_offset():
    told = dossier_as_json(FULL)
    told["claims"][0]["at"] = "2026-01-21T12:00:00"
    with pytest.raises(ValueError, match=r"dossier.claims\[0\].at: an instant has an offset"):
        parse_dossier(told)
    told["claims"][0]["at"] = at(20)
    assert parse_dossier(told) == FULL


def test_toml_days_are_read_as_they_are():
    assert parse_dossier(dossier_as_json(FULL) | {"as_of": date(2026, 11, 1)}) == FULL


def test_every_field_of_a_dossier_is_read_by_a_rule():
    read = set(evaluate(FULL, Law(shipped_packs()), RULES).inputs_read)
    touched_by_rules = read | {
        name for name in Dossier.__dataclass_fields__ if f"dossier.{name}" in _source_of_rules()
    }
    assert touched_by_rules >= set(Dossier.__dataclass_fields__)


def _source_of_rules() -> str:
    folder = Path(standards.rulebook.__file__ or "").parent
    return "".join(path.read_text() for path in folder.rglob("*.py"))


def test_a_mass_range_may_be_a_point():
    assert exactly(3) == MassRange(low_mg=3, high_mg=3)
