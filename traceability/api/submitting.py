"""What is sent: one statement or an item of a batch, as a signature or for the service to sign.

What was signed is what is parsed, stored and verified: no serializer touches the bytes.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpRequest
from msgspec import Meta, Struct
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from traceability.api import auth
from traceability.errors import (
    DocumentTooLarge,
    InvalidRequest,
    NotPermitted,
    NotSubmittedByAuthor,
    UnsupportedContentType,
)
from traceability.http import Caller
from traceability.keeping import service_key
from traceability.ledger.canonical import DOCUMENT_LIMIT, parse_json
from traceability.ledger.statements import UNREADABLE
from traceability.recording import Outcome, Submission
from traceability.registering import sign_as_service

T = TypeVar("T")

BODY_LIMIT = 4 * DOCUMENT_LIMIT  # bytes of one statement with its disclosures
JOSE, JOSE_JSON, JSON = "application/jose", "application/jose+json", "application/json"


class Signed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement as a compact JWS, and the disclosures of what it hides."""

    statement: Annotated[str, Meta(min_length=1)]
    disclosures: list[dict[str, Any]] = []


def sender(request: HttpRequest) -> Caller:
    """Return who sends a statement: the holder of a token, or somebody logged in."""
    caller = auth.bearer(request)
    if caller is None:
        caller = auth.of_user(request.user)
        SessionAuthentication().enforce_csrf(Request(request))
    auth.check_scope(caller, request.method)
    return caller


def submission_of(request: HttpRequest, caller: Caller) -> Submission:
    """Return what was sent, signed by the service where it is a plain document."""
    body = request.body
    if len(body) > BODY_LIMIT:
        raise DocumentTooLarge(size_bytes=len(body), limit_bytes=BODY_LIMIT)
    match request.content_type:
        case "application/jose":
            return Submission(jws=body)
        case "application/jose+json":
            return _signed(body)
        case "application/json":
            return read_item(body, caller, {})
    raise UnsupportedContentType(
        f"A statement cannot come as {(request.content_type or '')[:60]!r}."
    )


def read_item(raw: bytes, caller: Caller, keys: dict[str, Any]) -> Submission:
    """Read one item: a JWS in quotes, a `Signed`, or a document the service signs."""
    if raw[:1] == b'"':
        return Submission(jws=decoded(raw, str).encode())
    document = parse_json(raw, limit=BODY_LIMIT)
    if "statement" in document:
        return _signed(raw)
    return _sign(document, caller, keys)


def _signed(raw: bytes) -> Submission:
    sent = decoded(raw, Signed)
    return Submission(jws=sent.statement.encode(), disclosures=tuple(sent.disclosures))


def _sign(document: dict[str, Any], caller: Caller, keys: dict[str, Any]) -> Submission:
    """Sign a document with the key that the service holds for the caller, and for no other.

    Raises:
        NotSubmittedByAuthor, NoServiceKey, NotPermitted: why not.
    """
    author = document.get("author")
    if author != caller.organization:
        raise NotSubmittedByAuthor(author=str(author)[:64])
    if caller.person:
        if document.get("acting_person", caller.person) != caller.person:
            raise NotPermitted("A person signs with the own pseudonym only.")
        document["acting_person"] = caller.person
    if author not in keys:
        keys[author] = service_key(author)
    return sign_as_service(document, key=keys[author])


def decoded(raw: bytes, shape: type[T]) -> T:
    """Read JSON of a shape.

    Raises:
        InvalidRequest: it is something else.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except UNREADABLE as error:
        raise InvalidRequest(f"The body cannot be read: {error}.") from None


def named(outcome: Outcome) -> dict[str, Any]:
    """Return the id of the statement that an outcome is about, if it was understood."""
    return {"id": outcome.statement.id} if outcome.statement else {}
