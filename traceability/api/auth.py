"""Who may come in: OAuth2 clients (client credentials) and people who logged in.

A token of a client has no person: it acts for the organization of the account that owns the
client. Everything is refused unless a view says otherwise; `read` covers the safe methods,
`write` the others. Sessions may do both and send the CSRF token.

A good token is looked up once and believed for `_BELIEVED` seconds in this process, since one
statement is recorded in little more time than two queries take. Revoking a token, removing an
account from its organization, or deleting a client therefore takes effect within that time;
revoking a *key* takes effect at once, because recording locks the key's row.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from traceability.errors import NoOrganization, NotAuthenticated, ScopeMissing
from traceability.http import Caller
from traceability.models import Membership

READ, WRITE = "read", "write"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BELIEVED = 5  # seconds
_MOST = 10_000  # tokens kept; then all are looked up again
_MEMBERSHIP = "membership__organization"


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    expires: datetime
    until: float


_KNOWN: dict[str, _Known] = {}


class BearerToken(BaseAuthentication):
    """Authenticates a request by `Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """Return the caller, or None where no token was sent."""
        caller = bearer(request._request)
        return None if caller is None else (AnonymousUser(), caller)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge for a request without credentials."""
        return 'Bearer realm="api"'


class OfOrganization(BasePermission):
    """Lets organizations in, as far as their scope goes; keeps the caller on the request."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Identify the caller.

        Raises:
            NotAuthenticated, NoOrganization, ScopeMissing: why not.
        """
        caller = request.auth if isinstance(request.auth, Caller) else of_user(request.user)
        check_scope(caller, request.method)
        request.caller = caller  # type: ignore[attr-defined]
        return True


def bearer(request: HttpRequest) -> Caller | None:
    """Return whom the token of a request stands for, or None where there is no token.

    Raises:
        NotAuthenticated: the token is unknown, revoked or expired.
        NoOrganization: it is good, and its account acts for nobody.
    """
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    checksum = sha256(token.strip().encode()).hexdigest()
    known = _KNOWN.get(checksum)
    if known is None or known.until < monotonic():
        known = _looked_up(checksum)
    if known.expires <= timezone.now():
        raise NotAuthenticated("The token has expired.")
    return known.caller


def of_user(user: Any) -> Caller:
    """Return whom a person who logged in acts for.

    Raises:
        NotAuthenticated, NoOrganization: nobody logged in, or for no organization.
    """
    if not isinstance(user, User):
        raise NotAuthenticated
    found = Membership.objects.select_related("organization").filter(user=user).first()
    return _caller(found, frozenset({READ, WRITE}), person=found.pseudonym if found else "")


def check_scope(caller: Caller, method: str | None) -> None:
    """Verify that the caller may use this method.

    Raises:
        ScopeMissing: the token was issued for less.
    """
    scope = READ if method in _SAFE else WRITE
    if scope not in caller.scopes:
        raise ScopeMissing(scope)


def forget_tokens() -> None:
    """Look every token up again; what a test or an operator in a hurry calls."""
    _KNOWN.clear()


def _looked_up(checksum: str) -> _Known:
    """Read a token, its client, the account and its organization in one query."""
    tokens = get_access_token_model().objects.select_related(
        f"user__{_MEMBERSHIP}", f"application__user__{_MEMBERSHIP}"
    )
    token = tokens.filter(token_checksum=checksum).first()
    _KNOWN.pop(checksum, None)
    if token is None or token.application is None:
        raise NotAuthenticated("The token is not known, or was revoked.")
    account = token.user or token.application.user
    if account is None or not account.is_active:
        raise NotAuthenticated("The account of this token is closed.")
    membership = getattr(account, "membership", None)
    person = membership.pseudonym if membership and token.user else ""
    caller = _caller(membership, frozenset(token.scope.split()), person=person)
    if len(_KNOWN) >= _MOST:
        _KNOWN.clear()
    known = _Known(caller, token.expires, monotonic() + _BELIEVED)
    _KNOWN[checksum] = known
    return known


def _caller(membership: Membership | None, scopes: frozenset[str], *, person: str) -> Caller:
    if membership is None:
        raise NoOrganization
    return Caller(
        organization=membership.organization_id,
        roles=frozenset(membership.organization.roles),
        scopes=scopes,
        person=person,
    )
