"""Reads that build core values: tiles, entries, lots and their histories."""

from collections.abc import Callable

from traceability.ledger.tiles import TILE_WIDTH
from traceability.models import LogState, Tile


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
