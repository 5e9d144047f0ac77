"""Append-only, by attack: as the application, as the owner, as a superuser."""

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from tests.builders import extraction, loss, offer
from traceability import checks
from traceability.checks import APPEND_ONLY, check_append_only
from traceability.errors import LogDamaged
from traceability.models import Reading
from traceability.publishing import publish_checkpoint
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)

COLUMN = {
    "traceability_checkpoint": "note",
    "traceability_entry": "body",
    "traceability_entrysubject": "previous",
    "traceability_logindex": "index",
    "traceability_movement": "delta",
    "traceability_reading": "owner",
    "traceability_rejection": "code",
    "traceability_statementtext": "jws",
    "traceability_tile": "hashes",
}


ATTACKS = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    """INSERT INTO {table} SELECT * FROM {table} LIMIT 1
       ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET {column} = excluded.{column}""",
    """MERGE INTO {table} t USING (SELECT 1) AS one ON true
       WHEN MATCHED THEN UPDATE SET {column} = t.{column}""",
    "MERGE INTO {table} t USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "DROP TABLE {table} CASCADE",
    "DROP TRIGGER append_only ON {table}",
    "SELECT 1 FROM {table} FOR UPDATE",
)
POWERS = (
    "SET session_replication_role = replica",
    "SET ROLE ledger_owner",
    """CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN RETURN OLD; END'""",
    "CREATE TABLE public.traceability_shadow (id int)",
    "ALTER ROLE ledger_app SUPERUSER",
    "DELETE FROM traceability_lot",
    "TRUNCATE traceability_key CASCADE",
    "DELETE FROM traceability_logstate",
    "ALTER SEQUENCE recorded_order RESTART",
    "SELECT setval('recorded_order', 1)",
)


@pytest.fixture
def full(alice, bob):
    """A ledger with at least one row in every append-only table."""
    alice.records(extraction("alice:L"), offer("alice:L", to=["bob"]))
    alice.records(*[loss("alice:L", "0.001") for _ in range(260)])
    alice.is_refused(loss("alice:L", "1000"))
    Reading.objects.create(
        reader="bob", owner="alice", lot="alice:L", what="lot", read_at=timezone.now()
    )
    publish_checkpoint()
    with connection.cursor() as cursor:
        for table in APPEND_ONLY:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert cursor.fetchone()[0], f"{table} is empty: nothing would be attacked"
    return alice


def attacks(table):
    column = COLUMN[table]
    return [text.format(table=table, column=column) for text in ATTACKS]


def test_the_columns_attacked_are_those_of_every_append_only_table():
    assert COLUMN.keys() == set(APPEND_ONLY)


def test_the_application_changes_nothing_it_has_written(full):
    survived = []
    for table in APPEND_ONLY:
        for attack in attacks(table):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(attack)
            except DatabaseError as error:
                if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                    continue
                survived.append((attack, str(error)))
            else:
                survived.append((attack, "carried out"))
    assert survived == []
    verify_stored_log()


def test_the_application_gets_no_power_over_the_tables(full):
    for attack in POWERS:
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(attack)


def test_the_application_owns_nothing(full):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("ledger_app", False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_triggers_stop_the_owner_and_a_superuser_who_is_careless(full, cluster):
    for role in ("ledger_owner", "postgres"):
        with psycopg.connect(cluster.url(role), autocommit=True) as database:
            if role == "postgres":
                database.execute("SET session_replication_role = replica")
            for table in APPEND_ONLY:
                for attack in attacks(table)[:3]:
                    with pytest.raises(
                        psycopg.errors.InsufficientPrivilege, match=r"refused|erasure"
                    ):
                        database.execute(attack)
    verify_stored_log()


def test_a_superuser_who_takes_care_is_found_out(full, cluster):
    cluster.sql(
        "ALTER TABLE traceability_movement DISABLE TRIGGER ALL;"
        "UPDATE traceability_movement SET delta = delta + 1 WHERE role = 'make';",
        database="ledger",
    )
    with pytest.raises(LogDamaged):
        verify_stored_log()


def test_the_verifier_reads_the_log_and_writes_nothing(full, cluster):
    with psycopg.connect(cluster.url("ledger_verifier"), autocommit=True) as database:
        for table in APPEND_ONLY:
            database.execute(f"SELECT * FROM {table} LIMIT 1")  # noqa: S608
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(f"INSERT INTO {table} SELECT * FROM {table}")  # noqa: S608
        for secret in ("traceability_servicekey", "auth_user", "django_session"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(f"SELECT * FROM {secret}")  # noqa: S608


# ── check --deploy ────────────────────────────────────────────────────────────────────────


def ids():
    return [message.id for message in check_append_only()]


def test_a_sound_database_passes_the_deployment_check(full):
    assert ids() == []


def test_the_check_is_part_of_check_deploy(full, cluster):
    cluster.sql("ALTER TABLE traceability_entry OWNER TO ledger_app", database="ledger")
    with pytest.raises(SystemCheckError, match=r"traceability\.E001"):
        call_command("check", deploy=True)


def test_a_role_that_owns_or_could_own_a_table_fails_the_check(full, cluster):
    cluster.sql("ALTER TABLE traceability_entry OWNER TO ledger_app", database="ledger")
    assert ids() == ["traceability.E001", "traceability.E002"]
    [owned, _] = check_append_only()
    assert "traceability_entry." in owned.msg
    assert owned.is_serious()


def test_a_member_of_the_owners_role_fails_the_check(full, cluster):
    cluster.sql("GRANT ledger_owner TO ledger_app")
    try:
        connections.close_all()
        assert "traceability.E001" in ids()
    finally:
        cluster.sql("REVOKE ledger_owner FROM ledger_app")


def test_a_role_that_may_change_rows_fails_the_check(full, cluster):
    cluster.sql("GRANT UPDATE ON traceability_movement TO ledger_app", database="ledger")
    assert ids() == ["traceability.E002"]


def test_a_trigger_that_does_not_always_fire_fails_the_check(full, cluster):
    for how in ("DISABLE", "ENABLE", "ENABLE REPLICA"):
        change = f"ALTER TABLE traceability_entry {how} TRIGGER append_only"
        cluster.sql(change, database="ledger")
        assert ids() == ["traceability.E003"]
    cluster.sql(
        "ALTER TABLE traceability_entry ENABLE ALWAYS TRIGGER append_only", database="ledger"
    )
    assert ids() == []


def test_a_database_that_does_not_answer_is_told_and_does_not_fail_the_check(monkeypatch):
    class Absent:
        def cursor(self):
            raise DatabaseError("no server")

    monkeypatch.setattr(checks, "connection", Absent())
    [told] = check_append_only()
    assert (told.id, told.is_serious()) == ("traceability.I001", False)
