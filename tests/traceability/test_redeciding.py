"""What the database keeps of statements is what they make, column by column, under attack."""

import datetime
import io
import uuid

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg.types.json import Jsonb

from tests.builders import (
    audience,
    correction,
    erasure,
    extraction,
    grant,
    introduction,
    key,
    key_revocation,
    loss,
    offer,
    opening,
    passing,
    receipt,
    received,
    relationship,
    shipment,
    signed,
    split,
    statement,
    taken,
    transfer,
    void,
    withdrawal,
)
from traceability.errors import LogDamaged, TraceabilityError
from traceability.ledger.disclosures import hide
from traceability.models import Entry, Lot
from traceability.project.embedded_postgres import LEDGER_DATABASE
from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements
from traceability.redeciding import Redecided, verify_decisions
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = (
    *("entry", "entrysubject", "movement", "statementtext", "logindex"),
    *("lot", "subject", "stream", "lotopening", "key", "organization", "facility"),
    *("relationship", "audience", "grant", "nameopening"),
)
NOTHING = {"lotopening.id", "lot.last_order"}  # say nothing of what was stated


@pytest.fixture
def story(alice, bob, ledger):
    """Something in every table."""
    ledger("audit", "auditor")
    origin = [{"stage": "extraction", "parts": 1, "country": "CL"}]
    hidden, disclosed = hide(
        statement(introduction("alice:H", declared_origin=origin), "alice"),
        ["body.lot.quantity.value"],
        lambda: b"s" * 16,
    )
    [told] = record_statements([Submission(jws=signed(hidden), disclosures=tuple(disclosed))])
    assert told.error is None
    alice.records(extraction("alice:L"), stream={"id": "scale", "seq": 1})
    alice.records(shipment("alice:c1", "bob", taken("alice:L", "100")))
    bob.records(receipt("alice:c1", received("alice:L", "99"), at="bob:smelter"))
    [wrong] = alice.records(extraction("alice:X"))
    alice.records(correction(wrong, extraction("alice:X", "90"), "alice:X"))
    alice.records(transfer(passing("alice:L", "alice", "bob")))
    [opened] = bob.records(offer("alice:L", to=["alice"], until="2027-01-31"))
    [closed] = bob.records(withdrawal(opened, "alice:L"))
    bob.records(void(closed, "alice:L"))
    alice.records(
        relationship("alice:r", "alice", "bob"),
        audience("alice", "bob"),
        grant("alice:g", "audit", lots=["alice:L"], facilities=["alice:mine"]),
        opening("alice:o", "bob"),
    )
    alice.records(key("alice", "alice2"))
    alice.records(key_revocation("alice", "alice2", distrusted_from=5))
    publish_checkpoint()
    alice.records(extraction("alice:Z"))  # waits


@pytest.fixture
def superuser(cluster, story):
    """Past every grant and trigger, as whoever owns the disk."""
    connection.close()
    with psycopg.connect(
        host=cluster.socket_directory, user="postgres", dbname=LEDGER_DATABASE, autocommit=True
    ) as connected:
        for table in TABLES:
            connected.execute(f"ALTER TABLE traceability_{table} DISABLE TRIGGER ALL")
        yield connected


def another(value, kind):
    """Return a value of a column's type that is not the one there is."""
    if kind in ("text", "varchar", "bpchar"):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    if kind in ("int2", "int4", "int8"):
        return value + 1_000
    if kind == "jsonb":
        return Jsonb({**value, "more": 1} if isinstance(value, dict) else [*value, "more"])
    if kind in ("_text", "_varchar"):
        return [*value, "more"]
    if kind in ("timestamptz", "date"):
        return value + datetime.timedelta(days=3)
    return {"bool": lambda: not value, "bytea": lambda: bytes(32), "uuid": uuid.uuid4}[kind]()


def is_noticed():
    try:
        verify_stored_log()
        verify_decisions()
    except TraceabilityError:
        return True
    return False


@pytest.mark.parametrize("table", TABLES)
def test_no_column_changes_unnoticed(superuser, table):
    columns = superuser.execute(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s",
        [f"traceability_{table}"],
    ).fetchall()
    missed, tried = set(), 0
    for name, kind in columns:
        rows = f'traceability_{table} WHERE "{name}" IS NOT NULL'
        found = superuser.execute(
            f'SELECT ctid::text, "{name}" FROM {rows} ORDER BY ctid DESC LIMIT 1'  # noqa: S608
        ).fetchone()
        if found is None:
            continue
        place, value = found
        change = f'UPDATE traceability_{table} SET "{name}" = %s WHERE ctid = %s::tid'  # noqa: S608
        moved = superuser.execute(f"{change} RETURNING ctid::text", [another(value, kind), place])
        [place] = moved.fetchone()
        tried += 1
        if not is_noticed():
            missed.add(f"{table}.{name}")
        before = Jsonb(value) if kind == "jsonb" else value
        superuser.execute(change, [before, place])
    assert tried
    assert missed <= NOTHING
    assert not is_noticed()


@pytest.mark.parametrize(
    "attack",
    [
        """INSERT INTO traceability_movement
             (recorded_order, ordinal, lot, role, delta, unit, facts)
           SELECT recorded_order, 7, 'alice:X', 'title', 0, 'mg', '{"owners": [], "to": "bob"}'
           FROM traceability_entry ORDER BY recorded_order DESC LIMIT 1""",
        """UPDATE traceability_movement SET delta = 2 * delta WHERE lot = 'alice:H';
           UPDATE traceability_lot SET amount = 2 * amount WHERE id = 'alice:H'""",
        """UPDATE traceability_movement SET facts
             = jsonb_set(facts, '{declared_origin,0,country}', '"US"') WHERE lot = 'alice:H'""",
        "UPDATE traceability_lot SET custodian = 'bob' WHERE id = 'alice:H'",
        "DELETE FROM traceability_lot WHERE id = 'alice:Z'",
        "DELETE FROM traceability_stream",
        "DELETE FROM traceability_lotopening",
        "DELETE FROM traceability_nameopening",
        """INSERT INTO traceability_lotopening (lot, organization, offer, opened_order)
           VALUES ('alice:H', 'bob', '', 1)""",
    ],
)
def test_rows_that_no_statement_made_are_noticed(superuser, attack):
    superuser.execute(attack)
    with pytest.raises(LogDamaged):
        verify_decisions()


def test_a_statement_that_should_have_been_refused_is_noticed(superuser):
    """Taken into the log by somebody who left the rules out, with all rows that it makes."""
    superuser.execute(
        "UPDATE traceability_entry SET kid = (SELECT kid FROM traceability_key "
        "WHERE organization_id = 'bob' LIMIT 1) WHERE kind = 'custody.correction'"
    )
    with pytest.raises(LogDamaged):
        verify_decisions()


def test_rows_from_before_a_fact_was_kept_lack_it_still(superuser):
    for change in (
        "UPDATE traceability_movement SET facts = facts - 'quantity' WHERE role = 'adjust'",
        "UPDATE traceability_subject SET state = state - 'materials' WHERE state IS NOT NULL",
    ):
        assert superuser.execute(change).rowcount
    assert verify_decisions().open == 0


def test_what_rests_on_an_erased_text_is_counted_and_not_compared(story, alice, operator):
    assert verify_decisions().open == 0
    [first] = alice.records(extraction("alice:E"))
    alice.records(loss("alice:E", "1"))
    alice.records(split("alice:Z", taken("alice:P", "1")))
    told = operator(*erasure(first))
    publish_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_erase(%s, %s)", [first, told])
    told = verify_decisions()
    assert told == Redecided(
        entries=Entry.objects.count() - told.open, lots=Lot.objects.count() - 1, open=told.open
    )
    assert 2 <= told.open < 6


def test_the_command_decides_again_where_it_is_asked(story):
    told = io.StringIO()
    call_command("verify_log", decisions=True, stdout=told)
    assert "statements were decided again and left 4 lots" in told.getvalue()
