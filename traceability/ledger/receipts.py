"""Receipts: what the ledger answers for a recorded statement, signed with the log key.

The receipt is a promise with a deadline: by `publish_by` a signed checkpoint commits to
the entry. The same entry always gives the same receipt, byte for byte (RFC 8032).
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from traceability.ledger.entries import utc_text
from traceability.ledger.keys import PrivateKey
from traceability.ledger.signing import RECEIPT_TYPE, sign_jws


def receipt(*, log_key: PrivateKey, **told: Any) -> str:
    """Return the receipt of an entry as a compact JWS; `told` is what `promise` takes."""
    return sign_jws(promise(**told), log_key, typ=RECEIPT_TYPE).decode()


def promise(
    *,
    entry_hash: str,
    body: bytes,
    author: str,
    statement_id: str,
    key_held_by: str,
    publish_within: timedelta,
) -> bytes:
    """Return what a receipt says, ready to be signed.

    Args:
        entry_hash: hex.
        body: the entry's stored bytes.
        author: who signed the statement, with `key_held_by` who could.
        statement_id: the statement's own id.
        publish_within: how long publication may take.
    """
    entry = orjson.loads(body)
    # Every value comes out of canonical bytes or is made by us, and the members stand in order:
    # `canonical` would add nothing; a property test holds the two equal.
    return orjson.dumps(
        {
            "author": author,
            "entry": entry_hash,
            "id": statement_id,
            "key_held_by": key_held_by,
            "ledger": entry["ledger"],
            "previous": entry["previous"],
            "publish_by": _publish_by(entry["received_at"], publish_within),
            "received_at": entry["received_at"],
            "statement": entry["statement"],
        }
    )


@lru_cache(maxsize=64)
def _publish_by(received_at: str, within: timedelta) -> str:
    return utc_text(datetime.fromisoformat(received_at) + within)
