"""Keys the service keeps: the log's own, and those it holds for organizations without one.

Private keys rest sealed; the key that opens them comes from the environment and is never
in the database.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from traceability.errors import NoServiceKey
from traceability.ledger.keys import (
    PrivateKey,
    from_base64url,
    new_private_key,
    open_private_key,
    seal_private_key,
)
from traceability.ledger.notes import SignerKey, VerifierKey
from traceability.models import Key, ServiceKey


def log_key() -> PrivateKey:
    """Return the log's private key."""
    return _read_log_key(settings.LOG_KEY_FILE)


def log_signer() -> SignerKey:
    """Return the log's key as a signer of notes; its name is the ledger's origin."""
    return SignerKey(name=settings.LEDGER_ORIGIN, private_key=log_key())


def log_verifier() -> VerifierKey:
    """Return the log's public key, as a C2SP verifier key."""
    return log_signer().verifier


def keep_new_key(organization: str) -> PrivateKey:
    """Make a key for an organization and keep it sealed; enrolling it is a statement."""
    key = new_private_key()
    sealed = seal_private_key(key, settings.KEY_ENCRYPTION_KEY, aad=_label(organization, key.kid))
    ServiceKey.objects.create(kid=key.kid, organization_id=organization, sealed=sealed)
    return key


def signs_itself(organization: str) -> bool:
    """Tell whether the service holds no key of an organization."""
    return not ServiceKey.objects.filter(organization_id=organization).exists()


def service_key(organization: str) -> PrivateKey:
    """Return an enrolled, unrevoked key that the service holds for an organization.

    Raises:
        NoServiceKey: there is none.
    """
    usable = Key.objects.filter(organization_id=organization, revoked_order=None).values("kid")
    held = ServiceKey.objects.filter(organization_id=organization, kid__in=usable).first()
    if held is None:
        raise NoServiceKey(organization)
    return open_private_key(
        bytes(held.sealed), settings.KEY_ENCRYPTION_KEY, aad=_label(organization, held.kid)
    )


def _label(organization: str, kid: str) -> bytes:
    """Bind a sealed key to its owner: it does not open under another name."""
    return f"{organization} {kid}".encode()


@lru_cache(maxsize=4)
def _read_log_key(path: str) -> PrivateKey:
    text = Path(path).read_text(encoding="ascii").strip()
    return PrivateKey(seed=from_base64url(text.rstrip("=")))
