"""The table of precision and recall is what the checks make of the history today."""

from collections import Counter

import pytest

from tests.plausible.history import history
from tests.plausible.table import PAGE, measured_doubts, page_part, written
from tests.plausible.world import FRAUDS
from traceability.ledger.plausibility import CHECKS


def test_the_history_is_the_same_every_time_and_has_every_fraud_in_it():
    once, again = history(), history()

    assert once == again
    assert Counter(one.fraud for one in once).keys() == {"", *FRAUDS}
    assert set(FRAUDS.values()) == {"MB-13", *(check.id for check in CHECKS)}
    assert history(seed=1) != once


@pytest.mark.django_db(transaction=True)
def test_the_committed_table_is_what_the_checks_find_today():
    page = PAGE.read_text(encoding="utf-8")

    assert written(page, page_part(measured_doubts())) == page, "run bench/plausibility.py"
