"""The large ledgers that bench/ measures on are made by COPY: they are what recording would leave.

The same short story goes both ways; every row of it is compared, but for what is random (salts,
and what is hashed with them: an entry is named by its place instead).
"""

from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from traceability.models import LogState
from traceability.registering import begin_ledger
from traceability.verifying import verify_stored_log

BENCH = Path(__file__).resolve().parents[2] / "bench"
SEED, EVENTS = 3, 700
TABLES = {  # columns in which rows are put in order
    "entry": "recorded_order",
    "statementtext": "recorded_order",
    "entrysubject": "recorded_order, subject",
    "movement": "recorded_order, ordinal",
    "lot": "id",
    "subject": "id",
    "logindex": "index",
    "stream": "author, stream",
    "pending": "recorded_order",
}
RANDOM = ("salt", "body")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_copy_leaves_row_by_row_what_recording_leaves(tmp_path, settings, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    import loading

    settings.GUARD_PATH = str(tmp_path / "recorded" / "checkpoint")
    recorded = rows_after(loading.record)
    call_command("flush", interactive=False, verbosity=0)
    settings.GUARD_PATH = str(tmp_path / "copied" / "checkpoint")
    copied = rows_after(loading.copy)
    for table in TABLES:
        assert copied[table] == recorded[table], table
    assert len(recorded["entry"]) == len(recorded["logindex"]) == EVENTS
    assert len(recorded["movement"]) > EVENTS
    assert not recorded["pending"]


def rows_after(way):
    """The rows that a story leaves by one way in, of a log that verifies."""
    import loading
    import topology

    begin_ledger(operator="operator", name="Operator", country="CA", effective="2024-01-01")
    loading.register(SEED, 1)
    before = newest()
    way(loading.signed(SEED, islice(topology.claims(SEED, 1), EVENTS)))
    assert verify_stored_log(processes=1).size == LogState.objects.get(pk=1).size
    places = {entry: order for order, entry in named("SELECT recorded_order, hash FROM {entry}")}
    return {table: told(table, before, places) for table in TABLES}


def newest():
    [(order,)] = named("SELECT max(recorded_order) FROM {entry}")
    return order


def told(table, before, places):
    """Rows by column; orders counted from the story's first, hashes as the orders of entries."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM traceability_{table} ORDER BY {TABLES[table]}")  # noqa: S608
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if "recorded_order" in names:
        rows = [row for row in rows if row["recorded_order"] > before]
    if table in ("lot", "subject"):
        rows = [row for row in rows if places[row["head"]] > before]

    def value(name, one):
        if name in ("recorded_order", "index"):
            return one - before
        return places[one] - before if isinstance(one, str) and one in places else one

    return [
        {
            name: value(name, str(one) if name in ("owners", "facts", "state") else one)
            for name, one in row.items()
            if name not in RANDOM
        }
        for row in rows
    ]


def named(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql.format(entry="traceability_entry"))
        return cursor.fetchall()
