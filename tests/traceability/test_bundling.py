"""Bundles built from the database, for readers with different rights."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from msgspec.structs import replace

from tests.traceability.ledger.paper_ledger import company, extract, mine_and_buyer, ship
from tests.traceability.stored_ledger import StoredLedger
from traceability.bundling import build_bundle
from traceability.cli import verify_main
from traceability.errors import NotPublishedYet, UnknownLot, WrongOrigin
from traceability.keeping import log_signer, log_verifier
from traceability.ledger.bundle import parse_bundle
from traceability.ledger.checkpoint import Checkpoint as Head
from traceability.ledger.checkpoint import sign_checkpoint
from traceability.ledger.verification import verify_bundle
from traceability.models import Checkpoint, Entry
from traceability.publishing import publish_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ledger():
    ledger = mine_and_buyer(StoredLedger())
    publish_checkpoint()
    return ledger


def verified(lot, reader, **options):
    data = build_bundle(lot, reader=reader, **options)
    report = verify_bundle(data, verifiers=[log_verifier()])
    assert report.error is None, (report.error, report.error.at)
    return report


def test_a_full_bundle_holds_and_hides_nothing(ledger):
    report = verified("bolt:C", None)

    assert (report.size, report.counts.entries, report.counts.open) == (11, 11, 11)
    assert report.counts.judged_in_full == 6


def test_the_operator_reads_all_and_the_buyer_what_it_is_party_to(ledger):
    assert verified("bolt:C", "operator").counts.blinded == 0

    counts = verified("bolt:C", "bolt").counts
    assert (counts.blinded, counts.lots_begun_blinded) == (3, 1)  # acme's facility and mining
    assert "acme:L1" not in build_bundle("bolt:C", reader="bolt").decode()


def test_the_supplier_may_not_have_the_buyers_lot(ledger):
    with pytest.raises(UnknownLot):
        build_bundle("bolt:C", reader="acme")
    with pytest.raises(UnknownLot):
        build_bundle("bolt:none", reader=None)
    verified("acme:L2", "acme")


def test_an_auditor_reads_what_was_granted_until_the_day(ledger):
    company(ledger, "zeta")
    ledger.say(
        "registry.grant",
        "acme",
        {
            "grant": "acme:audit",
            "auditor": "zeta",
            "until": "2026-12-31",
            "facilities": ["acme:mine"],
            "lots": ["acme:L1"],
        },
        effective="2026-03-02",
    )
    publish_checkpoint()

    assert verified("acme:L1", "zeta", on=date(2026, 12, 31)).counts.judged_in_full == 2
    with pytest.raises(UnknownLot):
        build_bundle("acme:L1", reader="zeta", on=date(2027, 1, 1))


def test_what_is_not_published_is_not_in_a_bundle(ledger):
    extract(ledger, "acme:N")
    with pytest.raises(NotPublishedYet):
        build_bundle("acme:N", reader=None)
    ship(ledger, "acme:L1", "60", number=9)

    assert verified("acme:L1", None).counts.judged_in_full == 2


def test_nothing_is_proven_before_the_first_checkpoint():
    ledger = StoredLedger()
    company(ledger, "acme", "acme:mine")
    extract(ledger)

    with pytest.raises(NotPublishedYet):
        build_bundle("acme:L1", reader=None)


def test_an_erased_text_is_told_as_erased(ledger):
    entry = Entry.objects.get(kind="custody.split")
    erasure = ledger.say(
        "registry.erasure",
        "operator",
        {"entry": entry.hash, "ground": "Article 17", "fields": ["everything"]},
        effective="2026-03-02",
    )
    publish_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s)", [entry.hash, erasure])

    assert verified("bolt:C", None).erased == ((6, 11),)


def test_statements_of_an_author_whose_key_record_was_erased_are_blinded(ledger):
    entry = Entry.objects.get(kind="registry.organization", recorded_order=2)
    erasure = ledger.say(
        "registry.erasure",
        "operator",
        {"entry": entry.hash, "ground": "Article 17", "fields": ["name"]},
        effective="2026-03-02",
    )
    publish_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s)", [entry.hash, erasure])

    report = verified("bolt:C", None)
    assert report.counts.blinded == 3  # all that acme said
    assert report.counts.judged_with_assumptions == 2


def test_hidden_values_are_disclosed_to_who_may_read_the_statement():
    ledger = StoredLedger()
    company(ledger, "bolt", "bolt:plant")
    lot = {
        "lot": "bolt:S",
        "material": "scrap",
        "form": "bales",
        "quantity": {"value": "5", "unit": "t", "basis": "wet"},
        "owners": [{"owner": {"organization": "bolt"}, "parts": 1}],
    }
    body = {"facility": "bolt:plant", "reason": "purchase", "lot": lot}
    body["supplier"] = {"name": "Secret Ltd"}
    ledger.say("custody.introduction", "bolt", body, hidden=["body.supplier"])
    publish_checkpoint()

    bundle = parse_bundle(build_bundle("bolt:S", reader="bolt"))
    [item] = [item for item in bundle.entries if item.disclosures]
    assert item.disclosures[0]["value"] == {"name": "Secret Ltd"}
    assert verified("bolt:S", "bolt").counts.partly_hidden == 0
    assert replace(item, disclosures=()).statement is not None


# ── for a reader who holds earlier checkpoints ────────────────────────────────────────────


def test_a_bundle_shows_that_it_continues_what_the_reader_holds(ledger):
    held = Checkpoint.objects.get(size=11).note
    extract(ledger, "acme:N")
    publish_checkpoint()

    data = build_bundle("bolt:C", reader=None, since=[held])
    report = verify_bundle(data, verifiers=[log_verifier()], earlier=[held])
    assert (report.is_verified, report.steps[-1].outcome) == (True, "ok")


def test_a_note_of_another_log_or_of_the_future_is_refused(ledger):
    future = sign_checkpoint(Head(origin=ledger.origin, size=99, root=b"r" * 32), [log_signer()])
    with pytest.raises(Exception, match="newer"):
        build_bundle("bolt:C", reader=None, since=[future])
    other = sign_checkpoint(Head(origin="other", size=9, root=b"r" * 32), [log_signer()])
    with pytest.raises(WrongOrigin):
        build_bundle("bolt:C", reader=None, since=[other])


# ── commands ──────────────────────────────────────────────────────────────────────────────


def called(name, *arguments):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


def test_an_exported_bundle_verifies_with_the_printed_key(ledger, tmp_path):
    (tmp_path / "held").write_text(Checkpoint.objects.get().note)
    told = called(
        "export_bundle", "bolt:C", "-o", str(tmp_path / "b"), "--since", str(tmp_path / "held")
    )
    assert "bytes" in told
    arguments = [str(tmp_path / "b"), "--key", called("log_vkey")]
    assert verify_main([*arguments, "--earlier", str(tmp_path / "held")]) == 0

    called("export_bundle", "bolt:C", "-o", str(tmp_path / "c"), "--reader", "bolt")
    assert verify_main([str(tmp_path / "c"), *arguments[1:]]) == 0
    assert (tmp_path / "c").stat().st_size < (tmp_path / "b").stat().st_size


@pytest.mark.parametrize(
    "arguments", [["bolt:none"], ["bolt:C", "--reader", "acme"], ["bolt:C", "--since", "absent"]]
)
def test_what_cannot_be_exported_ends_with_status_two(ledger, tmp_path, arguments):
    with pytest.raises(CommandError) as refused:
        call_command("export_bundle", *arguments, "-o", str(tmp_path / "b"))
    assert refused.value.returncode == 2
    assert not (tmp_path / "b").exists()
