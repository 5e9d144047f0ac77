"""`traceability-verify`: exit status and text, without Django."""

import json
import subprocess
import sys

import pytest

from tests.traceability.ledger.paper_ledger import PaperLedger, company, extract, mine_and_buyer
from traceability.cli import verify_main
from traceability.ledger.bundle import format_bundle

LEDGER = mine_and_buyer()
KEY = LEDGER.signer.verifier.vkey


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the tool in a folder with a bundle; returns status, standard output and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lot.json").write_bytes(format_bundle(LEDGER.bundle("bolt:C", since=[5])))

    def run(*arguments):
        try:
            status = verify_main(arguments)
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


def test_a_bundle_that_holds_ends_with_the_size_it_is_complete_for(run):
    status, out, err = run("lot.json", "--key", KEY)

    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["1", "checkpoint", "ok"],
        ["2", "entries", "ok"],
    ]
    assert lines[-2] == "Of 11 entries 11 are open, 0 blinded, 0 erased; 0 are disputed."
    assert lines[-1] == (
        "Verified: unbroken as of size 11. That no chain goes on after its last entry here, "
        "its exporter vouches for; later events are not covered."
    )


def test_a_changed_bundle_names_the_step_the_place_and_what_to_do(run, tmp_path):
    data = (tmp_path / "lot.json").read_bytes()
    (tmp_path / "lot.json").write_bytes(data.replace(b"2026-03-01T15", b"2026-03-01T14", 1))
    status, out, err = run("lot.json", "--key", KEY)

    assert (status, err) == (2, "")
    assert "2 entries      failed" in out
    assert "  at $.entries[0]" in out
    assert "inclusion_not_proven" in out
    assert out.endswith("Not verified: step 2, entries, failed.\n")


def test_the_report_comes_as_json_too(run):
    status, out, _ = run("lot.json", "--key", KEY, "--json")

    told = json.loads(out)
    assert (status, told["verified"], told["lot"], told["error"]) == (0, True, "bolt:C", None)
    assert len(told["steps"]) == 8


def test_an_earlier_checkpoint_and_documents_are_taken(run, tmp_path):
    (tmp_path / "held").write_text(LEDGER.checkpoint(5))
    (tmp_path / "papers").mkdir()
    status, out, _ = run(
        "lot.json", "--key", KEY, "--earlier", "held", "--documents", str(tmp_path / "papers")
    )

    assert status == 0
    assert "continues the 1 given" in out
    assert "0 of 0 documents" in out


def test_documents_are_found_by_their_digest(run, tmp_path):
    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    name = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"  # of "data"
    absent = "0" * 64
    evidence = [
        {"sha256": digest, "title": "Scale ticket", "media_type": "text/plain"}
        for digest in (name, absent)
    ]
    extract(ledger, evidence=evidence)
    (tmp_path / "lot.json").write_bytes(format_bundle(ledger.bundle("acme:L1")))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / name).write_bytes(b"data")

    status, out, _ = run("lot.json", "--key", KEY, "--documents", "papers")
    assert status == 0
    assert f"Not at hand: document {absent}." in out

    (tmp_path / "papers" / name).write_bytes(b"other")
    status, out, _ = run("lot.json", "--key", KEY, "--documents", "papers")
    assert status == 2
    assert "document_differs" in out


def test_erased_and_disputed_statements_are_listed(run, tmp_path):
    from tests.traceability.ledger.test_verification import revoke

    ledger = PaperLedger()
    company(ledger, "acme", "acme:mine")
    entry = extract(ledger)
    extract(ledger, "acme:L2")
    revoke(ledger, distrusted_from=3)
    (tmp_path / "lot.json").write_bytes(format_bundle(ledger.bundle("acme:L2")))
    assert "Disputed: index 4; its key is distrusted." in run("lot.json", "--key", KEY)[1]

    ledger.erase(entry)
    (tmp_path / "lot.json").write_bytes(format_bundle(ledger.bundle("acme:L1")))
    assert "Erased: index 3, by the entry at 6." in run("lot.json", "--key", KEY)[1]


def test_contradicting_heads_are_written_to_a_file(run, tmp_path):
    other = PaperLedger()
    for number in range(5):
        company(other, f"acme{number}")
    (tmp_path / "held").write_text(other.checkpoint(5))
    arguments = ("lot.json", "--key", KEY, "--earlier", "held", "--misbehaviour", "proof.json")

    status, out, _ = run(*arguments)
    assert status == 2
    assert "heads_contradict" in out
    proof = json.loads((tmp_path / "proof.json").read_bytes())
    assert proof["notes"] == [other.checkpoint(5), LEDGER.checkpoint(5)]
    assert run(*arguments)[2].count("File exists") == 1


@pytest.mark.parametrize(
    ("arguments", "because"),
    [
        ((), "required"),
        (("lot.json",), "--key"),
        (("absent.json", "--key", KEY), "No such file"),
        (("lot.json", "--key", "nonsense"), "verifier key"),
        (("lot.json", "--key", KEY, "--earlier", "absent"), "No such file"),
        (("lot.json", "--key", KEY, "--earlier", "binary"), "not UTF-8"),
    ],
)
def test_wrong_use_says_why_in_one_line(run, tmp_path, arguments, because):
    (tmp_path / "binary").write_bytes(b"\xff")
    status, out, err = run(*arguments)

    assert (status, out) == (2, "")
    assert because in err
    assert err.count("\n") == 1


def test_the_verifier_runs_where_no_framework_can_be_imported(tmp_path):
    (tmp_path / "lot.json").write_bytes(format_bundle(LEDGER.bundle("bolt:C")))
    code = (
        "import sys\n"
        "for name in ('django', 'psycopg', 'rest_framework', 'celery'): sys.modules[name] = None\n"
        "from traceability.cli import verify_main\n"
        f"sys.exit(verify_main([{str(tmp_path / 'lot.json')!r}, '--key', {KEY!r}]))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and a constant
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
