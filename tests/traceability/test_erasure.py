"""Erasure: a statement of its own, carried out on the text alone, repeated after a restore."""

import pytest
from django.db import DatabaseError, connection, connections, transaction

from tests.builders import correction, extraction, loss
from traceability import erasing
from traceability.erasing import erase, replay_erasures
from traceability.errors import LedgerNotBegun, LogDamaged, NotErasable, UnknownStatement
from traceability.ledger import decision
from traceability.models import Entry, EntrySubject, Lot, Movement, StatementText
from traceability.publishing import publish_checkpoint
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(alice):
    """Return the entry of a statement with a name in it."""
    [entry, _] = alice.records(extraction("alice:L", licence="of Jane Doe"), loss("alice:L", "1"))
    publish_checkpoint()
    return entry


def text_of(entry):
    order = Entry.objects.get(hash=entry).recorded_order
    return StatementText.objects.filter(recorded_order=order).first()


def test_the_text_goes_and_the_entry_its_movements_and_balances_stay(told):
    before = Entry.objects.filter(hash=told).values().get()
    outcome = erase(told, "GDPR art. 17", ["$.body.licence"], acting_person="p" * 16)

    assert text_of(told) is None
    assert Entry.objects.filter(hash=told).values().get() == before
    assert Movement.objects.filter(recorded_order=before["recorded_order"]).exists()
    assert Lot.objects.get(id="alice:L").amount == 99 * 10**9
    link = EntrySubject.objects.get(subject=f"statement:{told}")
    assert Entry.objects.get(recorded_order=link.recorded_order).hash == outcome.entry
    assert text_of(outcome.entry) is not None
    publish_checkpoint()
    assert verify_stored_log().texts_erased == 1


def test_an_erased_statement_is_still_corrected_and_repeated(alice, told):
    name = str(Entry.objects.get(hash=told).statement_id)
    erase(told, "GDPR art. 17")
    assert alice.is_refused(extraction("alice:M"), id=name).code == "id_reused"
    alice.records(correction(told, extraction("alice:L", "90"), "alice:L"))
    assert Lot.objects.get(id="alice:L").amount == 89 * 10**9
    verify_stored_log()


def test_what_does_not_exist_is_not_erased(told):
    with pytest.raises(UnknownStatement):
        erase("ab" * 32, "GDPR art. 17")
    assert not Entry.objects.filter(kind="registry.erasure").exists()


def test_what_a_ledger_is_verified_with_is_not_erased(told):
    erasure = erase(told, "GDPR art. 17").entry
    genesis = Entry.objects.get(kind="registry.genesis").hash
    for entry, kind in ((erasure, "registry.erasure"), (genesis, "registry.genesis")):
        with pytest.raises(NotErasable) as refused:
            erase(entry, "GDPR art. 17")
        assert (refused.value.facts, refused.value.at) == ({"kind": kind}, "$.body.entry")
        assert text_of(entry) is not None
    publish_checkpoint()
    assert verify_stored_log().texts_erased == 1


def test_a_log_whose_erasure_was_erased_once_still_verifies(told, monkeypatch):
    monkeypatch.setattr(decision, "_NEEDED", frozenset())  # as it was
    erase(erase(told, "GDPR art. 17").entry, "GDPR art. 17")
    publish_checkpoint()
    assert verify_stored_log().texts_erased == 2


def test_a_ledger_without_an_operator_erases_nothing(transactional_db):
    with pytest.raises(LedgerNotBegun):
        erase("ab" * 32, "GDPR art. 17")


def test_erasing_twice_is_two_statements_and_one_removal(told):
    erase(told, "GDPR art. 17")
    erase(told, "court order")
    assert Entry.objects.filter(kind="registry.erasure").count() == 2
    assert verify_stored_log().texts_erased == 1


def test_only_the_operator_erases(told, alice):
    claim = ("registry.erasure", {"entry": told, "ground": "please", "fields": []})
    assert alice.is_refused(claim).code == "may_not_sign"
    assert text_of(told) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM traceability_statementtext",
        "SELECT ledger_erase('{told}', '{told}')",
        "SELECT ledger_erase('{told}', '{other}')",
        "SELECT ledger_erase('{other}', '{told}')",
    ],
)
def test_the_application_removes_no_text_without_an_erasure_that_names_it(told, sql):
    other = Entry.objects.exclude(hash=told).order_by("-recorded_order").first().hash
    before = StatementText.objects.count()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(told=told, other=other))
    assert StatementText.objects.count() == before


def test_a_correction_of_an_entry_is_no_erasure_of_it(alice, told):
    [fixed] = alice.records(correction(told, extraction("alice:L", "90"), "alice:L"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s)", [told, fixed])


def test_a_process_that_died_in_between_is_made_good(told, monkeypatch):
    class Died(BaseException):
        pass

    def die(*_args):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_remove", die)
        with pytest.raises(Died):
            erase(told, "GDPR art. 17")
    assert text_of(told) is not None
    assert replay_erasures() == 1
    assert text_of(told) is None
    assert replay_erasures() == 0


def test_a_restore_brings_texts_back_and_the_replay_removes_them_again(told, cluster):
    text = text_of(told)
    erase(told, "GDPR art. 17")
    publish_checkpoint()
    StatementText.objects.bulk_create([text])  # as a restore of the texts from a backup does
    assert text_of(told) is not None
    assert replay_erasures() == 1
    assert text_of(told) is None
    connections.close_all()


def test_a_text_that_is_missing_without_an_erasure_is_damage(told, cluster):
    cluster.sql(
        "ALTER TABLE traceability_statementtext DISABLE TRIGGER ALL;"
        "DELETE FROM traceability_statementtext WHERE recorded_order = 3;",
        database="ledger",
    )
    with pytest.raises(LogDamaged):
        verify_stored_log()
