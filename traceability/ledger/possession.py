"""Proof of possession: a new key signs for which ledger and organization it is meant.

Without it an organization could enrol somebody else's key and claim what that key signed.
"""

from typing import Any

from traceability.errors import InvalidSignature, PossessionNotProven, TraceabilityError
from traceability.ledger.canonical import canonical, parse_canonical
from traceability.ledger.keys import PrivateKey, PublicKey
from traceability.ledger.signing import parse_jws, sign_jws, verify_jws

POSSESSION_TYPE = "custody-key-proof+jws"


def sign_possession(private_key: PrivateKey, *, ledger: str, organization: str) -> bytes:
    """Return the compact JWS by which a key proves it is meant for this organization.

    Args:
        private_key: the key to be enrolled.
        ledger: origin of the ledger, so that the proof is worth nothing elsewhere.
        organization: id of the organization that will sign with the key.
    """
    claim = _claim(private_key.public, ledger=ledger, organization=organization)
    return sign_jws(canonical(claim), private_key, typ=POSSESSION_TYPE)


def verify_possession(
    proof: bytes, public_key: PublicKey, *, ledger: str, organization: str
) -> None:
    """Verify that whoever enrols a key for an organization holds its private part.

    Raises:
        PossessionNotProven: unreadable, signed by another key, or for another ledger,
            organization or key.

    Source: RFC 4211, section 4; the form is ours.
    """
    kid = public_key.kid
    try:
        jws = parse_jws(proof, typ=POSSESSION_TYPE)
        verify_jws(jws, public_key.raw)
        said = parse_canonical(jws.payload)
    except InvalidSignature as error:
        raise PossessionNotProven("another key signed the proof", kid=kid) from error
    except TraceabilityError as error:
        raise PossessionNotProven(error.message, kid=kid) from error

    if said != _claim(public_key, ledger=ledger, organization=organization):
        raise PossessionNotProven(
            f"the proof is not for organization {organization} on {ledger}", kid=kid
        )


def _claim(public_key: PublicKey, *, ledger: str, organization: str) -> dict[str, Any]:
    return {"kid": public_key.kid, "ledger": ledger, "organization": organization}
