import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import PossessionNotProven
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey
from traceability.ledger.possession import POSSESSION_TYPE, sign_possession, verify_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws

LEDGER = "demo.example/log"
ALICE = PrivateKey(seed=b"alice".ljust(32))
MALLORY = PrivateKey(seed=b"mallory".ljust(32))

private_keys = st.binary(min_size=32, max_size=32).map(lambda seed: PrivateKey(seed=seed))


def assert_not_proven(proof, because, *, key=ALICE, ledger=LEDGER, organization="acme"):
    with pytest.raises(PossessionNotProven, match=because) as refused:
        verify_possession(proof, key.public, ledger=ledger, organization=organization)
    assert refused.value.facts == {"kid": key.kid}


@given(key=private_keys)
def test_whoever_holds_a_key_can_prove_it(key):
    proof = sign_possession(key, ledger=LEDGER, organization="acme")
    verify_possession(proof, key.public, ledger=LEDGER, organization="acme")


def test_a_proof_is_worth_nothing_for_another_organization_ledger_or_key():
    proof = sign_possession(ALICE, ledger=LEDGER, organization="acme")
    assert_not_proven(proof, "not for organization mallory", organization="mallory")
    assert_not_proven(proof, "not for organization acme on prod", ledger="prod.example/log")
    assert_not_proven(proof, "another key", key=MALLORY)


@pytest.mark.parametrize(
    ("payload", "typ", "because"),
    [
        (b"{}", POSSESSION_TYPE, "not for organization"),
        (b'{ "ledger": "demo.example/log" }', POSSESSION_TYPE, "canonical"),
        (
            canonical(
                {"kid": ALICE.kid, "ledger": LEDGER, "organization": "acme", "more": "members"}
            ),
            POSSESSION_TYPE,
            "not for organization",
        ),
        (
            canonical({"kid": MALLORY.kid, "ledger": LEDGER, "organization": "acme"}),
            POSSESSION_TYPE,
            "not for organization",
        ),
        (
            canonical({"kid": ALICE.kid, "ledger": LEDGER, "organization": "acme"}),
            STATEMENT_TYPE,
            "typ",
        ),
    ],
)
def test_only_the_exact_claim_proves_possession(payload, typ, because):
    assert_not_proven(sign_jws(payload, ALICE, typ=typ), because)
