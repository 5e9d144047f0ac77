"""What is submitted, and what became of it: an entry with its receipt, or the reason why not.

A receipt is a function of its entry, so it is signed for whoever asks for it and kept nowhere:
the same one comes out tomorrow, in another process.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings

from traceability.errors import TraceabilityError
from traceability.keeping import log_key
from traceability.ledger.receipts import promise
from traceability.ledger.signing import RECEIPT_TYPE, sign_many
from traceability.ledger.statements import Statement
from traceability.rows import Known


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
    _receipt: str = field(default="", repr=False)

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
        return self._receipt

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
    """Sign what is promised, of many at once on all cores."""
    recorded = [
        (one, one.known, one.statement)
        for one in outcomes
        if one.known and one.statement and one.error is None and not one._receipt
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
    for (outcome, _, _), receipt in zip(recorded, signed, strict=True):
        outcome._receipt = receipt.decode()
