import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import (
    FileUnusable,
    MalformedKey,
    NotJson,
    SealedKeyUnreadable,
    TraceabilityError,
    WeakKey,
)
from traceability.ledger.keys import (
    PrivateKey,
    PublicKey,
    check_enrollable,
    from_base64url,
    new_private_key,
    open_private_key,
    read_private_key,
    seal_private_key,
    thumbprint,
    to_base64url,
    write_private_key,
)

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "tlog" / "ed25519"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the published vectors are not beside the checkout"
)

# RFC 8037, appendices A.1 to A.3.
RFC_8037_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC_8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

private_keys = st.binary(min_size=32, max_size=32).map(lambda seed: PrivateKey(seed=seed))
ENCRYPTION_KEY = bytes(range(32))


def vectors(name):
    return [json.loads(line) for line in (VECTORS / name).read_bytes().strip().split(b"\n")]


def is_enrollable(public_key):
    try:
        check_enrollable(PublicKey(raw=public_key))
    except WeakKey:
        return False
    return True


@given(raw=st.binary(max_size=70))
def test_base64url_is_read_back_as_it_was(raw):
    assert from_base64url(to_base64url(raw)) == raw


@given(text=st.text("AQgwx-_+/= \n", max_size=8) | st.text(max_size=8) | st.binary(max_size=8))
def test_only_one_text_stands_for_the_same_bytes(text):
    try:
        raw = from_base64url(text)
    except ValueError:
        return
    assert to_base64url(raw) == (text if isinstance(text, str) else text.decode())


@given(key=private_keys)
def test_a_key_is_read_back_from_its_jwk(key):
    assert PrivateKey.from_jwk(key.as_jwk()) == key
    assert PublicKey.from_jwk(key.public.as_jwk()) == key.public


@given(key=private_keys)
def test_every_honest_key_may_be_enrolled(key):
    check_enrollable(key.public)


@given(key=private_keys)
def test_a_private_key_does_not_show_itself(key):
    assert repr(key.seed) not in repr(key)
    assert "seed" not in repr(key)


def test_the_public_key_and_thumbprint_are_those_of_rfc_8037():
    key = PrivateKey.from_jwk(RFC_8037_KEY)
    assert key.as_jwk() == RFC_8037_KEY
    assert key.kid == key.public.kid == thumbprint(key.public.raw) == RFC_8037_THUMBPRINT


@needs_vectors
def test_no_published_low_order_encoding_may_be_enrolled():
    cases = vectors("low_order_encodings.jsonl")
    assert cases
    assert not any(is_enrollable(bytes.fromhex(case["key"])) for case in cases)


@needs_vectors
def test_of_the_cctv_keys_exactly_those_of_prime_order_may_be_enrolled():
    bad = {"low_order_A", "low_order_component_A", "non_canonical_A"}
    cases = vectors("cctv.jsonl")
    assert len(cases) > 100
    for case in cases:
        fit = bad.isdisjoint(case["flags"] or [])
        assert is_enrollable(bytes.fromhex(case["key"])) == fit, case


@pytest.mark.parametrize(
    "encoding",
    [
        bytes(32),  # y = 0, order 4
        b"\x01" + bytes(31),  # the identity
        b"\xec" + b"\xff" * 30 + b"\x7f",  # y = -1, order 2
        b"\xed" + b"\xff" * 30 + b"\x7f",  # y = p: 0 in a non-canonical form
        b"\x02" + bytes(31),  # no point of the curve
    ],
)
def test_a_weak_or_malformed_point_may_not_be_enrolled(encoding):
    with pytest.raises(WeakKey) as refused:
        check_enrollable(PublicKey(raw=encoding), at="$.body.key")
    assert refused.value.at == "$.body.key"
    assert refused.value.facts == {"kid": thumbprint(encoding)}


PUBLIC_JWK = {name: RFC_8037_KEY[name] for name in ("kty", "crv", "x")}


@pytest.mark.parametrize(
    ("jwk", "at"),
    [
        ({}, "$"),
        (PUBLIC_JWK | {"kid": RFC_8037_THUMBPRINT}, "$"),
        (PUBLIC_JWK | {"use": "sig"}, "$"),
        (PUBLIC_JWK | {"alg": "EdDSA"}, "$"),
        (RFC_8037_KEY, "$"),
        (PUBLIC_JWK | {"kty": "EC"}, "$"),
        (PUBLIC_JWK | {"crv": "X25519"}, "$"),
        (PUBLIC_JWK | {"x": 1}, "$.x"),
        (PUBLIC_JWK | {"x": ""}, "$.x"),
        (PUBLIC_JWK | {"x": PUBLIC_JWK["x"] + "="}, "$.x"),
        (PUBLIC_JWK | {"x": PUBLIC_JWK["x"][:-1] + "p"}, "$.x"),  # unused bits set
        (PUBLIC_JWK | {"x": to_base64url(bytes(33))}, "$.x"),
    ],
)
def test_a_public_jwk_has_one_form(jwk, at):
    with pytest.raises(MalformedKey) as refused:
        PublicKey.from_jwk(jwk)
    assert refused.value.at == at


@pytest.mark.parametrize(
    "jwk",
    [
        PUBLIC_JWK,
        RFC_8037_KEY | {"kid": "x"},
        RFC_8037_KEY | {"d": to_base64url(bytes(32))},  # "x" belongs to another key
        RFC_8037_KEY | {"d": "AA"},
    ],
)
def test_a_private_jwk_has_one_form_and_its_own_public_key(jwk):
    with pytest.raises(MalformedKey):
        PrivateKey.from_jwk(jwk)


@pytest.mark.parametrize("make", [lambda raw: PublicKey(raw=raw), lambda raw: PrivateKey(seed=raw)])
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_has_32_bytes(make, size):
    with pytest.raises(MalformedKey):
        make(bytes(size))


def test_new_keys_differ():
    assert new_private_key() != new_private_key()


def test_a_key_file_is_readable_by_its_owner_only(tmp_path):
    path, key = tmp_path / "acme.key", new_private_key()
    write_private_key(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_private_key(path) == key


def test_a_key_file_is_never_overwritten(tmp_path):
    path, key = tmp_path / "acme.key", new_private_key()
    write_private_key(path, key)
    with pytest.raises(FileUnusable):
        write_private_key(path, new_private_key())
    assert read_private_key(path) == key


def test_a_missing_or_foreign_key_file_is_refused(tmp_path):
    with pytest.raises(FileUnusable, match="No such file"):
        read_private_key(tmp_path / "absent")
    (tmp_path / "pem").write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(NotJson):
        read_private_key(tmp_path / "pem")
    (tmp_path / "long").write_bytes(b" " * 5_000)
    with pytest.raises(TraceabilityError, match="1001 bytes"):
        read_private_key(tmp_path / "long")


@given(key=private_keys, aad=st.binary(max_size=40))
def test_a_sealed_key_opens_for_its_owner(key, aad):
    assert (
        open_private_key(seal_private_key(key, ENCRYPTION_KEY, aad=aad), ENCRYPTION_KEY, aad=aad)
        == key
    )


@given(key=private_keys, data=st.data())
def test_a_sealed_key_opens_in_no_other_way(key, data):
    sealed = seal_private_key(key, ENCRYPTION_KEY, aad=b"acme")
    place = data.draw(st.integers(0, len(sealed) - 1))
    flip = data.draw(st.integers(1, 255))
    altered = sealed[:place] + bytes([sealed[place] ^ flip]) + sealed[place + 1 :]
    for sealed_key, encryption_key, aad in [
        (altered, ENCRYPTION_KEY, b"acme"),
        (sealed[:-1], ENCRYPTION_KEY, b"acme"),
        (sealed + b"\0", ENCRYPTION_KEY, b"acme"),
        (b"", ENCRYPTION_KEY, b"acme"),
        (sealed, bytes(32), b"acme"),
        (sealed, ENCRYPTION_KEY, b"globex"),
    ]:
        with pytest.raises(SealedKeyUnreadable):
            open_private_key(sealed_key, encryption_key, aad=aad)


def test_a_key_sealed_twice_looks_different():
    key = new_private_key()
    assert seal_private_key(key, ENCRYPTION_KEY, aad=b"") != seal_private_key(
        key, ENCRYPTION_KEY, aad=b""
    )


def test_an_encryption_key_of_another_length_is_refused():
    with pytest.raises(MalformedKey, match="encryption key has 16 bytes"):
        seal_private_key(new_private_key(), bytes(16), aad=b"")
