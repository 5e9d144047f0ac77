"""Receipts: what the ledger answers for a recorded statement, signed with the log key.

The receipt is a promise with a deadline: by `publish_by` a signed checkpoint commits to
the entry. The same entry always gives the same receipt, byte for byte (RFC 8032).
"""

from datetime import datetime, timedelta
from typing import Any

from traceability.ledger.canonical import canonical
from traceability.ledger.entries import parse_entry
from traceability.ledger.keys import PrivateKey
from traceability.ledger.signing import RECEIPT_TYPE, sign_jws


def receipt(
    *,
    entry_hash: str,
    body: bytes,
    author: str,
    statement_id: str,
    key_held_by: str,
    publish_within: timedelta,
    log_key: PrivateKey,
) -> str:
    """Return the receipt of an entry as a compact JWS."""
    entry = parse_entry(body)
    received = datetime.fromisoformat(entry.received_at)
    document: dict[str, Any] = {
        "author": author,
        "entry": entry_hash,
        "id": statement_id,
        "key_held_by": key_held_by,
        "ledger": entry.ledger,
        "previous": [{"chain": link.chain, "entry": link.entry} for link in entry.previous],
        "publish_by": (received + publish_within).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "received_at": entry.received_at,
        "statement": entry.statement,
    }
    return sign_jws(canonical(document), log_key, typ=RECEIPT_TYPE).decode()
