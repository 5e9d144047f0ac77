"""What a company registered about a facility, as far as plausibility is measured against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from traceability.ledger.book import is_same_water
from traceability.ledger.equivalents import capacity_amount
from traceability.ledger.mass import parse_decimal
from traceability.ledger.materials import elements_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameplate:
    """Capacity of one material, or of an element contained in it, per calendar year."""

    material: str
    element: str | None
    amount: int
    unit: str
    basis: str

    def counts(self, *, unit: str, basis: str) -> bool:
        """Tell whether gross amounts on this basis can be compared with the capacity."""
        return self.unit == unit and is_same_water(self.basis, basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoverable:
    """The share of an element that a plant says it recovers, of a material and at a stage.

    Where `material` or `stage` is None the range holds for all of them.
    """

    element: str
    low: Fraction
    high: Fraction
    material: str | None
    stage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A facility as its operator registered it. None is *not stated*; `()` is *none*."""

    id: str
    name: str
    types: frozenset[str]
    country: str
    coordinates: tuple[Decimal, Decimal] | None = None  # latitude, longitude, in degrees
    materials: tuple[str, ...] | None = None
    nameplates: tuple[Nameplate, ...] | None = None
    recoveries: tuple[Recoverable, ...] | None = None
    licences: tuple[str, ...] | None = None

    @property
    def called(self) -> str:
        """Return the name people know the facility by, with its id."""
        return f"{self.name} ({self.id})"

    def known_materials(self) -> frozenset[str] | None:
        """Return every material registered for the facility; None where nobody said."""
        if self.materials is None and self.nameplates is None:
            return None
        return frozenset(self.materials or ()) | {one.material for one in self.nameplates or ()}

    def known_elements(self) -> frozenset[str]:
        """Return the elements that the words for its materials and its capacities name."""
        named = frozenset(one.element for one in self.nameplates or () if one.element)
        return named.union(*(elements_named(one) for one in self.known_materials() or ()))

    def recovery_of(
        self, element: str, *, materials: frozenset[str], stage: str | None
    ) -> Recoverable | None:
        """Return the range that fits best: one for this stage and material over one for all."""
        fitting = [
            one
            for one in self.recoveries or ()
            if one.element == element
            and (one.stage is None or one.stage == stage)
            and (one.material is None or one.material in materials)
        ]
        by_fit = sorted(fitting, key=lambda one: (one.stage is None, one.material is None))
        return by_fit[0] if by_fit else None


def registered(record: Mapping[str, Any]) -> Registered:
    """Return the facility that the body of a `registry.facility` statement describes."""
    capacities, recoveries = record.get("capacities"), record.get("recoveries")
    return Registered(
        id=record["facility"],
        name=record["name"],
        types=frozenset(record["types"]),
        country=record["country"],
        coordinates=_coordinates(record),
        materials=_texts(record.get("materials")),
        nameplates=None if capacities is None else tuple(_nameplate(one) for one in capacities),
        recoveries=None if recoveries is None else tuple(_recoverable(one) for one in recoveries),
        licences=_texts(record.get("licences")),
    )


def _coordinates(record: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    latitude, longitude = record.get("latitude"), record.get("longitude")
    if latitude is None or longitude is None:
        return None
    return Decimal(latitude), Decimal(longitude)


def _texts(told: list[str] | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(told)


def _nameplate(told: Mapping[str, Any]) -> Nameplate:
    quantity = told["per_year"]
    density = quantity.get("density")
    amount, unit = capacity_amount(
        value=parse_decimal(quantity["value"]),
        unit=quantity["unit"],
        basis=quantity["basis"],
        density_kg_l=None if density is None else parse_decimal(density),
        element=told.get("element"),
    )
    return Nameplate(
        material=told["material"],
        element=told.get("element"),
        amount=amount,
        unit=unit,
        basis=quantity["basis"],
    )


def _recoverable(told: Mapping[str, Any]) -> Recoverable:
    return Recoverable(
        element=told["element"],
        low=Fraction(told["low"]),
        high=Fraction(told["high"]),
        material=told.get("material"),
        stage=told.get("stage"),
    )
