"""Codes of other people's lists."""

import pytest

from traceability.errors import UnknownCountry, WrongIdentifier
from traceability.ledger.codes import check_country, check_identifiers
from traceability.ledger.shapes import Identifier


def identifier(scheme, value):
    return [Identifier(scheme=scheme, value=value)]


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("lei", "5493001KJTIIGC8Y1R12"),  # Bloomberg Finance L.P., public GLEIF record
        ("gln", "4012345000009"),  # GS1 General Specifications, example
        ("rmi_cid", "CID001063"),
        ("own", "whatever"),
    ],
)
def test_sound_identifiers_are_accepted(scheme, value):
    check_identifiers(identifier(scheme, value), "$")


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("lei", "5493001KJTIIGC8Y1R13"),
        ("lei", "5493 001KJTIIGC8Y1R12"),
        ("gln", "4012345000008"),
        ("gln", "96385074"),
        ("rmi_cid", "CID1063"),
        ("rmi_cid", "CID001063\n"),
    ],
)
def test_mistyped_identifiers_are_refused_with_their_place(scheme, value):
    with pytest.raises(WrongIdentifier) as refused:
        check_identifiers(identifier(scheme, value), "$.body")
    assert refused.value.at == "$.body.identifiers[0]"


def test_countries_and_their_parts_are_those_of_iso_3166():
    check_country(None, None, "$")
    check_country("CA", "CA-QC", "$")
    check_country(None, "US-MN", "$")
    for country, part in [("UK", None), ("CA", "CA-XX"), ("CA", "US-MN"), (None, "CA-XX")]:
        with pytest.raises(UnknownCountry):
            check_country(country, part, "$")
