"""Waivers as pages show them: how they stand, what they let through, and for whose eyes.

Members read all of their clubs' waivers, with the lots that they may see. A company that belongs
to none of them reads of those that name its own lots or sites, or let one of its lots through, and
of these only what is about itself. Everything is derived when asked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Func, JSONField, Q, QuerySet, Value

from standards.dossiers import contained_in
from standards.known import Adopted, followed_size, law_at, policies_at
from standards.models import Assessment, Judgement
from standards.reading import clubs_of, sentence
from standards.rulebook.assessment import PACKS_ALONE
from standards.rulebook.findings import Finding
from standards.rulebook.policy import Requirement, may_be_waived
from standards.rulebook.rules import title_of
from standards.rulebook.waiver_shapes import WaiverStatement
from standards.rulebook.waiving import Granted, Reach, Use, Waiver, reach, standing
from standards.veiling import Veil, veil_for
from standards.waiving import Stated, granted_at, stated_at
from traceability import seeing
from traceability.models import Facility, Organization

MOST_LOTS = 200
"""Lots that a page looks at for one waiver."""
_FAILED = '$[*] ? (@.outcome == "nonconforming").rule_id'
_UNMET = ("fail", "indeterminate", "waived")


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSeen:
    """So much was used for a lot, and how much of the cap was used up by then."""

    use: Use
    so_far_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverSeen:
    """A waiver as one reader may know it.

    Args:
        name: of the club.
        waiver: as it stands on the day, with all that was used of it.
        stated: every time it was stated, the oldest first.
        reach, why: how it stands whatever lot is asked about; see `standing`.
        uses: of lots that the reader may see.
        lots, facilities: those named that the reader may know; `more_*` counts the others.
        is_whole: whether the reader belongs to the club, and reads all of it.
        veil: between its words and the reader.
    """

    name: str
    waiver: Waiver
    stated: tuple[Stated, ...]
    reach: Reach
    why: str
    uses: tuple[UseSeen, ...]
    lots: tuple[str, ...]
    more_lots: int
    facilities: tuple[str, ...]
    more_facilities: int
    is_whole: bool
    veil: Veil

    @property
    def body(self) -> WaiverStatement:
        """Return what the last statement says."""
        body: WaiverStatement = self.stated[-1].statement.body
        return body

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Return what is waived: the ids and titles of its rules."""
        return [(one, title_of(one)) for one in self.waiver.rule_ids]

    def is_over(self, on: date) -> bool:
        """Tell whether no day is left on which it could hold."""
        return bool(self.waiver.void_because) or self.waiver.valid_until < on


@dataclass(frozen=True, slots=True, kw_only=True)
class LotTold:
    """A lot and requirement under a waiver, what the club makes of it, and why."""

    lot: str
    mineral: str
    rule_id: str
    verdict: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a waiver does.

    Args:
        through: lots that it lets through now.
        covered: lots in its scope that it does not let through now, and why.
        before: lots that it let through once, with what holds for them now.
        unseen: how many lots of these the reader may not see.
        is_cut: whether there are more lots than a page looks at.
    """

    through: tuple[LotTold, ...] = ()
    covered: tuple[LotTold, ...] = ()
    before: tuple[LotTold, ...] = ()
    unseen: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All clubs' waivers below a size, and who asks."""

    reader: str
    on: date
    adopted: Mapping[str, Adopted]
    granted: Mapping[str, Granted]
    stated: Mapping[str, list[Stated]]  # by waiver, its uses too
    own_clubs: frozenset[str]
    own_sites: frozenset[str]
    names: seeing.OpenNames

    def is_own_lot(self, lot: str) -> bool:
        return lot.startswith(f"{self.reader}:")


# ── which, for whom ───────────────────────────────────────────────────────────────────────


def waivers_seen_by(reader: str, *, on: date) -> list[WaiverSeen]:
    """Return the waivers an organization may know of: in force first, then by what is nearest."""
    known = _known(reader, on)
    told = [
        _seen(waiver, known)
        for club, granted in known.granted.items()
        for waiver in granted.waivers.values()
        if club in known.own_clubs or _concerns(waiver, known)
    ]
    ranks = tuple(Reach)

    def order(one: WaiverSeen) -> tuple[bool, int, int, str]:
        near = abs((one.waiver.valid_until - on).days)
        return one.is_over(on), ranks.index(one.reach), near, one.waiver.id

    return sorted(told, key=order)


def waiver_seen_by(reader: str, name: str, *, on: date) -> WaiverSeen | None:
    """Return one waiver; None where there is none, or the reader may not know of it."""
    return next((one for one in waivers_seen_by(reader, on=on) if one.waiver.id == name), None)


def _known(reader: str, on: date) -> _Known:
    size = followed_size()
    adopted = policies_at(size, on=on)
    policies = {club: one.policy for club, one in adopted.items()}
    stated: dict[str, list[Stated]] = {}
    for one in stated_at(size, list(adopted)):
        if not one.is_disputed:
            stated.setdefault(one.waiver, []).append(one)
    sites = Facility.objects.filter(operator=reader) | Facility.objects.filter(organization=reader)
    return _Known(
        reader=reader,
        on=on,
        adopted=adopted,
        granted=granted_at(size, policies, law_at(size), on=on),
        stated=stated,
        own_clubs=frozenset(clubs_of(reader).values_list("pk", flat=True)),
        own_sites=frozenset(sites.values_list("pk", flat=True)),
        names=seeing.names_open_to(reader),
    )


def _concerns(waiver: Waiver, known: _Known) -> bool:
    """Tell whether a waiver is about lots or sites of the reader's own."""
    uses = known.granted[waiver.club].uses
    return (
        any(map(known.is_own_lot, waiver.lot_ids or ()))
        or not known.own_sites.isdisjoint(waiver.facility_ids or ())
        or any(one.waiver == waiver.id and known.is_own_lot(one.lot) for one in uses)
        or _let_through(waiver).filter(lot__startswith=f"{known.reader}:").exists()
    )


def _let_through(waiver: Waiver) -> QuerySet[Judgement]:
    """Return every judgement, also of earlier days, that a waiver decided."""
    named = [{"waiver_id": waiver.id}]
    return Judgement.objects.filter(club=waiver.club, reasons__contains=named).order_by()


def _seen(waiver: Waiver, known: _Known) -> WaiverSeen:
    granted, whole = known.granted[waiver.club], waiver.club in known.own_clubs
    own = [one for one in granted.uses if one.waiver == waiver.id]
    used = replace(waiver, used_mg=sum(one.mg for one in own))
    found, why = standing(used, known.on)
    visible = _seen_lots({*(one.lot for one in own), *(waiver.lot_ids or ())}, known.reader)
    if not whole:
        visible = frozenset(filter(known.is_own_lot, visible))
    sites = [
        one
        for one in waiver.facility_ids or ()
        if (known.names.has_facility(one) if whole else one in known.own_sites)
    ]
    lots = [one for one in waiver.lot_ids or () if one in visible]
    stated = tuple(
        one for one in known.stated[waiver.id] if isinstance(one.statement.body, WaiverStatement)
    )
    return WaiverSeen(
        name=Organization.objects.values_list("name", flat=True).get(pk=waiver.club),
        waiver=used,
        stated=stated,
        reach=found,
        why=why,
        uses=tuple(one for one in _running(own) if one.use.lot in visible),
        lots=tuple(lots),
        more_lots=len(waiver.lot_ids or ()) - len(lots),
        facilities=tuple(sites),
        more_facilities=len(waiver.facility_ids or ()) - len(sites),
        is_whole=whole,
        veil=veil_for(known.reader, _words(stated)),
    )


def _running(uses: Iterable[Use]) -> Iterable[UseSeen]:
    total = 0
    for one in uses:
        total += one.mg
        yield UseSeen(use=one, so_far_mg=total)


def _words(stated: Iterable[Stated]) -> list[str]:
    """Return what statements of a waiver say in free words."""
    told: list[str] = []
    for one in stated:
        body = one.statement.body
        told += [body.because, body.dissent or "", body.void_because or "", body.decided_by]
        told += [row.what for row in body.conditions or ()]
        for comment in body.comments or ():
            told += [comment.said, comment.disposition]
    return told


def _seen_lots(lots: Collection[str], reader: str) -> frozenset[str]:
    rows = seeing.lots_seen_by(reader).filter(pk__in=lots)
    return frozenset(rows.order_by().values_list("pk", flat=True))


# ── what it does ──────────────────────────────────────────────────────────────────────────


def touched_by(seen: WaiverSeen, *, reader: str, on: date) -> Touched:
    """Return the lots that a waiver lets through, does not let through, and once let through."""
    size, club = followed_size(), seen.waiver.club
    adopted = policies_at(size, on=on)[club]
    granted = granted_at(size, {club: adopted.policy}, law_at(size), on=on)[club]
    own = not seen.is_whole
    touched = would_touch(seen.waiver, granted, adopted, reader=reader, on=on, own=own)
    once = _let_through(seen.waiver).values_list("lot", "mineral").distinct()
    places = set(once) - {(one.lot, one.mineral) for one in touched.through}
    visible = _visible({lot for lot, _ in places}, reader, own=own)
    rules = set(seen.waiver.rule_ids)
    rows = Judgement.objects.filter(club=club, is_current=True, lot__in=visible)
    before = [
        _line(row, reason)
        for row in rows.order_by("lot", "mineral")[:MOST_LOTS]
        if (row.lot, row.mineral) in places
        for reason in row.reasons
        if reason["rule_id"] in rules
    ]
    return replace(touched, before=_veiled(before, reader))


def would_touch(
    waiver: Waiver,
    granted: Granted,
    adopted: Adopted,
    *,
    reader: str,
    on: date,
    own: bool = False,
) -> Touched:
    """Return what a waiver among a club's others lets through of what was judged last.

    Args:
        own: only lots of the reader's own.
    """
    among = replace(granted, waivers={**granted.waivers, waiver.id: waiver}).on(on)
    rows = {one.rule_id: one for one in adopted.policy.requirements}
    judged = list(_in_scope(waiver)[: MOST_LOTS + 1])
    visible = _visible({one.lot for one in judged}, reader, own=own)
    through: list[LotTold] = []
    covered: list[LotTold] = []
    unseen: set[str] = set()
    used = {one.lot for one in among.uses if one.waiver == waiver.id}
    held = contained_in(used & {one.lot for one in judged}, followed_size())
    failed = _failed({one.lot for one in judged})
    for row in judged[:MOST_LOTS]:
        place = row.lot, row.mineral
        about = [Finding.from_json(told) for told in row.assessment.findings]
        asked = _covered(row, about, waiver, rows)
        if asked and row.lot not in visible:
            unseen.add(row.lot)
            continue
        every = among.for_lot(*place, held.get(place), failed=failed.get(place, frozenset()))
        [at_lot] = [one for one in every if one.id == waiver.id]
        for requirement, reason in asked:
            line, holds = _line(row, reason), False
            if not may_be_waived(requirement, at_lot):
                line = replace(line, because=f"no waiver reaches {requirement.rule_id}")
            else:
                second = requirement.second_approver
                found, why = reach(at_lot, about, on, needs_second=second)
                line, holds = replace(line, because=why), found is Reach.HOLDS
            (through if holds else covered).append(line)
    return Touched(
        through=_veiled(through, reader),
        covered=_veiled(covered, reader),
        unseen=0 if own else len(unseen),
        is_cut=len(judged) > MOST_LOTS,
    )


def _failed(lots: Collection[str]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the rules that lots were found last to fail under the packs alone."""
    rows = Assessment.objects.filter(lot__in=lots, club=PACKS_ALONE, is_current=True)
    failed = Func(
        "findings", Value(_FAILED), function="jsonb_path_query_array", output_field=JSONField()
    )
    told = rows.annotate(failed=failed).values_list("lot", "mineral", "failed")
    return {(lot, mineral): frozenset(rules) for lot, mineral, rules in told}


def _in_scope(waiver: Waiver) -> QuerySet[Judgement]:
    """Return what the club judged last of lots that the waiver may be about."""
    asked = Q()
    for rule in waiver.rule_ids:
        for verdict in _UNMET:
            asked |= Q(reasons__contains=[{"rule_id": rule, "verdict": verdict}])
    rows = Judgement.objects.filter(asked, club=waiver.club, is_current=True)
    if waiver.lot_ids is not None:
        rows = rows.filter(lot__in=waiver.lot_ids)
    if waiver.minerals is not None:
        rows = rows.filter(mineral__in=waiver.minerals)
    return rows.select_related("assessment").order_by("lot", "mineral")


def _covered(
    row: Judgement, about: Iterable[Finding], waiver: Waiver, rows: Mapping[str, Requirement]
) -> list[tuple[Requirement, Mapping[str, str]]]:
    """Return the requirements a lot does not meet by itself that the waiver is about."""
    covered = {one.rule_id for one in about if waiver.covers(one)}
    return [
        (rows[reason["rule_id"]], reason)
        for reason in row.reasons
        if reason["rule_id"] in covered
        and reason["rule_id"] in rows
        and reason["verdict"] in _UNMET
    ]


def _line(row: Judgement, reason: Mapping[str, str]) -> LotTold:
    return LotTold(
        lot=row.lot,
        mineral=row.mineral,
        rule_id=reason["rule_id"],
        verdict=reason["verdict"],
        because=reason["because"],
    )


def _visible(lots: Collection[str], reader: str, *, own: bool) -> frozenset[str]:
    seen = _seen_lots(lots, reader)
    return frozenset(one for one in seen if one.startswith(f"{reader}:")) if own else seen


def _veiled(lines: Sequence[LotTold], reader: str) -> tuple[LotTold, ...]:
    veil = veil_for(reader, [one.because for one in lines])
    return tuple(replace(one, because=sentence(veil.text(one.because))) for one in lines)
