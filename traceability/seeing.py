"""Who may see what: the one place that answers it, for the API, the admin, bundles and exports.

- A *lot* is seen by who holds, held or owns it, by those it is opened to (themselves or as
  members of an audience) and by an auditor whom a site's owner granted it, until that day.
  Who had a lot before it was parted sees no part of another's making.
- The *text of a statement* is read by its author, by the parties it is addressed to (shipper,
  consignee, transferee; an organization, for what is said about its own keys), and by an auditor
  as far as the owner who granted may read it. An amendment is read by whoever reads what it
  amends.
- *Names* upstream are shown where their owner opened them to the reader, an audience of his, or
  all.
- Staff of the operator see all of it.

What one may not see is answered like what does not exist. What is read of other companies is
written down by `noting`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, Protocol

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from traceability.errors import LedgerNotBegun, UnknownFacility, UnknownLot
from traceability.ledger.vocabulary import OrganizationRole
from traceability.models import (
    Audience,
    Entry,
    Facility,
    Grant,
    Lot,
    LotOpening,
    Movement,
    NameOpening,
    Organization,
)

PUBLIC_OFFICES = (
    OrganizationRole.OPERATOR,
    OrganizationRole.ASSURANCE_SCHEME,
    OrganizationRole.REGISTRAR,
)
"""Roles that serve everybody: their names are in every certificate, so they hide nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNames:
    """The names that one reader may see. `all_of_them` is true for the operator's staff."""

    organizations: frozenset[str]
    facilities: frozenset[str]
    all_of_them: bool = False

    def has_organization(self, name: str | None) -> bool:
        """Tell whether this organization may be named."""
        return name is not None and (self.all_of_them or name in self.organizations)

    def has_facility(self, name: str | None) -> bool:
        """Tell whether this facility may be named."""
        return name is not None and (self.all_of_them or name in self.facilities)


class Possession(Protocol):
    """What must be known of a lot to tell whose it is: a row of its table, or a part of one."""

    @property
    def id(self) -> str:
        """Return the id of the lot."""

    @property
    def custodian(self) -> str:
        """Return who has it."""

    @property
    def consignee(self) -> str | None:
        """Return who is to receive it."""

    @property
    def owners(self) -> Any:
        """Return undivided shares, as in the lot's row."""


def is_operator(organization: str) -> bool:
    """Tell whether an organization runs this ledger."""
    role = OrganizationRole.OPERATOR.value
    return Organization.objects.filter(id=organization, roles__contains=[role]).exists()


def operator() -> str:
    """Return the organization that runs this ledger.

    Raises:
        LedgerNotBegun: there is none yet.
    """
    role = OrganizationRole.OPERATOR.value
    found = Organization.objects.filter(roles__contains=[role]).values_list("id", flat=True).first()
    if found is None:
        raise LedgerNotBegun
    return found


# ── lots ──────────────────────────────────────────────────────────────────────────────────


def lots_seen_by(organization: str, *, on: date | None = None) -> QuerySet[Lot]:
    """Return the lots an organization may see on a day (today's, UTC, where not given)."""
    if is_operator(organization):
        return Lot.objects.all()
    day = on or today()
    known = Lot.objects.filter(known_to__contains=[organization]).order_by().values("id")
    opened = _openings(organization, day).values("lot")
    # A union and not an OR: each part has its own index, and a single id is looked up in each.
    return Lot.objects.filter(id__in=known.union(opened, *_granted_lots(organization, day)))


def lot_seen_by(lot_id: str, organization: str, *, on: date | None = None) -> Lot:
    """Return a lot that an organization may see.

    Raises:
        UnknownLot: there is none, or it may not see it; the answer is the same.
    """
    found = lots_seen_by(organization, on=on).filter(id=lot_id).first()
    if found is None:
        raise UnknownLot(lot_id, at="")
    return found


def lots_seen_in_full(
    lots: Collection["Possession"], organization: str, *, on: date | None = None
) -> set[str]:
    """Return those of the lots whose present state an organization may see.

    It is seen by custodian, owners and consignee, and by those to whom one of them opened or
    granted the lot. A *former* holder, and whoever a former holder let in, knows the lot and
    where it is from, not what its buyer has left of it and where.
    """
    if not lots or is_operator(organization):
        return {lot.id for lot in lots}
    day, ids = on or today(), {lot.id: lot for lot in lots}
    seen = {lot.id for lot in lots if is_own(lot, organization) or lot.consignee == organization}
    offers = dict(_openings(organization, day).filter(lot__in=ids).values_list("lot", "offer"))
    openers = dict(Entry.objects.filter(hash__in=offers.values()).values_list("hash", "author"))
    seen |= {name for name, offer in offers.items() if is_own(ids[name], openers[offer])}
    for grant in grants_of(organization, day):
        own = [name for name, lot in ids.items() if is_own(lot, grant.organization_id)]
        named, moved = _lots_of_grant(grant)
        granted = Lot.objects.filter(Q(id__in=named) | Q(id__in=moved), id__in=own)
        seen.update(granted.values_list("id", flat=True))
    return seen


def held_by(rows: QuerySet[Lot], organization: str) -> QuerySet[Lot]:
    """Return those of the lots that an organization has, owns in part, or is to receive."""
    return rows.filter(
        Q(custodian=organization)
        | Q(consignee=organization)
        | Q(owners__contains=[{"owner": {"organization": organization}}])
    )


def is_own(lot: "Possession", organization: str) -> bool:
    """Tell whether an organization has a lot, or owns a part of it."""
    owners = {share["owner"].get("organization") for share in lot.owners}
    return organization == lot.custodian or organization in owners


def audiences_of(organization: str) -> list[str]:
    """Return the names under which something can be opened to an organization."""
    audiences = Audience.objects.filter(members__contains=[organization])
    return [organization, *audiences.values_list("organization_id", flat=True)]


def grants_of(auditor: str, day: date) -> QuerySet[Grant]:
    """Return the grants under which an auditor may read on a day."""
    return Grant.objects.filter(auditor_id=auditor, until__gte=day)


def _openings(organization: str, day: date) -> QuerySet[LotOpening]:
    return LotOpening.objects.filter(
        Q(until=None) | Q(until__gte=day),
        organization__in=audiences_of(organization),
        closed_order=None,
    )


def _granted_lots(auditor: str, day: date) -> list[QuerySet[Any, Any]]:
    return [found for grant in grants_of(auditor, day) for found in _lots_of_grant(grant)]


def _lots_of_grant(grant: Grant) -> tuple[QuerySet[Any, Any], QuerySet[Any, Any]]:
    """Return the lots that a grant names, and those that something happened to at its sites."""
    named = Lot.objects.filter(id__in=grant.lots, known_to__contains=[grant.organization_id])
    events = Entry.objects.filter(facility__in=grant.facilities, author=grant.organization_id)
    orders = events.order_by().values("recorded_order")
    moved = Movement.objects.filter(recorded_order__in=orders)
    return named.order_by().values("id"), moved.values("lot")


# ── statements ────────────────────────────────────────────────────────────────────────────


def readable_orders(
    organization: str, orders: Iterable[int], *, on: date | None = None
) -> set[int]:
    """Return those of the entries (by recorded order) whose statements may be read in full."""
    asked = set(orders)
    if not asked or is_operator(organization):
        return asked
    lines = sorted(_with_what_they_amend(asked))
    with connection.cursor() as cursor:
        cursor.execute(_READABLE, _parameters(organization, on or today(), lines))
        return asked & {order for (order,) in cursor.fetchall()}


def entries_readable_by(organization: str, *, on: date | None = None) -> QuerySet[Entry]:
    """Return the entries whose statements an organization may read in full."""
    if is_operator(organization):
        return Entry.objects.all()
    addressed = RawSQL(_READABLE, _parameters(organization, on or today(), None))  # noqa: S611
    return Entry.objects.filter(Q(author=organization) | Q(recorded_order__in=addressed))


_READABLE = """
WITH RECURSIVE
-- `everything`, `orders`: constants that the planner folds, so that one text serves a list of
-- entries (looked up by order) and the whole log (looked up by reader).
granted AS (
    SELECT organization_id AS grantor, facilities, lots FROM traceability_grant
    WHERE auditor_id = %s AND until >= %s
), readers AS (
    SELECT grantor AS reader FROM granted UNION SELECT %s
), party AS (
    SELECT e.recorded_order, e.author AS reader
    FROM traceability_entry e JOIN readers r ON r.reader = e.author
    WHERE %s OR e.recorded_order = ANY (%s)
  UNION
    SELECT s.recorded_order, r.reader
    FROM traceability_entrysubject s JOIN readers r ON r.reader = split_part(s.subject, ':', 2)
    WHERE s.subject LIKE 'consignment:%%' AND (%s OR s.recorded_order = ANY (%s))
  UNION
    SELECT s.recorded_order, r.reader
    FROM traceability_entrysubject s JOIN readers r ON r.reader = split_part(s.subject, ':', 4)
    WHERE s.subject LIKE 'consignment:%%' AND (%s OR s.recorded_order = ANY (%s))
  UNION
    SELECT m.recorded_order, r.reader
    FROM traceability_movement m JOIN readers r ON r.reader = m.facts ->> 'to'
    WHERE m.role = 'title' AND (%s OR m.recorded_order = ANY (%s))
  UNION
    SELECT e.recorded_order, r.reader
    FROM readers r
    JOIN traceability_entrysubject s ON s.subject = 'organization:' || r.reader
    JOIN traceability_entry e ON e.recorded_order = s.recorded_order
    WHERE e.kind IN ('registry.organization', 'registry.key', 'registry.key_revocation')
      AND (%s OR s.recorded_order = ANY (%s))
), told AS (
    SELECT recorded_order, reader FROM party
  UNION
    SELECT n.recorded_order, t.reader
    FROM told t
    JOIN traceability_entry e ON e.recorded_order = t.recorded_order
    JOIN traceability_entry n ON n.replaces = e.hash
)
SELECT recorded_order FROM told WHERE reader = %s
UNION
SELECT t.recorded_order FROM told t JOIN granted g ON g.grantor = t.reader
WHERE EXISTS (
    SELECT FROM traceability_entry e
    WHERE e.recorded_order = t.recorded_order AND e.facility = ANY (g.facilities)
) OR EXISTS (
    SELECT FROM traceability_entrysubject s WHERE s.recorded_order = t.recorded_order
      AND (s.subject IN (SELECT 'lot:' || unnest(g.lots))
           OR s.subject IN (SELECT 'facility:' || unnest(g.facilities)))
) OR EXISTS (  -- an assay of a consignment that left, or reached, a granted site
    SELECT FROM traceability_entrysubject s
    JOIN traceability_entrysubject o ON o.subject = s.subject
    JOIN traceability_entry e ON e.recorded_order = o.recorded_order
    WHERE s.recorded_order = t.recorded_order AND s.subject LIKE 'consignment:%%'
      AND e.facility = ANY (g.facilities) AND e.author = g.grantor
)
"""


def _parameters(organization: str, day: date, orders: Collection[int] | None) -> list[Any]:
    """Return the parameters of `_READABLE` among the orders, or everywhere where None."""
    within = [orders is None, list(orders or ())]
    return [organization, day, organization, *within * 5, organization]


def _with_what_they_amend(orders: Iterable[int]) -> set[int]:
    """Return the orders and those of every statement that they, step by step, replace."""
    found, level = set(orders), set(orders)
    while level:
        amending = Entry.objects.filter(recorded_order__in=level, replaces__isnull=False)
        amended = Entry.objects.filter(hash__in=amending.values("replaces"))
        level = set(amended.values_list("recorded_order", flat=True)) - found
        found |= level
    return found


# ── names ─────────────────────────────────────────────────────────────────────────────────


def names_open_to(organization: str, *, on: date | None = None) -> OpenNames:
    """Return the names an organization may see: its own, opened and granted ones, offices."""
    if is_operator(organization):
        return OpenNames(organizations=frozenset(), facilities=frozenset(), all_of_them=True)
    day = on or today()
    audiences = audiences_of(organization)
    organizations, facilities = set(audiences), set[str]()
    for opening in NameOpening.objects.filter(
        Q(public=True) | Q(audience__overlap=audiences), Q(until=None) | Q(until__gte=day)
    ):
        facilities.update(opening.facilities)
        if opening.own_name:
            organizations.add(opening.organization_id)
    for grant in grants_of(organization, day):
        organizations.add(grant.organization_id)
        facilities.update(grant.facilities)
    own = Facility.objects.filter(Q(operator=organization) | Q(organization=organization))
    facilities.update(own.values_list("id", flat=True))
    offices = Organization.objects.filter(roles__overlap=[role.value for role in PUBLIC_OFFICES])
    organizations.update(offices.values_list("id", flat=True))
    return OpenNames(organizations=frozenset(organizations), facilities=frozenset(facilities))


def facility_named_to(facility: str, organization: str, *, on: date | None = None) -> Facility:
    """Return a facility that an organization may name.

    Raises:
        UnknownFacility: there is none, or it may not know it; the answer is the same.
    """
    if names_open_to(organization, on=on).has_facility(facility):
        found = Facility.objects.filter(id=facility).first()
        if found is not None:
            return found
    raise UnknownFacility(facility, at="")


# ── sites ─────────────────────────────────────────────────────────────────────────────────


def sites_seen_in_full(organization: str, *, on: date | None = None) -> QuerySet[Facility]:
    """Return the sites whose books an organization may read: its own and those granted to it.

    A site's books are its operator's; where the operator has no key, who registered it.
    """
    if is_operator(organization):
        return Facility.objects.all()
    owns = Q(operator=organization) | Q(operator=None, organization=organization)
    for grant in grants_of(organization, on or today()):
        grantor = grant.organization_id
        theirs = Q(operator=grantor) | Q(operator=None, organization=grantor)
        owns |= Q(pk__in=grant.facilities) & theirs
    return Facility.objects.filter(owns)


def today() -> date:
    """Return the day that `until` is compared with: the calendar day in UTC."""
    return timezone.now().astimezone(UTC).date()
