"""Tables of registers, declarations and reminders, by attack: what is inserted stays as it is."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from standards.importing import Said, accept, compare
from standards.models import (
    Declaration,
    RegistryRow,
    RegistrySnapshot,
    Reminder,
    ReminderMail,
    SnapshotDraft,
    SnapshotFile,
)
from tests.standards.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)

COLUMN = {
    "standards_declaration": "author",
    "standards_registryrow": "level",
    "standards_registrysnapshot": "title",
    "standards_snapshotfile": "content",
    "standards_reminder": "because",
    "standards_remindermail": "person",
}
ATTACKS = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} t USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    """MERGE INTO {table} t USING (SELECT 1) AS one ON true
       WHEN MATCHED THEN UPDATE SET {column} = t.{column}""",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP TRIGGER append_only ON {table}",
    "DROP TABLE {table} CASCADE",
)
STRONG = ATTACKS[:5]
"""What the triggers refuse even the owner, who may of course drop them first."""


@pytest.fixture
def full(cluster):
    """A ledger with at least one row in each of these tables."""
    world = World()
    world.copper_chain()
    said = Said(
        register="irma",
        as_of="2026-10-30",
        title="Audits",
        url="https://scheme.example/audits",
        complete=True,
    )
    ready = compare(b"name,facility\nPit,mine:pit\n", said, author="scheme", now=NOW)
    accept(ready, basis="", now=NOW)
    body = {
        "declaration": "smelter:d1",
        "form": "attestation",
        "answers": [{"question": "child_labour", "answer": "no"}],
    }
    world.say("standards.declaration", "smelter", body)
    world.follow()
    reminder = Reminder.objects.create(
        organization="mine",
        kind="expiry",
        about="scheme:irma-1",
        due_on="2026-11-20",
        days_before=30,
        because="x",
        reminded_at=NOW,
    )
    ReminderMail.objects.create(reminder=reminder, person="person-1", sent_at=NOW)
    return world


def rows():
    told = {}
    with connection.cursor() as cursor:
        for table in COLUMN:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
            told[table] = cursor.fetchall()
            assert told[table], f"{table} is empty: nothing would be attacked"
    return told


def test_neither_the_application_nor_the_owner_changes_what_was_inserted(full, cluster):
    before, survived = rows(), []
    owner = psycopg.connect(host=cluster.socket_directory, user="ledger_owner", dbname="ledger")
    for table, column in COLUMN.items():
        for text in ATTACKS:
            attack = text.format(table=table, column=column)
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(attack)
            except DatabaseError as error:
                if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                    survived.append(("application", attack, str(error)))
            else:
                survived.append(("application", attack, "carried out"))
            if text in STRONG:
                with pytest.raises(psycopg.DatabaseError):
                    owner.execute(attack)
                owner.rollback()
    owner.close()
    assert survived == []
    assert rows() == before


def test_an_entry_taken_in_twice_fails_instead_of_counting_twice(full):
    for row in (RegistrySnapshot.objects.get(), Declaration.objects.get()):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.save(force_insert=True)
    again = RegistryRow.objects.get()
    again.pk = None
    with pytest.raises(DatabaseError, match="a_register_has_one_row_at_a_place"):
        again.save(force_insert=True)


def test_rows_have_names():
    draft = SnapshotDraft(organization="scheme", file_name="audits.csv")

    assert str(draft) == "scheme audits.csv"
    assert str(SnapshotFile(digest="a" * 64)) == "a" * 12
    assert str(RegistrySnapshot(snapshot="scheme:one")) == "scheme:one"
    assert str(RegistryRow(snapshot_id=7, place=3)) == "7 3"
    assert str(Declaration(declaration="smelter:d1")) == "smelter:d1"
