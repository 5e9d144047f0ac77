"""Title to lots: who owns which part, and how a part passes to another."""

from math import gcd
from typing import Any

import msgspec
from msgspec.structs import replace

from traceability.errors import InsufficientTitle, NotOwner
from traceability.ledger import events
from traceability.ledger.apportioning import scaled
from traceability.ledger.book import Lot
from traceability.ledger.canonical import INTEGER_LIMIT
from traceability.ledger.draft import Draft
from traceability.ledger.shapes import OwnerShare
from traceability.ledger.statements import to_shape


def pass_title(draft: Draft, item: events.TitleTransfer, at: str) -> None:
    """Let title to a lot, or to a quantity of it, pass from the author to another.

    Raises:
        UnknownLot, NotOwner, UnknownOrganization, InsufficientTitle: why it does not.
    """
    lot = draft.lot(item.lot, at)
    if item.transferor.organization != draft.author:
        raise NotOwner(item.lot, author=draft.author, at=f"{at}.from")
    if item.transferee.organization is not None:
        draft.organization(item.transferee.organization, f"{at}.to")
    shares = [to_shape(share, OwnerShare) for share in lot.owners]
    own = [share for share in shares if share.owner.organization == draft.author]
    if not own:
        raise NotOwner(item.lot, author=draft.author, at=at)
    if item.quantity is None:
        owners = [msgspec.to_builtins(_renamed(share, draft.author, item)) for share in shares]
    else:
        amount = draft.amount_of(lot, item.quantity, f"{at}.quantity")
        owners = _divided(lot, shares, amount, item, draft.author, f"{at}.quantity")
    to = item.transferee.organization or ""
    gains = {to or draft.author}
    facts = {"owners": owners, "before": list(lot.owners), "to": to}
    changed = replace(lot, owners=tuple(owners), known_to=lot.known_to | gains)
    draft.move(changed, "title", 0, facts)


def _renamed(share: OwnerShare, author: str, item: events.TitleTransfer) -> OwnerShare:
    if share.owner.organization != author:
        return share
    return msgspec.structs.replace(share, owner=item.transferee)


def _divided(
    lot: Lot,
    shares: list[OwnerShare],
    amount: int,
    item: events.TitleTransfer,
    author: str,
    at: str,
) -> list[Any]:
    """Pass title to a quantity: parts are scaled by the lot's amount, so all stay whole.

    Raises:
        InsufficientTitle: more than the author owns, a lot that holds nothing, or shares
            that differ by element, of which no gross quantity can be passed.
    """
    if lot.amount <= 0 or any(share.element is not None for share in shares):
        raise InsufficientTitle(item.lot, at=at)
    total = sum(share.parts for share in shares)
    own = sum(share.parts for share in shares if share.owner.organization == author)
    left = own * lot.amount - amount * total
    if left < 0:
        raise InsufficientTitle(item.lot, at=at)
    parts = [
        (msgspec.to_builtins(share.owner), share.parts * lot.amount)
        for share in shares
        if share.owner.organization != author
    ]
    parts += [({"organization": author}, left)] if left else []
    return _merged([*parts, (msgspec.to_builtins(item.transferee), amount * total)])


def _merged(parts: list[tuple[Any, int]]) -> list[Any]:
    """Add up the parts of equal owners and divide all by what they have in common.

    Where that leaves numbers JSON readers would not keep, the nearest shares that they do.
    """
    owners: list[Any] = []
    sums: list[int] = []
    for owner, count in parts:
        if owner in owners:
            sums[owners.index(owner)] += count
        else:
            owners.append(owner)
            sums.append(count)
    common, total = gcd(*sums), sum(sums)
    if total // common > INTEGER_LIMIT:
        named = {str(place): count for place, count in enumerate(sums)}
        rounded = scaled(named, INTEGER_LIMIT, total)
        sums, common = [rounded.get(name, 0) for name in named], 1
    return [
        {"owner": owner, "parts": count // common}
        for owner, count in zip(owners, sums, strict=True)
        if count
    ]
