"""A client of the web process: what it sends, and what it makes of the answer."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from uuid import uuid4

from tests.builders import extraction, facility, key, loss, quantity, signed, statement

T = 10**9  # mg


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sends, what of it lasts, and where its outcomes stand in the answer."""

    path: str
    content_type: str
    body: bytes
    ids: tuple[str, ...]
    moved: int  # mg out of alice:L

    def outcomes(self, answer):
        """Return the outcomes that an answer tells, one for each statement."""
        return answer["outcomes"] if self.path.endswith("batches") else [answer]


def one():
    return single(loss("alice:L", "1"), moved=T)


def registration():
    """A statement that is mirrored in a table of its own: a new key."""
    return single(key("alice", f"alice {uuid4()}"), moved=0)


def single(claim, *, moved):
    document = statement(claim, "alice")
    return Sent("statements", "application/jose", signed(document), (document["id"],), moved)


def batch():
    """So large that a second thread waits for the database while this one signs receipts."""
    claims = [loss("alice:L", quantity("1", "kg")) for _ in range(70)]
    claims += [facility("alice:port", "port"), extraction(f"alice:{uuid4()}")]
    documents = [statement(claim, "alice") for claim in claims]
    body = json.dumps({"statements": [signed(document).decode() for document in documents]})
    ids = tuple(document["id"] for document in documents)
    return Sent("statement-batches", "application/json", body.encode(), ids, 70 * 10**6)


def post(port, sent):
    """Send; return status and answer, or None where the connection broke."""
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": "Bearer token-alice", "Content-Type": sent.content_type}
    try:
        client.request("POST", f"/api/v1/{sent.path}", sent.body, headers)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    except (HTTPException, OSError):
        return None
    finally:
        client.close()
