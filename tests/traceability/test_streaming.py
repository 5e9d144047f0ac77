"""Rows read as they are found: in parts, in order, and with the connection as it was afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.pq import TransactionStatus

from traceability import streaming, wire
from traceability.streaming import Answers, rows_of

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 1_000


def words(count, word="w"):
    """Return a call that answers with so many words."""
    return "string_to_table", (" ".join(f"{word}{n}" for n in range(count)), " ")


def is_as_before():
    """Tell whether the connection is free, in whatever way it is used next."""
    status = TransactionStatus(connection.connection.pgconn.transaction_status)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        is_asked = cursor.fetchall() == [(1,)]
    with transaction.atomic():
        is_called = wire.call("upper", b"one") == b"ONE"
    return is_asked and is_called and status == TransactionStatus.IDLE


def test_rows_come_in_order_and_in_parts_call_by_call(ledger):
    parts = list(Answers(words(MANY, "a"), words(3, "b"), words(0)))
    assert [row for number, rows in parts for row in rows if number == 0] == [
        (f"a{n}",) for n in range(MANY)
    ]
    assert [row for number, rows in parts for row in rows if number == 1] == [
        (f"b{n}",) for n in range(3)
    ]
    assert len(parts) > MANY // streaming._AT_ONCE
    assert [number for number, _ in parts] == sorted(number for number, _ in parts)
    assert is_as_before()


def test_null_goes_in_and_nothing_comes_out(ledger):
    assert rows_of("string_to_table", None, " ") == []


def test_what_the_database_refuses_is_raised_as_from_a_cursor(ledger):
    answers = Answers(words(2), ("jsonb_array_elements", ("{}",)), words(2))
    told = []
    with pytest.raises(DatabaseError, match="cannot extract elements from an object"):
        told.extend(rows for _, rows in answers)
    assert sum(map(len, told)) == 2
    assert is_as_before()


def test_what_cannot_be_prepared_is_raised_before_anything_is_asked(ledger):
    with pytest.raises(DatabaseError, match="no_such_function"):
        Answers(("no_such_function", ("x",)))
    assert is_as_before()


def test_what_is_left_unread_does_not_stay_in_the_way(ledger):
    for _, rows in Answers(words(MANY), words(MANY)):
        assert rows
        break
    assert is_as_before()


def test_what_has_come_is_taken_before_it_is_asked_for_but_not_without_end(ledger):
    answers = Answers(words(streaming._AT_ONCE * (streaming._AHEAD + 10)))
    parts = iter(answers)
    told = list(next(parts)[1])
    for _ in range(1_000):
        answers.go_on()
    assert 0 < len(answers._ready) <= streaming._AHEAD
    for _, rows in parts:
        answers.go_on()
        told += rows
    assert told == [(f"w{n}",) for n in range(streaming._AT_ONCE * (streaming._AHEAD + 10))]
    answers.go_on()
    assert is_as_before()


def test_going_on_at_the_end_of_a_call_waits_for_the_next_one_to_be_read(ledger):
    answers = Answers(words(2, "a"), words(MANY, "b"))
    told = []
    for number, rows in answers:
        for _ in range(50):
            answers.go_on()
        told += [(number, word) for (word,) in rows]
    assert told == [(0, f"a{n}") for n in range(2)] + [(1, f"b{n}") for n in range(MANY)]
    assert is_as_before()


def test_a_transaction_around_it_goes_on(ledger):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE noted ON COMMIT DROP AS SELECT 1 AS one")
        assert rows_of("string_to_table", "one two", " ") == [("one",), ("two",)]
        with connection.cursor() as cursor:
            cursor.execute("SELECT one FROM noted")
            assert cursor.fetchall() == [(1,)]
    assert is_as_before()
