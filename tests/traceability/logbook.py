"""Reading the stored log back, in the order of its indices, and deciding on all of it again."""

from collections import Counter

from django.conf import settings
from django.db import connection

from traceability.ledger.book import Book
from traceability.ledger.decision import decide, decide_genesis
from traceability.ledger.merkle import tree_root
from traceability.ledger.statements import parse_statement
from traceability.ledger.turns import shortfall_of
from traceability.models import Entry, LogIndex, Lot, Movement, StatementText
from traceability.recording import known_kinds
from traceability.restatements import restated, shortfalls
from traceability.rows import lot_of


def entries_in_order():
    """Return the entries by log index; the indices are gapless from 0."""
    index = list(LogIndex.objects.order_by("index"))
    assert [row.index for row in index] == list(range(len(index)))
    entries = Entry.objects.in_bulk([row.recorded_order for row in index])
    return [entries[row.recorded_order] for row in index]


def replayed_book():
    """Decide on every sequenced statement again, in log order.

    Had a statement relied on one with a higher index, it would be refused here.
    """
    book, texts = Book(is_admitting=True), StatementText.objects.in_bulk()
    for n, entry in enumerate(entries_in_order()):
        text = texts[entry.recorded_order]
        statement = parse_statement(
            text.jws.encode(),
            kinds=known_kinds(),
            ledger=settings.LEDGER_ORIGIN,
            disclosures=tuple(text.disclosures),
        )
        effects = decide(statement, book) if n else decide_genesis(statement)
        if effects.replaces is None:
            verify_withdrawals(book, effects.movements)
        book.accept(statement, effects, entry.hash)
    return book


def verify_withdrawals(book, movements):
    """Follow the amounts movement by movement: a receipt weighs a lot before it parts it."""
    held = Counter({name: lot.amount for name, lot in book.lots.items()})
    for movement in movements:
        held[movement.lot] += movement.delta
        assert movement.role != "take" or held[movement.lot] >= 0, "more taken than was held"


def verify_states():
    """Hold the tables against the log: lots, amounts and root are what the entries make."""
    book = replayed_book()
    stored = {row["id"]: lot_of(row) for row in Lot.objects.values()}
    assert stored == book.lots
    replaced = set(Entry.objects.exclude(replaces=None).values_list("replaces", flat=True))
    standing = Entry.objects.exclude(hash__in=replaced).values_list("recorded_order", flat=True)
    sums = dict.fromkeys(stored, 0)
    for lot, delta in Movement.objects.filter(recorded_order__in=list(standing)).values_list(
        "lot", "delta"
    ):
        sums[lot] += delta
    assert {lot: state.amount for lot, state in stored.items()} == sums
    short = {lot: shortfall_of(book.turns.get(lot, ())) for lot in stored}
    assert shortfalls(list(stored)) == {lot: amount for lot, amount in short.items() if amount}
    assert {lot.id for lot in restated(Lot.objects.all())} == {lot for lot in short if short[lot]}
    return book


def root_of_entries():
    return tree_root([bytes.fromhex(entry.hash) for entry in entries_in_order()])


def rows():
    """Return every row of both apps but rejections, to hold states against each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relname ~ '^(traceability|standards)_' AND relname <> 'traceability_rejection'"
            " ORDER BY relname"
        )
        found = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {name} t ORDER BY 1")  # noqa: S608
            found[name] = cursor.fetchall()
    return found
