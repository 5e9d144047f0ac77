"""A client of the web process: what it sends, and what it makes of the answer."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from json import JSONDecodeError
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


def batch(*more):
    """So large that rows are copied while it is decided on, and receipts signed beside that."""
    claims = [loss("alice:L", quantity("1", "kg")) for _ in range(70)]
    claims += [extraction(f"alice:{uuid4()}"), *more]
    documents = [statement(claim, "alice") for claim in claims]
    body = json.dumps({"statements": [signed(document).decode() for document in documents]})
    ids = tuple(document["id"] for document in documents)
    return Sent("statement-batches", "application/json", body.encode(), ids, 70 * 10**6)


def mixed_batch():
    """A batch of which a part is mirrored in tables of its own."""
    return batch(facility("alice:port", "port"))


def post(port, sent):
    """Send; return status and answer, or None where the connection broke."""
    return _ask(port, "POST", sent.path, sent.body, {"Content-Type": sent.content_type})


def get(port, path):
    return _ask(port, "GET", path, None, {})


def _ask(port, method, path, body, headers):
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request(
            method, f"/api/v1/{path}", body, headers | {"Authorization": "Bearer token-alice"}
        )
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    except (HTTPException, OSError, JSONDecodeError):  # an answer may be cut off anywhere
        return None
    finally:
        client.close()


def post_all(port, sent: Sequence[Sent]):
    """Send at once, each from a client of its own; return what each was answered."""
    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(lambda one: post(port, one), sent))


def is_acknowledged(told):
    return told is not None and told[0] < 300
