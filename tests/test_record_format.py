"""docs/record-format.md and its schema say what the code does, to the byte."""

import textwrap
from datetime import timedelta
from pathlib import Path

import jsonschema
import orjson
import pytest

from traceability.ledger.canonical import canonical
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.disclosures import hide, reveal
from traceability.ledger.entries import begin_subject, seal
from traceability.ledger.keys import PrivateKey
from traceability.ledger.kinds import KINDS, WHO_MAY_SIGN
from traceability.ledger.notes import SignerKey
from traceability.ledger.receipts import receipt
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import parse_statement
from traceability.management.commands.record_schema import schema_text

DOCS = Path(__file__).resolve().parents[1] / "docs"
LEDGER = "demo.ledger.example"
DOCUMENT = {
    "ledger": LEDGER,
    "id": "00000000-0000-4000-8000-000000000001",
    "kind": "custody.extraction",
    "schema": 1,
    "author": "north-mine",
    "effective": "2026-03-01T10:00:00-05:00",
    "evidence": [],
    "body": {
        "facility": "north-mine:pit",
        "lot": {
            "lot": "north-mine:L1",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": {"value": "30000", "unit": "kg", "basis": "dry"},
            "owners": [{"owner": {"organization": "north-mine"}, "parts": 1}],
            "assays": [{"element": "Cu", "value": "30", "unit": "percent", "basis": "dry"}],
        },
    },
}


@pytest.fixture(scope="module")
def worked():
    """Return every value of the worked example, made from the seeds the document states."""
    log, key = PrivateKey(seed=bytes(range(32))), PrivateKey(seed=bytes(range(32, 64)))
    hidden, disclosures = hide(DOCUMENT, ["body.lot.quantity.value"], lambda: bytes(16))
    jws = sign_jws(canonical(hidden), key, typ=STATEMENT_TYPE)
    statement = parse_statement(jws, kinds=KINDS, ledger=LEDGER, disclosures=tuple(disclosures))
    subject = begin_subject("lot:north-mine:L1", bytes(range(16)))
    entry = seal(
        statement,
        [subject],
        salt=bytes(range(16, 32)),
        received_at="2026-03-01T15:00:01.000000Z",
    )
    promised = receipt(
        entry_hash=entry.hash,
        body=entry.body,
        author="north-mine",
        statement_id=DOCUMENT["id"],
        key_held_by="organization",
        publish_within=timedelta(seconds=60),
        log_key=log,
    )
    signer = SignerKey(name=LEDGER, private_key=log)
    head = Checkpoint(origin=LEDGER, size=1, root=bytes.fromhex(entry.hash))
    return {
        "signed document": canonical(hidden).decode(),
        "disclosure": canonical(disclosures[0]).decode(),
        "kid": key.kid,
        "statement": jws.decode(),
        "statement digest": statement.digest.hex(),
        "chain of lot:north-mine:L1": subject.chain,
        "entry": entry.body.decode(),
        "entry hash": entry.hash,
        "receipt": promised,
        "verifier key of the log": signer.verifier.vkey,
        "checkpoint": sign_checkpoint(head, [signer]).rstrip("\n"),
    }


def test_the_worked_bytes_in_the_document_are_those_the_code_makes(worked):
    text = (DOCS / "record-format.md").read_text()
    wanted = "\n\n".join(
        f"**{name}**\n\n{textwrap.indent(value, '    ', lambda line: True)}"
        for name, value in worked.items()
    )
    assert wanted.replace("    \n", "\n") in text, f"Put this in §9:\n\n{wanted}"


def test_the_published_schema_is_the_one_that_parses():
    assert (DOCS / "record-format.schema.json").read_bytes() == schema_text()


def test_the_schema_accepts_a_revealed_statement_and_refuses_an_unknown_member():
    validator = jsonschema.Draft202012Validator(orjson.loads(schema_text()))
    hidden, disclosures = hide(DOCUMENT, ["body.lot.quantity.value"], lambda: bytes(16))
    validator.validate(reveal(hidden, disclosures))
    lot = {**DOCUMENT["body"]["lot"], "colour": "red"}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**DOCUMENT, "body": {**DOCUMENT["body"], "lot": lot}})


def test_the_document_names_every_kind_and_who_may_sign_it():
    text = (DOCS / "record-format.md").read_text()
    for kind in [*KINDS, *WHO_MAY_SIGN]:
        assert kind.rpartition(".")[2] in text
