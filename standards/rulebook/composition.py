"""What a lot consists of, as rules about shares count it.

Unknown stays unknown and is never redistributed; recycled metal is a bucket of its own, whose
treatment is a dated parameter (IRMA cannot audit it; a club may count it or leave it apart).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source, Step
from standards.rulebook.findings import Finding, indeterminate, not_applicable, percent_text
from standards.rulebook.law import LawOnDate, Unavailable

MOST_NAMED = 10
"""How many missing documents a finding names before it says how many more there are."""


def unmeasurable(dossier: Dossier) -> Finding | None:
    """Return the finding of a lot whose contained metal is unknown or nil, else None."""
    contained = dossier.contained_mg
    if contained is None:
        return indeterminate(
            f"how much {dossier.mineral} the lot contains is not known",
            missing=(f"assay or quality of lot {dossier.lot_id} for {dossier.mineral}",),
        )
    if contained.high_mg == 0:
        return not_applicable(f"the lot contains no {dossier.mineral}")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The parcels that count, and what the record does not explain.

    Args:
        parcels: sources with mass that count, known or not.
        recycled: recycled sources left apart: they are in no share.
        untraced_mg: contained metal for which the record has no source at all.
        treatment: how recycled metal counts; None where there is none.
    """

    parcels: tuple[Source, ...]
    recycled: tuple[Source, ...]
    untraced_mg: int
    treatment: str | None

    @property
    def total_mg(self) -> int:
        """Return the mass that shares are measured on."""
        return sum(parcel.mg for parcel in self.parcels) + self.untraced_mg

    def share(self, mg: int) -> Fraction:
        """Return a mass as a share of what counts."""
        return Fraction(mg, self.total_mg)

    def notices(self) -> tuple[str, ...]:
        """Say what share of the metal is recycled or only declared."""
        total = self.total_mg + sum(parcel.mg for parcel in self.recycled)
        every = (*self.parcels, *self.recycled)
        recycled = sum(parcel.mg for parcel in every if parcel.kind == "recycled")
        declared = sum(parcel.mg for parcel in every if parcel.kind == "introduced")
        notices = []
        if recycled:
            words = (self.treatment or "").replace("_", " ")
            notices.append(f"{percent_text(Fraction(recycled, total))} is recycled: {words}")
        if declared:
            share = percent_text(Fraction(declared, total))
            notices.append(f"{share} entered from outside the ledger: declared, not traced")
        return tuple(notices)


def composition(
    dossier: Dossier, law: LawOnDate, *, recycled_key: str, treatments: tuple[str, ...]
) -> Composition:
    """Return what counts of a lot whose contained metal is known.

    Args:
        recycled_key: the parameter that says how recycled metal counts; read only if there is
            any.
        treatments: those the rule knows. `apart` leaves it out of every share.

    Raises:
        Unavailable: there is recycled metal, and the parameter is not set or says what the
            rule does not know.
    """
    parcels = tuple(source for source in dossier.sources if source.mg > 0)
    treatment = None
    if any(source.kind == "recycled" for source in parcels):
        provision = law[recycled_key]
        treatment = provision.value
        if treatment not in treatments:
            because = f"{recycled_key} is {treatment}; the rule knows {', '.join(treatments)}"
            raise Unavailable(recycled_key, because, provision=provision)
    apart = tuple(one for one in parcels if treatment == "apart" and one.kind == "recycled")
    return Composition(
        parcels=tuple(one for one in parcels if one not in apart),
        recycled=apart,
        untraced_mg=untraced_mg(dossier),
        treatment=treatment,
    )


def untraced_mg(dossier: Dossier) -> int:
    """Return the contained metal for which the record has no source.

    An assay interval scales all sources alike; only what they lack to its low end is untraced.
    """
    low_mg = 0 if dossier.contained_mg is None else dossier.contained_mg.low_mg
    return max(0, low_mg - sum(source.mg for source in dossier.sources))


def untraced_origin(mg: int) -> str:
    """Name what is missing for metal without a source."""
    return f"origin of {mg} mg that no source explains"


def nothing_counts(dossier: Dossier, counted: Composition) -> Finding | None:
    """Return the finding of a lot of which no metal counts, else None."""
    if counted.total_mg > 0:
        return None
    if counted.recycled:
        return not_applicable(
            f"all {dossier.mineral} of the lot is recycled, which is left apart",
            notices=counted.notices(),
        )
    return indeterminate(
        f"the record does not say where the {dossier.mineral} of the lot comes from",
        missing=(f"origin of lot {dossier.lot_id}",),
    )


def introduced_by(dossier: Dossier) -> dict[str, str]:
    """Return the lots that entered from outside the ledger, by the entry that brought each in."""
    return {one.entry: one.lot_id for one in dossier.sources if one.lot_id is not None}


def worked_at(step: Step, brought: Mapping[str, str]) -> str:
    """Say what was done where; of what was only declared, of which lot that entered.

    Args:
        brought: see `introduced_by`.
    """
    stage = step.stage.replace("_", " ")
    if step.facility_id is not None:
        return f"{stage} at {site_name(step.facility_id, step.facility_name)}"
    lot = brought.get(step.entry)
    return (
        f"{stage} of lot {lot} before it entered the ledger"
        if lot
        else f"{stage} at an unnamed site"
    )


def missing_origins(parcels: tuple[Source, ...], untraced_mg: int) -> tuple[str, ...]:
    """Name the documents that would tell where these parcels come from."""
    names = [
        f"origin of lot {one.lot_id}" if one.lot_id else f"origin of parcel {one.id}"
        for one in parcels
        if one.kind in ORIGIN_UNKNOWN or one.country is None
    ]
    if untraced_mg:
        names.append(untraced_origin(untraced_mg))
    return abridged(names)


def abridged(names: list[str]) -> tuple[str, ...]:
    """Return distinct names in order; beyond `MOST_NAMED`, how many more there are."""
    return abridged_of(list(dict.fromkeys(names)))


def abridged_of(distinct: list[str], others: int = 0) -> tuple[str, ...]:
    """Return the first of distinct names, and how many more there are with the others."""
    more = len(distinct) + others - MOST_NAMED
    if more <= 0:
        return tuple(distinct)
    return (*distinct[:MOST_NAMED], f"and {more} more of this kind")


def site_name(facility_id: str, facility_name: str | None) -> str:
    """Return the name people know a site by, with its id."""
    return f"{facility_name} ({facility_id})" if facility_name else facility_id
