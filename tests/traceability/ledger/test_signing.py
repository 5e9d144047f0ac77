import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traceability.errors import InvalidSignature, MalformedJws
from traceability.ledger.canonical import canonical
from traceability.ledger.keys import PrivateKey, to_base64url
from traceability.ledger.signing import (
    RECEIPT_TYPE,
    STATEMENT_TYPE,
    is_signed,
    parse_jws,
    sign_ed25519,
    sign_jws,
    sign_many,
    verify_ed25519,
    verify_jws,
    verify_many,
)

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "tlog" / "ed25519"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the published vectors are not beside the checkout"
)

ALICE = PrivateKey(seed=b"alice".ljust(32))
MALLORY = PrivateKey(seed=b"mallory".ljust(32))
HEADER = {"alg": "Ed25519", "kid": ALICE.kid, "typ": STATEMENT_TYPE}

private_keys = st.binary(min_size=32, max_size=32).map(lambda seed: PrivateKey(seed=seed))
payloads = st.binary(max_size=60)


def vectors(name):
    return [json.loads(line) for line in (VECTORS / name).read_bytes().strip().split(b"\n")]


def jws_with(header, payload=b"{}", signature=bytes(64)):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join(map(to_base64url, (raw, payload, signature))).encode()


@given(key=private_keys, payload=payloads)
def test_what_is_signed_is_verified_and_kept_byte_for_byte(key, payload):
    raw = sign_jws(payload, key, typ=STATEMENT_TYPE)
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    verify_jws(jws, key.public.raw)
    assert (jws.raw, jws.payload, jws.kid, jws.typ, jws.alg) == (
        raw,
        payload,
        key.kid,
        STATEMENT_TYPE,
        "Ed25519",
    )


@given(payload=payloads, data=st.data())
def test_no_byte_of_a_jws_can_change_unnoticed(payload, data):
    raw = sign_jws(payload, ALICE, typ=STATEMENT_TYPE)
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(byte != raw[place])
    altered = raw[:place] + bytes([byte]) + raw[place + 1 :]
    with pytest.raises((MalformedJws, InvalidSignature)):
        verify_jws(parse_jws(altered, typ=STATEMENT_TYPE), ALICE.public.raw)


@given(raw=st.binary(max_size=100))
def test_whatever_is_sent_is_refused_by_a_named_error(raw):
    with pytest.raises(MalformedJws):
        parse_jws(raw, typ=STATEMENT_TYPE)


@given(key=private_keys, message=payloads, other=payloads)
def test_a_signature_belongs_to_one_message_and_one_key(key, message, other):
    signature = sign_ed25519(key, message)
    verify_ed25519(key.public.raw, message, signature)
    assert is_signed(key.public.raw, other, signature) == (other == message)
    with pytest.raises(InvalidSignature):
        verify_ed25519(MALLORY.public.raw, message, signature)


@given(
    pattern=st.lists(st.booleans(), max_size=5),
    times=st.sampled_from([1, 13, 64]),  # few are verified one by one, many in threads
    threads=st.sampled_from([None, 1, 2, 3, 7]),
)
def test_many_signatures_are_told_apart_in_order(pattern, times, threads):
    valid = pattern * times
    good, bad = sign_ed25519(ALICE, b"message"), sign_ed25519(MALLORY, b"message")
    items = [(ALICE.public.raw, b"message", good if is_good else bad) for is_good in valid]
    assert verify_many(items, threads=threads) == valid


def test_the_signature_is_that_of_rfc_8037():
    # RFC 8037, appendix A.4.
    key = PrivateKey.from_jwk(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    )
    message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert to_base64url(sign_ed25519(key, message)) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


@needs_vectors
def test_exactly_the_strict_set_of_the_cctv_vectors_is_accepted():
    cases = vectors("cctv.jsonl")
    assert any(case["strict"] for case in cases)
    for case in cases:
        answer = is_signed(
            bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"])
        )
        assert answer == case["strict"], case


@needs_vectors
def test_exactly_the_strict_set_of_the_speccheck_vectors_is_accepted():
    for case in vectors("speccheck.jsonl"):
        key, message, signature = (bytes.fromhex(case[name]) for name in ("pk", "msg", "sig"))
        assert is_signed(key, message, signature) == case["strict"], case


@needs_vectors
def test_exactly_the_valid_wycheproof_vectors_are_accepted():
    cases = vectors("wycheproof.jsonl")
    assert {case["result"] for case in cases} == {"valid", "invalid"}
    for case in cases:
        key, message, signature = (bytes.fromhex(case[name]) for name in ("pk", "msg", "sig"))
        assert is_signed(key, message, signature) == (case["result"] == "valid"), case


def test_s_beyond_the_group_order_is_refused():
    order = 2**252 + 27742317777372353535851937790883648493
    signature = sign_ed25519(ALICE, b"message")
    s = int.from_bytes(signature[32:], "little") + order
    again = signature[:32] + s.to_bytes(32, "little")
    assert not is_signed(ALICE.public.raw, b"message", again)


def test_a_low_order_key_signs_nothing():
    # With the identity as key and as R, and S = 0, a lax verifier accepts every message.
    identity = b"\x01" + bytes(31)
    assert not is_signed(identity, b"anything", identity + bytes(32))


@pytest.mark.parametrize(("key_size", "signature_size"), [(31, 64), (33, 64), (32, 63), (32, 65)])
def test_a_key_or_signature_of_another_length_is_refused(key_size, signature_size):
    assert not is_signed(bytes(key_size), b"", bytes(signature_size))


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
@pytest.mark.parametrize(
    "layout",
    ['{{"alg":"{}","kid":"{}","typ":"{}"}}', '{{ "typ": "{2}",\n"kid": "{1}", "alg": "{0}" }}'],
)
def test_both_names_of_the_algorithm_and_any_layout_of_the_header_are_read(alg, layout):
    header = layout.format(alg, ALICE.kid, STATEMENT_TYPE)
    signing_input = f"{to_base64url(header.encode())}.{to_base64url(b'{}')}".encode()
    raw = signing_input + b"." + to_base64url(sign_ed25519(ALICE, signing_input)).encode()
    jws = parse_jws(raw, typ=STATEMENT_TYPE)
    verify_jws(jws, ALICE.public.raw)
    assert jws.alg == alg


@pytest.mark.parametrize(
    ("header", "because"),
    [
        (HEADER | {"alg": "none"}, "alg"),
        (HEADER | {"alg": "HS256"}, "alg"),
        (HEADER | {"alg": "ed25519"}, "alg"),
        (HEADER | {"typ": RECEIPT_TYPE}, "typ"),
        (HEADER | {"typ": "JWT"}, "typ"),
        (HEADER | {"kid": "acme-key-1"}, "kid"),
        (HEADER | {"kid": ALICE.kid + "="}, "kid"),
        (HEADER | {"kid": 1}, "kid"),
        (HEADER | {"crit": []}, "exactly"),
        (HEADER | {"jwk": {}}, "exactly"),
        ({"alg": "Ed25519", "kid": ALICE.kid}, "exactly"),
        (b'{"alg":"none",' + canonical(HEADER)[1:], "duplicate_member"),
        (b"[]", "not_json"),
        (b"\xff", "not_json"),
        (canonical(HEADER) + b" " * 400, "512"),
    ],
)
def test_the_header_has_exactly_three_members(header, because):
    with pytest.raises(MalformedJws, match=because):
        parse_jws(jws_with(header), typ=STATEMENT_TYPE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw + b"\n",
        lambda raw: b" " + raw,
        lambda raw: raw + b"==",
        lambda raw: raw + b".",
        lambda raw: raw.replace(b".", b"=.", 1),
        lambda raw: raw.rpartition(b".")[0],
        lambda raw: raw.rpartition(b".")[0] + b".",
        lambda raw: raw[:-1] + bytes([raw[-1] + 1]),  # unused bits of the last character
        lambda raw: raw.replace(b".", b".*", 1),
        lambda raw: b"",
    ],
)
def test_base64url_must_be_written_in_its_one_form(spoil):
    raw = sign_jws(b'{"a":1}', ALICE, typ=STATEMENT_TYPE)
    with pytest.raises(MalformedJws):
        parse_jws(spoil(raw), typ=STATEMENT_TYPE)


def test_a_receipt_never_passes_for_a_statement():
    receipt = sign_jws(b"{}", ALICE, typ=RECEIPT_TYPE)
    parse_jws(receipt, typ=RECEIPT_TYPE)
    with pytest.raises(MalformedJws, match="typ"):
        parse_jws(receipt, typ=STATEMENT_TYPE)


def test_a_signature_under_the_name_of_another_key_is_refused():
    signing_input = f"{to_base64url(canonical(HEADER))}.{to_base64url(b'{}')}".encode()
    forged = signing_input + b"." + to_base64url(sign_ed25519(MALLORY, signing_input)).encode()
    jws = parse_jws(forged, typ=STATEMENT_TYPE)
    for key in (ALICE, MALLORY):
        with pytest.raises(InvalidSignature) as refused:
            verify_jws(jws, key.public.raw)
        assert refused.value.facts == {"kid": ALICE.kid}


@pytest.mark.parametrize("count", [0, 1, 63, 64, 201])
def test_many_payloads_are_signed_as_each_alone(count):
    payloads = [f"statement {n}".encode() for n in range(count)]
    signed = sign_many(payloads, ALICE, typ=STATEMENT_TYPE)
    assert signed == [sign_jws(payload, ALICE, typ=STATEMENT_TYPE) for payload in payloads]
