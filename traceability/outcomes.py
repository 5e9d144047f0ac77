"""What is submitted, and what became of it: an entry with its receipt, or the reason why not.

A receipt is a function of its entry, so it is signed for whoever asks for it and kept nowhere:
the same one comes out tomorrow, in another process.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

from django.conf import settings

from traceability.errors import TraceabilityError
from traceability.keeping import log_key
from traceability.ledger.receipts import promise
from traceability.ledger.signing import RECEIPT_TYPE, sign_many
from traceability.ledger.statements import Statement
from traceability.rows import Known

_TOGETHER = 50  # receipts; other threads wait for the interpreter no longer than it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A statement as it arrives: the compact JWS and what it hides from others."""

    jws: bytes
    disclosures: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one statement: recorded or duplicate with a receipt, or rejected."""

    submission: Submission
    statement: Statement | None = None
    known: Known | None = None  # the entry it stands for, now or before
    is_duplicate: bool = False
    error: TraceabilityError | None = None
    _receipt: tuple[str, str] = field(default=("", ""), repr=False)  # for which entry, and it

    @property
    def kind(self) -> str:
        """Return `recorded`, `duplicate` or `rejected`."""
        if self.error is not None:
            return "rejected"
        return "duplicate" if self.is_duplicate else "recorded"

    @property
    def entry(self) -> str:
        """Return the hash of the entry; empty where there is none."""
        return self.known.entry if self.known is not None and self.error is None else ""

    @property
    def key_held_by(self) -> str:
        """Return who holds the key that signed; empty where nothing was recorded."""
        return self.known.held_by if self.known is not None and self.error is None else ""

    @property
    def receipt(self) -> str:
        """Return the receipt, signed now if it was not before; empty where there is none."""
        sign_receipts([self])
        return self._receipt[1] if self.entry else ""

    def as_json(self) -> dict[str, object]:
        """Return the outcome as the API tells it."""
        told: dict[str, object] = {"outcome": self.kind}
        if self.statement is not None:
            told["id"] = self.statement.envelope.id
        if self.error is not None:
            return told | {"problem": self.error.as_json()}
        told |= {"entry": self.entry, "receipt": self.receipt, "key_held_by": self.key_held_by}
        if self.known is not None and self.known.waits:
            told["state"] = "unmatched"
        return told


def sign_receipts(outcomes: Iterable[Outcome]) -> None:
    """Sign what is promised and not signed yet, of many at once on all cores."""
    _sign(outcomes)


def _sign(outcomes: Iterable[Outcome]) -> None:
    recorded = [
        (one, one.known, one.statement)
        for one in outcomes
        if one.entry and one.known and one.statement and one._receipt[0] != one.entry
    ]
    within = timedelta(seconds=settings.PUBLISH_WITHIN_SECONDS)
    promises = [
        promise(
            entry_hash=known.entry,
            body=known.body,
            author=statement.author,
            statement_id=statement.envelope.id,
            key_held_by=known.held_by,
            publish_within=within,
        )
        for _, known, statement in recorded
    ]
    signed = sign_many(promises, log_key(), typ=RECEIPT_TYPE)
    for (outcome, known, _), receipt in zip(recorded, signed, strict=True):
        outcome._receipt = known.entry, receipt.decode()


@contextmanager
def signing_meanwhile(outcomes: Sequence[Outcome]) -> Iterator[None]:
    """Sign receipts of a large batch in a thread, for as long as the database writes it.

    Nobody is shown them before it has: a receipt is signed for an entry, and whose entry is not
    committed has no outcome. Those that are left, `sign_receipts` signs.
    """
    written = Event()

    def sign() -> None:
        for begin in range(0, len(outcomes), _TOGETHER):
            if not written.is_set():
                _sign(outcomes[begin : begin + _TOGETHER])

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(sign)  # what fails here is met again by whoever asks for the receipt
        try:
            yield
        finally:
            written.set()
