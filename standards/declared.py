"""Declarations as their readers may know them: who said what to whom, and whether it still holds.

A declaration is read by its author, by those it names as recipients (themselves, or as members
of a club), and by an auditor whom its author granted one of the lots or sites it is about. What
it says to others later does not show; that it was replaced or withdrawn does.
"""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from standards.models import Declaration
from standards.rulebook.errors import UnknownDeclaration
from traceability import seeing


def declarations_readable_by(organization: str) -> QuerySet[Declaration]:
    """Return every statement of declarations that an organization may read, withdrawals among them.

    A withdrawal is read by whoever may read what it withdraws.
    """
    if seeing.is_operator(organization):
        return Declaration.objects.all()
    told = Q(author=organization) | Q(recipients__overlap=seeing.audiences_of(organization))
    for grant in seeing.grants_of(organization, seeing.today()):
        about = Q(lots__overlap=grant.lots)
        if grant.facilities:
            about |= Q(record__facilities__has_any_keys=list(grant.facilities))
        told |= Q(author=grant.organization_id) & about
    named = Declaration.objects.filter(told).order_by().values("declaration")
    return Declaration.objects.filter(told | Q(withdrawn=True, declaration__in=named))


def declarations_seen_by(organization: str) -> QuerySet[Declaration]:
    """Return the last statement of each declaration that an organization may read."""
    readable = declarations_readable_by(organization)
    last = readable.order_by("declaration", "-index").distinct("declaration").values("index")
    return Declaration.objects.filter(index__in=last)


def declaration_seen_by(name: str, organization: str) -> Declaration:
    """Return a declaration as an organization may read it last.

    Raises:
        UnknownDeclaration: there is none, or it may not read it; the answer is the same.
    """
    found = declarations_seen_by(organization).filter(declaration=name).first()
    if found is None:
        raise UnknownDeclaration(name)
    return found


def replaced(rows: Sequence[Declaration]) -> set[str]:
    """Return those of the declarations that were stated again later, to whomever."""
    known = {row.declaration: row.index for row in rows}
    later = Declaration.objects.filter(declaration__in=known).values_list("declaration", "index")
    return {name for name, index in later if index > known[name]}
