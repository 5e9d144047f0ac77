import json
import stat
import subprocess
import sys

import pytest

from traceability.cli import sign_main
from traceability.ledger.disclosures import reveal
from traceability.ledger.keys import PublicKey, new_private_key, read_private_key, write_private_key
from traceability.ledger.possession import verify_possession
from traceability.ledger.signing import STATEMENT_TYPE, parse_jws, verify_jws

DOCUMENT = {"ledger": "demo.example/log", "body": {"lot": "acme:L1", "price": "12.50"}}


@pytest.fixture
def key(tmp_path):
    key = new_private_key()
    write_private_key(tmp_path / "acme.key", key)
    return key


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the tool in an empty folder; returns status, standard output and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sale.json").write_text(json.dumps(DOCUMENT, indent=2))

    def run(*arguments):
        try:
            status = sign_main(arguments)
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


def test_a_document_is_signed_to_the_screen(run, key):
    status, out, err = run("sale.json", "--key", "acme.key")
    assert (status, err) == (0, "")
    jws = parse_jws(out.strip().encode(), typ=STATEMENT_TYPE)
    verify_jws(jws, key.public.raw)
    assert json.loads(jws.payload) == DOCUMENT


def test_hidden_values_leave_the_document_and_go_beside_it(run, key, tmp_path):
    status, out, err = run(
        *("sale.json", "--key", "acme.key", "--out", "sale.jws", "--hide", "body.price")
    )
    assert (status, out, err) == (0, "", "")
    jws = parse_jws((tmp_path / "sale.jws").read_bytes(), typ=STATEMENT_TYPE)
    verify_jws(jws, key.public.raw)
    assert b"12.50" not in jws.payload
    beside = tmp_path / "sale.jws.disclosures.json"
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    disclosures = json.loads(beside.read_bytes())["disclosures"]
    assert reveal(json.loads(jws.payload), disclosures) == DOCUMENT


def test_without_hidden_values_there_is_no_second_file(run, key, tmp_path):
    assert run("sale.json", "--key", "acme.key", "--out", "sale.jws")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme.key", "sale.json", "sale.jws"]


def test_a_new_key_is_written_and_its_public_part_printed(run, tmp_path):
    status, out, err = run("--new-key", "new.key")
    assert (status, err) == (0, "")
    told = json.loads(out)
    key = read_private_key(tmp_path / "new.key")
    assert PublicKey.from_jwk(told["jwk"]) == key.public
    assert told["kid"] == key.kid


def test_possession_is_proven_with_the_key(run, key):
    status, out, _ = run("--key", "acme.key", "--possession", "demo.example/log", "acme")
    assert status == 0
    verify_possession(
        out.strip().encode(), key.public, ledger="demo.example/log", organization="acme"
    )


@pytest.mark.parametrize(
    ("arguments", "because"),
    [
        ((), "give one of"),
        (("sale.json",), "--key is needed"),
        (("--key", "acme.key"), "give one of"),
        (("sale.json", "--new-key", "x"), "give one of"),
        (("--new-key", "x", "--key", "acme.key"), "not used with --new-key"),
        (("--new-key", "x", "--out", "y"), "with FILE only"),
        (("--key", "acme.key", "--possession", "l", "o", "--hide", "body.lot"), "with FILE only"),
        (("sale.json", "--key", "acme.key", "--hide", "body.lot"), "--hide needs --out"),
        (("--unknown",), "unrecognized"),
        (("--new-key", "acme.key"), "File exists"),
        (("absent.json", "--key", "acme.key"), "No such file"),
        (("sale.json", "--key", "absent.key"), "No such file"),
        (("sale.json", "--key", "sale.json"), 'has the member "d"'),
        (("acme.key", "--key", "acme.key", "--out", "sale.json"), "File exists"),
        (("sale.json", "--key", "acme.key", "--out", "o", "--hide", "body.x"), "no such value"),
    ],
)
def test_what_fails_says_why_in_one_line_and_leaves_no_file(run, key, tmp_path, arguments, because):
    before = sorted(tmp_path.iterdir())
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert because in err
    assert err.startswith("traceability-sign: ")
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_the_tools_need_no_framework():
    code = "import sys, traceability.cli; print({'django', 'psycopg'} & sys.modules.keys())"
    done = subprocess.run(  # noqa: S603 - our own interpreter and a constant
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
