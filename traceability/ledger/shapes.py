"""The shapes that statements are made of: identifiers, quantities, parties, places, new lots.

`msgspec` turns a parsed JSON object into one of these, refusing unknown members, wrong
types and values outside the stated patterns, with the JSON path of the culprit; from
the same classes come the JSON Schemas of docs/record-format.md and the OpenAPI.
A member that may be absent has the default `None`: silence is unknown. What is known to
be none is written (`0`, `[]`); JSON `null` does not occur in a statement.
"""

from contextlib import suppress
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from traceability.ledger.vocabulary import AssayStatus, Basis, OutputRole, ProcessType, Quality

OrganizationId = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{1,31}\Z")]
LocalId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]
LotId = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9._-]{1,64}\Z",
        description="`<organization>:<local id>`; only that organization may create it.",
    ),
]
OwnId = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9._-]{1,64}\Z",
        description="`<organization>:<local id>` in the name space of that organization.",
    ),
]
FacilityId = OwnId
Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z", description="SHA-256, lower-case hex")]
KeyId = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z", description="RFC 7638 thumbprint, base64url")
]
DECIMAL_PATTERN = r"\A(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?\Z"
DecimalText = Annotated[
    str,
    Meta(
        pattern=DECIMAL_PATTERN,
        description="exact decimal, no sign, no exponent",
    ),
]
SignedDecimalText = Annotated[str, Meta(pattern=r"\A-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?\Z")]
Country = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z", description="ISO 3166-1 alpha-2")]
Subdivision = Annotated[str, Meta(pattern=r"\A[A-Z]{2}-[A-Z0-9]{1,3}\Z", description="ISO 3166-2")]
Day = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z",
        description="calendar day",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
LongText = Annotated[str, Meta(min_length=1, max_length=4000)]
Word = Annotated[
    str,
    Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}\Z", description="a term in snake case"),
]
Element = Annotated[
    str, Meta(pattern=r"\A([A-Z][a-z]?|graphite)\Z", description="chemical symbol, or `graphite`")
]
Formula = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9().]{1,80}\Z")]
Parts = Annotated[int, Meta(ge=1, le=2**53 - 1)]


def prepare_shapes() -> set[type[Struct]]:
    """Let msgspec prepare every structure that is defined by now; return those it can read.

    It does so at first use (0.22), and where two threads use one for the first time at once the
    process dies: whoever serves with threads calls this before there are any.
    """
    prepared, waiting = set(), list(Struct.__subclasses__())
    while waiting:
        shape = waiting.pop()
        waiting.extend(shape.__subclasses__())
        # Never read from JSON: it holds what is not in JSON, or names that only type checkers see.
        with suppress(TypeError, NameError):
            msgspec.json.Decoder(shape)
            prepared.add(shape)
    return prepared


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every shape: immutable, named members only, nothing unknown."""


class Identifier(Shape, frozen=True):
    """An identifier of somebody else's scheme, such as `lei`, `gln`, `rmi_cid` or `own`."""

    scheme: Word
    value: Text


class Party(Shape, frozen=True):
    """Somebody: an organization of this ledger, or one without a key, by name."""

    organization: OrganizationId | None = None
    name: Text | None = None
    country: Country | None = None
    identifiers: list[Identifier] | None = None


class Place(Shape, frozen=True):
    """Somewhere: a facility of this ledger, or a place by name and country."""

    facility: FacilityId | None = None
    name: Text | None = None
    country: Country | None = None
    subdivision: Subdivision | None = None
    unlocode: Annotated[str, Meta(pattern=r"\A[A-Z]{2}[A-Z0-9]{3}\Z")] | None = None
    latitude: SignedDecimalText | None = None
    longitude: SignedDecimalText | None = None


class Evidence(Shape, frozen=True):
    """A document that supports a statement, by digest; the document itself stays outside."""

    sha256: Hash
    title: Text
    media_type: Annotated[str, Meta(pattern=r"\A[a-z]+/[a-z0-9.+-]{1,100}\Z")]
    retained_until: Day | None = None


class Quantity(Shape, frozen=True):
    """An amount as it was entered: value, unit and what it counts.

    `moisture` is the mass share of water, `density` is kg per litre, `low` and `high`
    bound `value` in the same unit. Converted once, half-even, at the door.
    """

    value: DecimalText
    unit: Text
    basis: Basis
    moisture: DecimalText | None = None
    density: DecimalText | None = None
    quality: Quality | None = None
    method: Text | None = None
    low: DecimalText | None = None
    high: DecimalText | None = None


class AssayResult(Shape, frozen=True):
    """One element of an assay: `value` of `unit` (fraction, percent, ppm, g_per_t).

    `expressed_as` names the compound the laboratory reports (`Li2O`), where not the element.
    """

    element: Element
    value: DecimalText
    unit: Word
    basis: Basis
    expressed_as: Formula | None = None
    low: DecimalText | None = None
    high: DecimalText | None = None
    status: AssayStatus | None = None


class Compound(Shape, frozen=True):
    """A chemical sold by purity: contained metal follows from the formula, hydrate included."""

    formula: Formula
    purity: DecimalText
    basis: Basis


class TariffCode(Shape, frozen=True):
    """A Harmonized System code with its edition, the national suffix and a ruling."""

    code: Annotated[str, Meta(pattern=r"\A[0-9]{4}(\.?[0-9]{2}){0,2}\Z")]
    edition: Annotated[str, Meta(pattern=r"\A[A-Z]{2,6}[0-9]{4}\Z")]
    national: Text | None = None
    ruling: Text | None = None


class OwnerShare(Shape, frozen=True):
    """An owner and its parts; several make undivided shares, by contained metal where named."""

    owner: Party
    parts: Parts
    element: Element | None = None


class NewLot(Shape, frozen=True):
    """A lot that begins with this statement."""

    lot: LotId
    material: Word
    form: Word
    quantity: Quantity
    owners: Annotated[list[OwnerShare], Meta(min_length=1, max_length=32)]
    assays: Annotated[list[AssayResult], Meta(max_length=64)] | None = None
    compound: Compound | None = None
    hs: TariffCode | None = None


class TakenLot(Shape, frozen=True):
    """An amount taken out of a lot."""

    lot: LotId
    quantity: Quantity


class Impurity(Shape, frozen=True):
    """A substance in a material before or after purification."""

    substance: Text
    value: DecimalText
    unit: Word


class Process(Shape, frozen=True):
    """One thing that was done to an output."""

    type: ProcessType
    impurities_in: list[Impurity] | None = None
    impurities_out: list[Impurity] | None = None
    purpose: Word | None = None
    note: Text | None = None


class ProducedLot(NewLot, frozen=True, kw_only=True):
    """A lot that comes out of a transformation."""

    role: OutputRole
    processes: Annotated[list[Process], Meta(max_length=32)] | None = None
