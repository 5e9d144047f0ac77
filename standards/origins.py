"""Where a lot's metal is from, for people: five answers, the upstream table, and a picture.

Everything is computed from the dossier that was judged, so the page and the verdict speak of
the same milligrams. Names are shown where their owner opened them; else stage, country, share.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.translation import gettext as _

from standards.dossiers import gathered
from standards.reading import names_of
from standards.rulebook.assembly import assemble
from standards.rulebook.composition import untraced_mg
from standards.rulebook.credential import Credential
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source
from standards.rulebook.findings import percent_text
from standards.veiling import Veil, site_in, veil_for
from traceability.pictures import Flow, Part, flow_picture
from traceability.templatetags.ledger import country_name, words

_FIRST_STAGE = {"mined": "extraction", "recycled": "recovery", "introduced": "introduction"}
_MOST_DRAWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A part of the lot's contained metal: what it is called, and how much of it there is."""

    label: str
    mg: int
    share: Fraction

    @property
    def share_text(self) -> str:
        """Return the share as people read it."""
        return percent_text(self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A line of the upstream table: what was done where and when, to how much of the metal."""

    stage: str
    place: str
    country: str
    on: date | None
    share: str
    mg: int
    schemes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What one mineral of a lot is made of.

    `mined_in` are countries of extraction (or collection, where recycled) and the unknown rest;
    `processed_in` is the same per stage.
    """

    mineral: str
    log_size: int
    contained: tuple[int, int] | None
    mined_in: tuple[Portion, ...]
    processed_in: Mapping[str, tuple[Portion, ...]]
    hops: tuple[Hop, ...]
    flow: Flow | None


def origins_on(lot: str, organization: str, *, size: int, on: date) -> list[Origin]:
    """Return where each mineral of a lot is from, as one organization may know it.

    Args:
        size: the log size up to which entries count.
        on: the day the question is asked for.
    """
    traced, evidence = gathered([lot], size)
    if lot not in traced.history.last:
        return []
    dossiers = [
        assemble(traced, lot, mineral, evidence=evidence, as_of=on)
        for mineral in traced.minerals_of(lot)
    ]
    veil = veil_for(organization, [name for one in dossiers for name in _names_in(one)])
    return [origin_of(one, veil) for one in dossiers if one.sources or one.steps]


def origin_of(dossier: Dossier, veil: Veil) -> Origin:
    """Return where the metal of a dossier comes from, as its reader may know it."""
    untraced = untraced_mg(dossier)
    total = sum(source.mg for source in dossier.sources) + untraced
    named = names_of(_facilities_in(dossier), veil)
    opened = {one: name for one, name in named.items() if veil.names.has_facility(one)}
    contained = dossier.contained_mg
    return Origin(
        mineral=dossier.mineral,
        log_size=dossier.log_size,
        contained=(contained.low_mg, contained.high_mg) if contained else None,
        mined_in=_portions(_mined(dossier.sources, untraced), total),
        processed_in=_processed(dossier, total),
        hops=_hops(dossier, total, named),
        flow=flow_picture(_parts(dossier.sources, untraced, total, opened)),
    )


def _names_in(dossier: Dossier) -> list[str]:
    """Return the ids a page about a dossier would show, for the veil to look at."""
    return [*_facilities_in(dossier), *(credential.id for credential in dossier.credentials)]


def _facilities_in(dossier: Dossier) -> set[str]:
    named = [source.facility_id for source in dossier.sources]
    named += [step.facility_id for step in dossier.steps]
    return {one for one in named if one}


def _mined(sources: Iterable[Source], untraced: int) -> dict[str, int]:
    mass: dict[str, int] = {}
    for source in sources:
        label = _origin_label(source)
        mass[label] = mass.get(label, 0) + source.mg
    if untraced:
        label = _("origin not known")
        mass[label] = mass.get(label, 0) + untraced
    return mass


def _origin_label(source: Source) -> str:
    if source.kind in ORIGIN_UNKNOWN or source.country is None:
        return _("origin not known")
    country = country_name(source.country)
    if source.kind == "recycled":
        return _("%(country)s, recycled") % {"country": country}
    if source.kind == "introduced":
        return _("%(country)s, declared only") % {"country": country}
    return country


def _portions(mass: Mapping[str, int], total: int) -> tuple[Portion, ...]:
    """Return the parts, largest first."""
    if total == 0:
        return ()
    ranked = sorted(mass.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Portion(label=label, mg=mg, share=Fraction(mg, total)) for label, mg in ranked if mg
    )


def _processed(dossier: Dossier, total: int) -> dict[str, tuple[Portion, ...]]:
    """Return the countries of each stage; what did not pass a stage is not among its parts."""
    stages: dict[str, dict[str, int]] = {}
    for step in dossier.steps:
        if step.stage in ("extraction", "recovery"):
            continue
        mass = stages.setdefault(step.stage, {})
        label = country_name(step.country)
        mass[label] = mass.get(label, 0) + step.mg
    return {words(stage): _portions(mass, total) for stage, mass in stages.items()}


def _hops(dossier: Dossier, total: int, named: Mapping[str, str]) -> tuple[Hop, ...]:
    """Return one line per step, nearest to the mine first."""
    standing: dict[str, list[Credential]] = {}
    for credential in dossier.credentials:
        if credential.facility_id is not None:
            standing.setdefault(credential.facility_id, []).append(credential)
    hops = [
        Hop(
            stage=words(step.stage),
            place=named.get(step.facility_id or "", site_in(step.country)),
            country=country_name(step.country),
            on=step.performed_on,
            share=percent_text(min(Fraction(1), Fraction(step.mg, total))) if total else "—",
            mg=step.mg,
            schemes=tuple(_scheme_text(one) for one in standing.get(step.facility_id or "", ())),
        )
        for step in dossier.steps
    ]
    return tuple(sorted(hops, key=lambda hop: (hop.on or date.max, hop.stage)))


def _scheme_text(credential: Credential) -> str:
    """Return scheme, level and the newest status of a certificate in words."""
    newest = max(
        credential.statuses, key=lambda one: (one.effective_from, one.known_from), default=None
    )
    scheme = words(credential.scheme)
    name = scheme.upper() if len(scheme) <= 4 else scheme.title()
    level = credential.level or ""
    told = level if level.startswith(name) else f"{name} {level}".strip()
    return f"{told} ({words(newest.status)})" if newest is not None else told


def _parts(
    sources: Iterable[Source], untraced: int, total: int, opened: Mapping[str, str]
) -> list[Part]:
    """Return what the picture shows: sites by name or country, largest first, the rest as one."""
    if total == 0:
        return []
    mass: dict[tuple[str, str, bool], int] = {}
    for source in sources:
        key = _drawn_as(source, opened)
        mass[key] = mass.get(key, 0) + source.mg
    if untraced:
        key = (_("not known"), _("origin not known"), False)
        mass[key] = mass.get(key, 0) + untraced
    ranked = sorted(
        ((mg, key) for key, mg in mass.items() if mg), key=lambda one: (-one[0], one[1])
    )
    drawn, rest = ranked[:_MOST_DRAWN], ranked[_MOST_DRAWN:]
    parts = [
        _part(label, detail, mg, total, is_known=known) for mg, (label, detail, known) in drawn
    ]
    if rest:
        label = _("%(n)s more sources") % {"n": len(rest)}
        parts.append(_part(label, "", sum(mg for mg, _key in rest), total, is_known=True))
    return parts


def _drawn_as(source: Source, opened: Mapping[str, str]) -> tuple[str, str, bool]:
    """Return the label of a source, the line below it, and whether its origin is known."""
    if source.kind in ORIGIN_UNKNOWN or source.country is None:
        return _("not known"), _("origin not known"), False
    name = opened.get(source.facility_id or "")
    if name is None:
        return _origin_label(source), _("name not opened"), True
    return name, _origin_label(source), True


def _part(label: str, detail: str, mg: int, total: int, *, is_known: bool) -> Part:
    share = Fraction(mg, total)
    return Part(
        label=label,
        detail=detail,
        share=share,
        share_text=percent_text(share),
        is_known=is_known,
    )
