"""The connection past Django's cursors: transactions, errors, dead connections, and odd text."""

from contextlib import suppress

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

from traceability import wire

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def state():
    """Return how the server's transaction stands, as psycopg tells it."""
    return TransactionStatus(connection.connection.pgconn.transaction_status).name


def say(text, **more):
    told = wire.call("upper", text.encode(), **more)
    return told.decode() if told is not None else None


@pytest.fixture
def table(ledger):
    """Return a table of this connection only."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (place int, one text, other text)")
    yield "noted"
    connection.close()


def kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT one, other FROM noted ORDER BY place")
        return cursor.fetchall()


# ── calls ─────────────────────────────────────────────────────────────────────────────────


def test_the_first_call_begins_and_the_last_commits(ledger):
    with transaction.atomic(durable=True):
        assert state() == "IDLE"
        assert say("one") == "ONE"
        assert state() == "INTRANS"
        assert say("two", is_last=True) == "TWO"
        assert state() == "IDLE"


def test_a_transaction_around_this_one_is_left_to_whoever_began_it(ledger):
    with transaction.atomic():
        with transaction.atomic():
            assert say("one", is_last=True) == "ONE"
        assert state() == "INTRANS"


def test_what_the_database_refuses_is_raised_as_from_a_cursor_and_rolls_back(ledger):
    with pytest.raises(DatabaseError, match="lpad"), transaction.atomic(durable=True):
        wire.call("lpad", b"no number")
    assert state() == "IDLE"
    with pytest.raises(DatabaseError, match="invalid input syntax"), transaction.atomic():
        wire.call("repeat", b"x", b"often", is_last=True)
    assert state() == "IDLE"


def test_null_goes_in_and_comes_out(ledger):
    with transaction.atomic():
        assert wire.call("upper", None) is None


def kill():
    """End the server's side of the connection, as a restart does."""
    info = connection.connection.info
    with psycopg.connect(info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [info.backend_pid])


def test_a_connection_that_died_is_found_by_the_first_call(ledger):
    with transaction.atomic():
        assert say("one") == "ONE"
    kill()
    with pytest.raises(OperationalError) as found, transaction.atomic(durable=True):
        say("two")
    assert isinstance(found.value.__cause__, wire.ConnectionStale)
    with transaction.atomic():
        assert say("three") == "THREE"  # on another connection


def test_a_connection_that_dies_within_a_transaction_is_no_stale_one(ledger):
    def dies() -> None:
        with transaction.atomic(durable=True):
            say("one")
            kill()
            say("two")

    with pytest.raises(OperationalError) as found:
        dies()
    assert not isinstance(found.value.__cause__, wire.ConnectionStale)


# ── arrays and rows ───────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(names=st.lists(TEXT, max_size=4))
def test_an_array_arrives_as_it_was(names):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [wire.array(names).decode()])
        assert cursor.fetchone() == (names,)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(TEXT.filter(bool), st.none() | TEXT.filter(bool)), max_size=4))
def test_rows_arrive_as_they_were(pairs):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS noted (place int, one text, other text)"
        )
        cursor.execute("TRUNCATE noted")
    with transaction.atomic():
        copy = wire.Copy()
        copy.add("noted", ("place", "one", "other"), [(str(n), *p) for n, p in enumerate(pairs)])
        copy.drain()
    assert kept() == pairs


def test_several_tables_are_sent_one_after_the_other_without_waiting(table):
    with transaction.atomic():
        copy = wire.Copy()
        for place in range(5):
            copy.add(table, ("place", "one"), [(str(place), "x" * 500_000)] * 3)
            copy.go_on()
        copy.drain()
        copy.go_on()  # there is nothing left
    assert len(kept()) == 15


def test_each_step_is_taken_when_the_server_has_answered_the_last(table):
    with transaction.atomic():
        copy = wire.Copy()
        copy.add(table, ("place",), [("1",)])
        copy.add(table, ("place",), [("2",)])
        while copy._waiting or copy._is_under_way:
            copy.go_on()
    assert len(kept()) == 2


@pytest.mark.parametrize("steps", range(7))
@pytest.mark.parametrize("value", ["1", "many"])
def test_what_is_abandoned_is_rolled_back_with_the_rest(table, steps, value):
    """Whether the server was asked to take rows, has them, or refuses them."""

    def fails() -> None:
        with transaction.atomic(durable=True):
            copy = wire.Copy()
            for _ in range(3):
                copy.add(table, ("place",), [(value,)])
            with suppress(DatabaseError):
                for _ in range(steps):
                    copy._step(connection)
            copy.abandon()
            assert not copy._is_under_way
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert kept() == []
    assert state() == "IDLE"


def test_a_table_that_is_not_there_is_abandoned_too():
    transaction.set_autocommit(False)
    copy = wire.Copy()
    copy.add("nowhere", ("place",), [("1",)])
    copy.go_on()
    copy.abandon()
    assert state() == "INERROR"
    transaction.rollback()
    transaction.set_autocommit(True)
    assert state() == "IDLE"


def test_rows_that_do_not_fit_are_refused_when_they_are_finished(table):
    copy = wire.Copy()
    copy.add(table, ("place",), [("many",)])
    with pytest.raises(DatabaseError, match="many"), transaction.atomic(durable=True):
        copy.drain()
    copy.add("nowhere", ("place",), [("1",)])
    with pytest.raises(DatabaseError, match="nowhere"), transaction.atomic(durable=True):
        copy.drain()
    copy.abandon()
    assert state() == "IDLE"
