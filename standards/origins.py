"""Where a lot's metal is from, for people: five answers, and its way in a picture and a table.

Everything is computed from the dossier that was judged, so the page and the verdict speak of
the same milligrams. Names are shown where their owner opened them; else stage, country, share.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache, partial

from django.utils.translation import gettext as _

from standards.known import law_at
from standards.legends import COLOURS, Palette, colour_of, colours_of
from standards.picturing import WayView, picture_of
from standards.reading import Row
from standards.rulebook.assembly import Evidence, assemble
from standards.rulebook.claimed import claimed_shares
from standards.rulebook.composition import untraced_mg
from standards.rulebook.credential import RENEWAL_STATUS, Credential
from standards.rulebook.dossier import ORIGIN_UNKNOWN, Dossier, Source
from standards.rulebook.findings import percent_text
from standards.rulebook.traced import Traced
from standards.veiling import Veil, veil_for
from standards.ways import Way, WayFinder, standing_of
from traceability.pictures.stacked import Segment, stacked_bar
from traceability.templatetags.ledger import country_name, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A part of the lot's contained metal: what it is called, and how much of it there is.

    `look` and `colour` are those of the picture of its way.
    """

    label: str
    mg: int
    share: Fraction
    look: str = ""
    colour: str = ""

    @property
    def share_text(self) -> str:
        """Return the share as people read it."""
        return percent_text(self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRow:
    """A claim about the lot beside its physical share; `over_mg` is what nothing covers."""

    claim: str
    tier: str
    scheme: str
    model: str
    code: str
    mg: int
    claimed: str
    physical: str
    doubt_mg: int
    over_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What one mineral of a lot is made of, and what is claimed of it: two numbers.

    `mined_in` are countries of extraction (or collection, where recycled) and the unknown rest;
    `processed_in` is the same per stage.
    """

    mineral: str
    log_size: int
    contained: tuple[int, int] | None
    mined_in: tuple[Portion, ...]
    processed_in: Mapping[str, tuple[Portion, ...]]
    way: WayView | None
    claimed: tuple[ClaimedRow, ...]

    @property
    def bar(self) -> list[tuple[Portion, Segment]]:
        """Return the parts of a bar that shows at a glance where the metal began."""
        parts = {str(place): one.mg for place, one in enumerate(self.mined_in)}
        segments = stacked_bar(parts, longest=0)
        return list(zip(self.mined_in, segments, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose question it is: about which lot, for which reader, as of which day.

    `rows` are those of the page by mineral: what was found of the sites on the way.
    `address` gives the page on which a group of the picture of a mineral is opened.
    """

    lot: str
    organization: str
    on: date
    rows: Callable[[str], Iterable[Row]]
    address: Callable[[str, str], str]


def origins_of(
    traced: Traced, evidence: Evidence, asked: Asked, *, only: str = "", opened: str = ""
) -> list[Origin]:
    """Return where each mineral of a lot is from, as one organization may know it.

    Args:
        only: a mineral; all of the lot's where empty.
        opened: the key of a group of the picture that is shown by its members.
    """
    if asked.lot not in traced.history.last:
        return []
    minerals = [one for one in traced.minerals_of(asked.lot) if only in ("", one)]
    dossiers = [
        assemble(traced, asked.lot, mineral, evidence=evidence, as_of=asked.on)
        for mineral in minerals
    ]
    told = [one for one in dossiers if one.sources or one.steps]
    finder = WayFinder(
        traced=traced,
        evidence=evidence,
        lot=asked.lot,
        veil=veil_for(asked.organization, {name for one in told for name in _names_in(one)}),
        organization=asked.organization,
        schemes={
            name: tuple(_scheme_text(one) for one in rows)
            for name, rows in evidence.credentials.items()
        },
    )
    finder.find(one.mineral for one in told)
    ways = {
        one.mineral: way
        for one in told
        if (way := finder.way(one.mineral, standing_of(asked.rows(one.mineral)))) is not None
    }
    palette = cache(partial(colours_of, list(ways.values())))  # countries look alike in all
    return [
        _origin(one, asked, finder.veil, ways.get(one.mineral), palette, opened) for one in told
    ]


def _origin(
    dossier: Dossier, asked: Asked, veil: Veil, way: Way | None, palette: Palette, opened: str
) -> Origin:
    untraced = untraced_mg(dossier)
    total = sum(source.mg for source in dossier.sources) + untraced
    contained, mineral = dossier.contained_mg, dossier.mineral
    view = None
    if way is not None:
        address = partial(asked.address, mineral)
        view = picture_of(way, opened=opened, address=address, palette=palette)
    return Origin(
        mineral=mineral,
        log_size=dossier.log_size,
        contained=(contained.low_mg, contained.high_mg) if contained else None,
        mined_in=_mined(dossier.sources, untraced, total, palette(COLOURS)),
        processed_in=_processed(dossier, total),
        way=view,
        claimed=_claimed(dossier, veil, asked.on),
    )


def _claimed(dossier: Dossier, veil: Veil, on: date) -> tuple[ClaimedRow, ...]:
    if not dossier.claims:
        return ()
    shares = claimed_shares(dossier, law_at(dossier.log_size).on(on))
    return tuple(
        ClaimedRow(
            claim=veil.text(one.claim.id),
            tier=one.claim.tier,
            scheme=words(one.claim.scheme),
            model=words(one.claim.model),
            code=one.claim.code,
            mg=one.claim.mg,
            claimed=_between(one.share_best, one.share_worst),
            physical=_between(one.physical_worst, one.physical_best),
            doubt_mg=one.doubt_mg,
            over_mg=one.over_mg,
        )
        for one in shares
    )


def _between(low: Fraction | None, high: Fraction | None) -> str:
    """Return a share known between two values; a dash where nothing is."""
    if low is None or high is None:
        return "—"
    if low == high:
        return percent_text(low)
    return _("%(low)s to %(high)s") % {"low": percent_text(low), "high": percent_text(high)}


def _names_in(dossier: Dossier) -> list[str]:
    """Return the ids a page about a dossier would show, for the veil to look at."""
    documents = [one.id for one in dossier.credentials] + [one.id for one in dossier.claims]
    return [*_facilities_in(dossier), *documents]


def _facilities_in(dossier: Dossier) -> set[str]:
    named = [source.facility_id for source in dossier.sources]
    named += [step.facility_id for step in dossier.steps]
    return {one for one in named if one}


def _mined(
    sources: Iterable[Source], untraced: int, total: int, colours: Mapping[str, str]
) -> tuple[Portion, ...]:
    mass: dict[str, int] = {}
    looks: dict[str, tuple[str, str]] = {}
    for source in sources:
        label, looks_like = _origin_label(source)
        mass[label] = mass.get(label, 0) + source.mg
        looks[label] = looks_like, colour_of(source.country, colours)
    if untraced:
        label = _("origin not known")
        mass[label] = mass.get(label, 0) + untraced
        looks[label] = "unknown", ""
    return tuple(
        replace(one, look=looks[one.label][0], colour=looks[one.label][1])
        for one in _portions(mass, total)
    )


def _origin_label(source: Source) -> tuple[str, str]:
    """Return what a source is called, and how it looks in the picture of the way."""
    if source.kind in ORIGIN_UNKNOWN or source.country is None:
        return _("origin not known"), "unknown"
    country = country_name(source.country)
    if source.kind == "recycled":
        return _("%(country)s, recycled") % {"country": country}, "recycled"
    if source.kind == "introduced":
        return _("%(country)s, declared only") % {"country": country}, "declared"
    return country, "known"


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


def _scheme_text(credential: Credential) -> str:
    """Return scheme, level and the newest status of a certificate in words."""
    states = [one for one in credential.statuses if one.status != RENEWAL_STATUS]
    newest = max(states, key=lambda one: (one.effective_from, one.known_from), default=None)
    scheme = words(credential.scheme)
    name = scheme.upper() if len(scheme) <= 4 else scheme.title()
    level = credential.level or ""
    told = level if level.startswith(name) else f"{name} {level}".strip()
    return f"{told} ({words(newest.status)})" if newest is not None else told
