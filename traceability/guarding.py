"""The guard: the last signed checkpoint, kept outside PostgreSQL.

A restored backup looks sound from inside. The guard file, on a volume of its own, is what
tells that a longer history was published already; nothing inconsistent with it is ever
recorded on or signed. (Sunlight calls this the lock database.)
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from traceability.errors import GuardConflict, GuardMissing, LedgerRolledBack, LogDamaged
from traceability.keeping import log_verifier
from traceability.ledger import checkpoint as heads
from traceability.ledger.tiles import root_from_tiles
from traceability.models import Checkpoint, LogState, Tile
from traceability.tracing import log_state, tile_reader


def guarded_checkpoint() -> heads.Checkpoint | None:
    """Return the checkpoint in the guard, or None where there is no guard yet."""
    note = _read()
    return _opened(note) if note else None


def verify_guard(state: LogState | None = None) -> None:
    """Verify that the database continues what was signed last.

    Args:
        state: the tree, where the caller holds its lock; else it is read after the guard, so
            that a checkpoint signed meanwhile is never ahead of the tree.

    Raises:
        GuardMissing: a checkpoint was published, and the guard is gone.
        LedgerRolledBack: the tree is shorter than the guard's, or is another tree.
    """
    guarded = guarded_checkpoint()
    if guarded is None:
        if Checkpoint.objects.exists():
            raise GuardMissing(settings.GUARD_PATH)
        return  # nothing was ever signed
    _verify_prefix(guarded, state or log_state())


def swap_guard(note: str, *, expected: heads.Checkpoint | None) -> None:
    """Put a new checkpoint in the guard, durably, if it still holds the one expected.

    Raises:
        GuardConflict: it holds another one.
    """
    path = Path(settings.GUARD_PATH)
    with _locked(path):
        if guarded_checkpoint() != expected:
            raise GuardConflict
        unfinished = path.with_name(f"{path.name}.new")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name, too, must survive a power cut
        finally:
            os.close(directory)


def restore_guard(note: str) -> int:
    """Put a checkpoint that somebody else kept into the guard that was lost; return its size.

    Raises:
        GuardConflict: the guard is not lost.
        LedgerRolledBack: the database does not begin with the tree that was signed.
        TraceabilityError: the log did not sign the note.
    """
    held, state = _opened(note), log_state()
    _verify_prefix(held, state)
    swap_guard(note, expected=None)
    # From here on the ledger records and signs again, from what was published at least.
    return held.size


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read() -> str:
    path = Path(settings.GUARD_PATH)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _opened(note: str) -> heads.Checkpoint:
    return heads.open_checkpoint(note, origin=settings.LEDGER_ORIGIN, verifiers=[log_verifier()])


def _verify_prefix(guarded: heads.Checkpoint, state: LogState) -> None:
    if guarded.size > state.size:
        raise LedgerRolledBack(
            f"The log has {state.size} entries; {guarded.size} were published.",
            size=state.size,
            published=guarded.size,
        )
    try:
        root = root_from_tiles(guarded.size, tile_reader(state))
    except (Tile.DoesNotExist, IndexError):
        raise LogDamaged(f"A tile of the first {guarded.size} entries is missing.") from None
    if root != guarded.root:
        raise LedgerRolledBack(
            f"The first {guarded.size} entries are not those that were published.",
            size=state.size,
            published=guarded.size,
        )
