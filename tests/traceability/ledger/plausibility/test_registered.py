"""What was registered about a facility, the words for figures, and checks as a whole."""

from datetime import timedelta
from fractions import Fraction

import pytest

from tests.traceability.ledger.plausibility.doubts import PIT, Tale, make
from traceability.ledger.plausibility import CHECKS
from traceability.ledger.plausibility.registered import registered
from traceability.ledger.plausibility.words import amount, number, span

BARE = {
    "facility": "acme:pit",
    "name": "Pit",
    "types": ["mine"],
    "country": "CL",
    "operator": {"organization": "acme"},
}


def test_silence_about_a_facility_is_unknown_and_none_is_none():
    silent = registered(BARE)
    assert (silent.coordinates, silent.nameplates, silent.known_materials()) == (None, None, None)
    assert silent.known_elements() == frozenset()

    told = registered(BARE | {"materials": [], "capacities": [], "latitude": "1"})
    assert (told.known_materials(), told.nameplates, told.coordinates) == (frozenset(), (), None)


def test_a_capacity_is_in_whole_units_whatever_it_was_stated_in():
    per_year = {"value": "2", "unit": "m3", "basis": "volume", "density": "1.5"}
    site = registered(
        BARE | {"capacities": [{"material": "brine", "per_year": per_year, "element": "Li"}]}
    )

    [nameplate] = site.nameplates
    assert (nameplate.amount, nameplate.unit) == (3 * 10**9, "mg")
    assert site.known_elements() == {"Li"}
    assert nameplate.counts(unit="mg", basis="wet")
    assert not nameplate.counts(unit="mg", basis="dry")


def test_checks_have_permanent_ids_and_say_what_they_look_at():
    assert [check.id for check in CHECKS] == [f"PL-{n:02}" for n in range(1, 19)]
    for check in CHECKS:
        assert all((check.title, check.concerns, check.explanations, check.severity))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_where_nothing_happened_nothing_is_observed(check):
    assert Tale().observed(check.id) == []


def test_a_place_nobody_registered_goes_by_its_id():
    tale = Tale(PIT)
    tale.add("extraction", make("acme:L1"))
    view = tale.view()

    assert view.called("acme:pit") == "Pit (acme:pit)"
    assert view.called("bolt:works") == "bolt:works"
    assert [act.entry for act in view.of("extraction")] == [f"{1:064x}"]


def test_figures_are_written_as_people_read_them():
    assert number(Fraction(1, 3)) == "0.33"
    assert amount(1_500_000) == "1.5 kg"
    assert amount(7, "piece") == "7 pieces"
    assert span(timedelta(hours=47, minutes=59)) == "47 h 59 min"
    assert span(timedelta(days=2, hours=12)) == "2.5 days"


def test_a_capacity_in_lithium_carbonate_equivalent_counts_lithium():
    per_year = {"value": "50000", "unit": "t LCE", "basis": "dry"}
    told = {"material": "lithium_carbonate", "per_year": per_year, "element": "Li"}
    [nameplate] = registered(BARE | {"capacities": [told]}).nameplates
    assert (nameplate.element, nameplate.amount // 10**9, nameplate.unit) == ("Li", 9392, "mg")
