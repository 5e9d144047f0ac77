"""Title to lots: who owns which part, and how a part passes to another."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from traceability.errors import InsufficientTitle, NotOwner, TitleNotBacked
from traceability.ledger import events
from traceability.ledger.book import Lot
from traceability.ledger.commingling import BACKED, Owners, Share, backed_of, undivided
from traceability.ledger.draft import Draft


def pass_title(draft: Draft, item: events.TitleTransfer, at: str) -> None:
    """Let title to a lot, or to a quantity of it, pass from the author to another.

    Raises:
        UnknownLot, NotOwner, UnknownOrganization, InsufficientTitle, TitleNotBacked: why it does
            not.
    """
    lot = draft.lot(item.lot, at)
    if item.transferor.organization != draft.author:
        raise NotOwner(item.lot, author=draft.author, at=f"{at}.from")
    if item.transferee.organization is not None:
        draft.organization(item.transferee.organization, f"{at}.to")
    own = [share for share in lot.owners if _is_of(share, draft.author)]
    if not own:
        raise NotOwner(item.lot, author=draft.author, at=at)
    if item.quantity is None:
        if any(BACKED in share for share in own):
            raise _not_backed(lot, own, at)
        to: Any = msgspec.to_builtins(item.transferee)
        owners = [
            {**share, "owner": to} if _is_of(share, draft.author) else share for share in lot.owners
        ]
    else:
        amount = draft.amount_of(lot, item.quantity, f"{at}.quantity")
        owners = _divided(lot, own, amount, item, f"{at}.quantity")
    name = item.transferee.organization or ""
    gains = {name or draft.author}
    facts = {"owners": owners, "before": list(lot.owners), "to": name}
    changed = replace(lot, owners=tuple(owners), known_to=lot.known_to | gains)
    draft.move(changed, "title", 0, facts)


def _is_of(share: Share, author: str) -> bool:
    return bool(share["owner"].get("organization") == author)


def _divided(
    lot: Lot, own: Sequence[Share], amount: int, item: events.TitleTransfer, at: str
) -> list[Any]:
    """Pass title to a quantity: parts are scaled by the lot's amount, so all stay whole.

    Raises:
        InsufficientTitle: more than the author owns, a lot that holds nothing, or shares
            that differ by element, of which no gross quantity can be passed.
        TitleNotBacked: more than the author put into a blend.
    """
    if lot.amount <= 0 or any(share.get("element") is not None for share in lot.owners):
        raise InsufficientTitle(item.lot, at=at)
    moved = amount * _total(lot.owners)
    left = _total(own) * lot.amount - moved
    if left < 0:
        raise InsufficientTitle(item.lot, at=at)
    title = sum(map(backed_of, own)) * lot.amount - moved
    if title < 0:
        raise _not_backed(lot, own, at)
    parts = [
        (share["owner"], share["parts"] * lot.amount, backed_of(share) * lot.amount)
        for share in lot.owners
        if share not in own
    ]
    parts += [(own[0]["owner"], left, title)] if left else []
    return undivided([*parts, (msgspec.to_builtins(item.transferee), moved, moved)])


def _not_backed(lot: Lot, own: Sequence[Share], at: str) -> TitleNotBacked:
    holds = max(0, lot.amount) * sum(map(backed_of, own)) // _total(lot.owners)
    return TitleNotBacked(lot.id, holds=holds, unit=lot.unit, at=at)


def _total(owners: Owners) -> int:
    return sum(share["parts"] for share in owners)
