"""Reads that build core values: tiles, entries, lots and their histories."""

from collections.abc import Callable, Collection, Iterable, Iterator

from traceability.chronicling import fetch, happenings_of, told_by
from traceability.ledger.chronicle import History, build_history
from traceability.ledger.tiles import TILE_WIDTH
from traceability.models import Checkpoint, LogState, Tile
from traceability.streaming import Answers, Row
from traceability.wire import array_text


def log_state() -> LogState:
    """Return the tree as sequenced so far; empty where nothing is sequenced yet."""
    return LogState.objects.filter(pk=1).first() or LogState(size=0, root="", edge=[])


def tile_reader(state: LogState) -> Callable[[int, int, int], bytes]:
    """Return a reader of tiles of the tree in `state`: full ones stored, the edge in its row."""

    def read(level: int, index: int, width: int) -> bytes:
        hashes = state.size >> 8 * level
        if index == hashes // TILE_WIDTH:  # the partial tile at the right edge
            return bytes.fromhex(state.edge[level])[: width * 32]
        return bytes(Tile.objects.get(level=level, index=index).hashes)[: width * 32]

    return read


def published_size() -> int:
    """Return how many entries a signed checkpoint commits to."""
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return newest or 0


def size_known_at(size: int | None) -> int:
    """Return the log size to read at: the one asked for, or the newest that is published."""
    newest = published_size()
    return newest if size is None else min(size, newest)


# ── what led to a lot, and what came of it ────────────────────────────────────────────────

_DESCENDANTS = "SELECT * FROM ledger_descendants(%(lots)s::text[])"
_LED_BY_MORE = "SELECT ledger_led_by_more_than(%(lots)s::text[], %(most)s)"


def lot_history(lot_id: str, *, size: int) -> History:
    """Return everything that led to a lot, as the entries below a log size tell it."""
    return lot_histories([lot_id], size=size)


def lot_histories(lots: Collection[str], *, size: int) -> History:
    """Return one history that leads to several lots, so that what they share is read once.

    Corrections are carried out; assays on a lot, or on the consignment it travelled in,
    govern it and what came of it. See `chronicle.build_history`.
    """
    if not lots:
        return build_history(())
    asked = array_text(lots)
    movements, entries = told_by(_ancestry(asked, None), size)
    unknown = movements.keys() - entries.keys()
    if any(one.role == "make" for order in unknown for one in movements[order]):
        # Something above the size made one of these lots: it must not lead anywhere.
        movements, entries = told_by(_ancestry(asked, str(size)), size)
    return build_history(happenings_of(movements, entries))


def _ancestry(lots: str, size: str | None) -> Iterator[Row]:
    for _, rows in Answers(("ledger_ancestry", (lots, size))):
        yield from rows


def led_by_more_than(most: int, lots: Collection[str]) -> bool:
    """Tell whether more than so many lots, themselves included, led to some lots.

    A lot that was made on the way counts twice: as what led on, and as what was made.
    """
    [(found,)] = fetch(_LED_BY_MORE, {"lots": list(lots), "most": most})
    return bool(found)


def descendants(lots: Iterable[str]) -> set[str]:
    """Return these lots and every lot that took from them, also by statements replaced since."""
    return {row[0] for row in fetch(_DESCENDANTS, {"lots": list(lots)})}
