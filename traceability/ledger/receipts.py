"""Receipts: what the ledger answers for a recorded statement, signed with the log key.

The receipt is a promise with a deadline: by `publish_by` a signed checkpoint commits to
the entry. The same entry always gives the same receipt, byte for byte (RFC 8032).
"""

from datetime import datetime, timedelta

import orjson

from traceability.ledger.canonical import canonical
from traceability.ledger.entries import utc_text
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
    """Return the receipt of an entry as a compact JWS.

    Args:
        entry_hash: hex.
        body: the entry's stored bytes.
        author: who signed the statement, with `key_held_by` who could.
        statement_id: the statement's own id.
        publish_within: how long publication may take.
        log_key: the ledger's key.
    """
    entry = orjson.loads(body)
    deadline = datetime.fromisoformat(entry["received_at"]) + publish_within
    document = {
        "author": author,
        "entry": entry_hash,
        "id": statement_id,
        "key_held_by": key_held_by,
        "ledger": entry["ledger"],
        "previous": entry["previous"],
        "publish_by": utc_text(deadline),
        "received_at": entry["received_at"],
        "statement": entry["statement"],
    }
    return sign_jws(canonical(document), log_key, typ=RECEIPT_TYPE).decode()
