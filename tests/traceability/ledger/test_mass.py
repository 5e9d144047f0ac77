"""From what was entered to milligrams, and from milligrams to contained metal."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from traceability import errors
from traceability.errors import kg
from traceability.ledger.contained import (
    Contained,
    assay_fraction,
    contained_interval,
    contained_mg,
)
from traceability.ledger.elements import mass_fraction
from traceability.ledger.mass import (
    MASS_UNITS,
    UNITS,
    Interval,
    Range,
    exactly,
    gross_amount,
    mass_mg,
    parse_decimal,
    significant_digits,
)

texts = st.from_regex(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?", fullmatch=True).filter(str.isascii)
shares = st.decimals("0", "1", places=6)
moistures = st.decimals("0", "0.999999", places=6)
masses = st.integers(0, 10**18)
bases = st.sampled_from(["wet", "dry", "as_received"])
assay_bases = st.sampled_from(["dry", "as_received"])


@given(text=texts)
def test_a_number_of_the_record_keeps_every_digit(text):
    assert format(parse_decimal(text), "f") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1e3",
        "01",
        "1.",
        ".5",
        "1,5",
        "1_000",
        " 1",
        "1\n",
        "NaN",
        "Infinity",
        "1" * 19,
        "0.1234567890123",
        "\N{ARABIC-INDIC DIGIT ONE}",
        1,
        1.5,
        True,
        None,
    ],
)
def test_anything_else_is_no_number(text):
    with pytest.raises(errors.DecimalMalformed) as refused:
        parse_decimal(text, at="$.value")
    assert refused.value.as_json()["at"] == "$.value"


@given(text=texts.filter(lambda text: Decimal(text) > 0))
def test_the_digits_of_a_number_are_those_of_the_whole_number_it_is_a_power_of_ten_of(text):
    whole = int(Fraction(text) * 10**12)
    assert significant_digits(text) == len(str(whole).rstrip("0"))


@pytest.mark.parametrize(
    ("text", "digits"),
    [("40000", 1), ("42000", 2), ("0.042", 2), ("18.10", 3), ("40000.00", 1), ("10.05", 4)],
)
def test_zeros_at_either_end_are_no_significant_digits(text, digits):
    assert significant_digits(text) == digits


@given(text=texts, unit=st.sampled_from(sorted(MASS_UNITS)))
def test_a_mass_is_rounded_once_and_half_to_even(text, unit):
    exact = Fraction(text) * Fraction(MASS_UNITS[unit])
    assume(0 < round(exact) <= 10**18)
    assert mass_mg(Decimal(text), unit) == round(exact)


@pytest.mark.parametrize(
    ("value", "unit", "milligrams"),
    [
        ("0.5000000001", "mg", 1),
        ("1.5", "mg", 2),
        ("2.5", "mg", 2),
        ("1", "lb", 453_592),
        ("1000", "oz t", 31_103_477),
        ("12.5", "t", 12_500_000_000),
        ("1000000000000", "kg", 10**18),
        ("0.000000001", "t", 1),
    ],
)
def test_units_convert_by_their_legal_definition(value, unit, milligrams):
    assert mass_mg(Decimal(value), unit) == milligrams


@pytest.mark.parametrize(
    ("value", "unit", "error"),
    [
        ("0", "kg", errors.MassNotPositive),
        ("-1", "kg", errors.MassNotPositive),
        ("0.5", "mg", errors.MassNotPositive),
        ("1000000000000.000001", "kg", errors.MassOutOfRange),
        ("1", "ton", errors.UnknownUnit),
        ("1", "L", errors.UnknownUnit),
    ],
)
def test_an_impossible_mass_is_refused(value, unit, error):
    with pytest.raises(error):
        mass_mg(Decimal(value), unit)


def test_the_hint_of_an_unknown_unit_lists_the_units():
    with pytest.raises(errors.UnknownUnit) as refused:
        gross_amount(value=Decimal(1), unit="stone", basis="wet")
    assert all(unit in refused.value.hint for unit in UNITS)


def test_a_unit_that_is_no_text_is_unknown_too():
    with pytest.raises(errors.UnknownUnit):
        gross_amount(value=Decimal(1), unit=None, basis="wet")
    with pytest.raises(errors.UnitDoesNotFitBasis):
        gross_amount(value=Decimal(1), unit="t", basis=None)


@pytest.mark.parametrize("basis", ["wet", "dry", "as_received"])
def test_a_tonne_is_booked_as_it_is_on_any_basis(basis):
    assert gross_amount(value=Decimal("2.5"), unit="t", basis=basis) == (2_500_000_000, "mg")


def test_a_volume_becomes_a_mass_by_its_density():
    brine = {"basis": "volume", "density_kg_l": Decimal("1.2")}
    assert gross_amount(value=Decimal("2.5"), unit="m3", **brine) == (3_000_000_000, "mg")
    assert gross_amount(value=Decimal(2500), unit="L", **brine) == (3_000_000_000, "mg")


@given(value=texts, density=texts)
def test_no_digit_is_lost_between_volume_and_mass(value, density):
    exact = Fraction(value) * Fraction(density) * 10**9
    assume(0 < round(exact) <= 10**18)
    amount, _ = gross_amount(
        value=Decimal(value), unit="m3", basis="volume", density_kg_l=Decimal(density)
    )
    assert amount == round(exact)


@pytest.mark.parametrize(
    ("quantity", "error"),
    [
        ({"unit": "m3", "basis": "volume"}, errors.DensityMissing),
        ({"unit": "m3", "basis": "wet"}, errors.UnitDoesNotFitBasis),
        ({"unit": "t", "basis": "volume"}, errors.UnitDoesNotFitBasis),
        ({"unit": "t", "basis": "count"}, errors.UnitDoesNotFitBasis),
        ({"unit": "piece", "basis": "dry"}, errors.UnitDoesNotFitBasis),
        ({"unit": "piece", "basis": "count", "value": Decimal("1.5")}, errors.CountNotWhole),
        ({"unit": "piece", "basis": "count", "value": Decimal(0)}, errors.MassNotPositive),
        (
            {"unit": "piece", "basis": "count", "value": Decimal(10**12 + 1)},
            errors.MassOutOfRange,
        ),
        (
            {"unit": "m3", "basis": "volume", "density_kg_l": Decimal(0)},
            errors.MassNotPositive,
        ),
    ],
)
def test_a_quantity_whose_parts_do_not_fit_is_refused(quantity, error):
    with pytest.raises(error):
        gross_amount(**({"value": Decimal(1)} | quantity))


def test_pieces_are_counted():
    assert gross_amount(value=Decimal("12.0"), unit="piece", basis="count") == (12, "piece")


@given(mass=st.integers(-(10**19), 10**19))
def test_kilograms_are_written_exactly(mass):
    assert Fraction(kg(mass)) * 1_000_000 == mass


def test_kilograms_are_written_briefly():
    assert [kg(10_000_000), kg(10_500_000), kg(1), kg(0), kg(-1_500_000)] == [
        "10",
        "10.5",
        "0.000001",
        "0",
        "-1.5",
    ]


# ── contained metal ───────────────────────────────────────────────────────────────────────


@given(gross=masses, moisture=moistures, assay=shares)
def test_contained_is_gross_times_dry_share_times_assay(gross, moisture, assay):
    expected = round(gross * (1 - Fraction(moisture)) * Fraction(assay))
    for basis in ("wet", "as_received"):
        assert expected == contained_mg(
            gross, basis=basis, moisture=moisture, fraction=assay, fraction_basis="dry"
        )


@given(gross=masses, assay=shares, basis=bases, fraction_basis=assay_bases)
def test_moisture_is_needed_only_between_wet_and_dry(gross, assay, basis, fraction_basis):
    contained = contained_mg(
        gross, basis=basis, moisture=None, fraction=assay, fraction_basis=fraction_basis
    )
    if (basis == "dry") == (fraction_basis == "dry"):
        assert contained == round(gross * Fraction(assay))
    else:
        assert contained is None


@given(gross=masses, moisture=moistures, assay=shares)
def test_a_dry_weight_with_a_wet_assay_is_first_made_wet(gross, moisture, assay):
    dry = 1 - Fraction(moisture)
    assume(Fraction(assay) <= dry)
    contained = contained_mg(
        gross, basis="dry", moisture=moisture, fraction=assay, fraction_basis="as_received"
    )
    assert contained == round(gross * Fraction(assay) / dry)


ranges_of_shares = st.tuples(shares, shares).map(lambda ends: Range(low=min(ends), high=max(ends)))
ranges_of_moisture = st.tuples(moistures, moistures).map(
    lambda ends: Range(low=min(ends), high=max(ends))
)
ranges_of_mass = st.tuples(masses, masses).map(lambda ends: Interval(low=min(ends), high=max(ends)))


@given(
    gross=ranges_of_mass,
    basis=bases,
    moisture=st.none() | ranges_of_moisture,
    fraction=st.none() | ranges_of_shares,
    fraction_basis=assay_bases,
    ends=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    unknowns=st.tuples(moistures, shares),
)
def test_whatever_is_true_lies_within_the_bounds(
    gross, basis, moisture, fraction, fraction_basis, ends, unknowns
):
    """Choose any truth that the documents allow: its contained mass is in the interval."""
    true_gross = gross.high if ends[0] else gross.low
    water = unknowns[0] if moisture is None else moisture.high if ends[1] else moisture.low
    assay = unknowns[1] if fraction is None else fraction.high if ends[2] else fraction.low
    try:
        told = contained_interval(
            gross, basis=basis, moisture=moisture, fraction=fraction, fraction_basis=fraction_basis
        )
        truth = contained_mg(
            true_gross, basis=basis, moisture=water, fraction=assay, fraction_basis=fraction_basis
        )
    except errors.AssayImpossible:
        reject()
    assert told.bounds.low <= truth <= told.bounds.high
    assert told.mass is None or told.mass == told.bounds
    assert (told.mass is None) == bool(told.missing)


def test_a_missing_document_is_named_and_bounds_what_it_cannot_tell():
    lot = {"basis": "wet", "fraction_basis": "dry"}
    half = Range(low=Decimal("0.3"), high=Decimal("0.3"))
    assert contained_interval(exactly(1000), moisture=None, fraction=half, **lot) == Contained(
        mass=None, bounds=Interval(low=0, high=300), missing=("moisture",)
    )
    assert contained_interval(
        exactly(1000), moisture=None, fraction=None, at_most=Fraction(1, 5), **lot
    ) == Contained(mass=None, bounds=Interval(low=0, high=200), missing=("assay",))


def test_a_dry_lot_with_a_wet_assay_and_no_moisture_may_be_pure():
    told = contained_interval(
        exactly(1000),
        basis="dry",
        moisture=None,
        fraction=Range(low=Decimal("0.3"), high=Decimal("0.3")),
        fraction_basis="as_received",
        at_most=Fraction(1, 2),
    )
    assert (told.mass, told.bounds.low) == (None, 300)
    assert told.bounds.high == round(1000 * Fraction(1, 2) * Fraction(2001, 2000))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"moisture": Decimal(1)}, errors.MoistureImpossible),
        ({"moisture": Decimal("1.2")}, errors.MoistureImpossible),
        ({"moisture": Decimal("-0.1")}, errors.MoistureImpossible),
        ({"fraction": Decimal("1.001")}, errors.AssayImpossible),
        ({"fraction": Decimal("-0.1")}, errors.AssayImpossible),
        ({"fraction": Decimal("0.36"), "at_most": "CuFeS2"}, errors.AssayImpossible),
        # 0.9 of the wet mass at 20 % water would be 1.125 of the dry mass
        (
            {"fraction": Decimal("0.9"), "fraction_basis": "as_received"},
            errors.AssayImpossible,
        ),
    ],
)
def test_what_no_substance_can_hold_is_refused(changes, error):
    asked = {
        "basis": "wet",
        "moisture": Decimal("0.2"),
        "fraction": Decimal("0.3"),
        "fraction_basis": "dry",
    } | changes
    if "at_most" in asked:
        asked["at_most"] = mass_fraction(asked["at_most"], "Cu")
    with pytest.raises(error):
        contained_mg(1000, **asked)


def test_an_assay_at_the_stoichiometric_maximum_passes_within_tolerance():
    pure = mass_fraction("Li2CO3", "Li")
    asked = {"basis": "dry", "moisture": None, "fraction_basis": "dry", "at_most": pure}
    assert contained_mg(10**9, fraction=Decimal("0.1879"), **asked) == 187_900_000
    with pytest.raises(errors.AssayImpossible):
        contained_mg(10**9, fraction=Decimal("0.1880"), **asked)


def test_a_range_reaching_beyond_the_possible_is_cut_off_there():
    told = contained_interval(
        exactly(1000),
        basis="dry",
        moisture=None,
        fraction=Range(low=Decimal("0.98"), high=Decimal("1.02")),
        fraction_basis="dry",
    )
    assert told.mass == Interval(low=980, high=1000)


def test_a_range_with_its_ends_exchanged_is_refused():
    with pytest.raises(errors.RangeReversed):
        Interval(low=2, high=1)
    with pytest.raises(errors.RangeReversed):
        Range(low=Decimal("0.2"), high=Decimal("0.1"))


def test_a_point_knows_that_it_is_one():
    assert exactly(5).is_point
    assert not Interval(low=4, high=5).is_point


@pytest.mark.parametrize(
    ("value", "unit", "share"),
    [
        ("0.28", "fraction", Fraction(28, 100)),
        ("28", "percent", Fraction(28, 100)),
        ("280", "ppm", Fraction(28, 100_000)),
        ("280", "g_per_t", Fraction(28, 100_000)),
    ],
)
def test_assays_come_in_the_units_of_laboratories(value, unit, share):
    assert assay_fraction(Decimal(value), unit) == share


def test_an_assay_in_another_unit_is_refused():
    with pytest.raises(errors.UnknownUnit):
        assay_fraction(Decimal(1), "carat")


def test_thirty_tonnes_of_copper_concentrate_hold_nine_of_copper():
    """UNTP sample of a smelting event: 30,000 kg of concentrate at 30 % copper."""
    contained = contained_mg(
        30_000 * 10**6,
        basis="dry",
        moisture=None,
        fraction=Decimal("0.3"),
        fraction_basis="dry",
        at_most=mass_fraction("CuFeS2", "Cu"),
    )
    assert contained == 9_000 * 10**6
