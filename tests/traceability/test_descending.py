"""A recall read on a connection of its own: as within a transaction, and left at any time."""

import pytest
from django.db import connection, transaction
from psycopg.pq import ConnStatus

from tests.traceability.api import world as worlds
from traceability import descending, streaming
from traceability.ledger.effective import parse_day
from traceability.ledger.recall import OfFacility, recalled

pytestmark = pytest.mark.django_db(transaction=True)

SINCE = parse_day("2026-03-01")


@pytest.fixture
def size(transactional_db):
    return worlds.build().published


@pytest.fixture
def others(monkeypatch):
    """Return the connections that were opened beside Django's."""
    opened = []
    monkeypatch.setattr(connection, "copy", opened_by(connection.copy, opened))
    return opened


def opened_by(copy, opened):
    def noted(*arguments):
        opened.append(copy(*arguments))
        return opened[-1]

    return noted


def passages(size):
    lots = descending.lots_of_facility("acme:mine", since=SINCE)
    elements = descending.elements_of(lots, size=size)
    return descending.passages(lots, size=size, elements=elements), elements


def hits(size):
    told, elements = passages(size)
    found = recalled(OfFacility(facility="acme:mine", since=SINCE), told, elements=elements)
    return {hit.lot: (hit.portions, hit.left, hit.reached) for hit in found}


def test_it_is_the_same_on_a_connection_of_its_own_as_within_a_transaction(size, others):
    told = hits(size)
    assert told.keys() == {"acme:L1", "acme:L2", "bolt:C", "bolt:D"}
    [own] = others
    assert own.connection is None  # closed
    with transaction.atomic():
        assert hits(size) == told
    assert others == [own]


@pytest.fixture
def one_by_one(monkeypatch):
    """Let what is read come row by row, and be told event by event."""
    monkeypatch.setattr(streaming, "_AT_ONCE", 1)
    for name in ("_AT_FIRST", "_AT_ONCE", "_PART"):
        monkeypatch.setattr(descending, name, 1)


def test_django_s_connection_is_free_while_it_is_read(size, one_by_one):
    told, _elements = passages(size)
    events = 0
    for passage in told:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]
        events += len(passage.happenings)
    assert events > len(hits(size))


def test_what_is_left_half_read_is_closed(size, others, one_by_one):
    told, _elements = passages(size)
    next(told)
    [own] = others
    wire = own.connection.pgconn
    told.close()
    assert wire.status == ConnStatus.BAD
    assert own.connection is None
    assert hits(size)
