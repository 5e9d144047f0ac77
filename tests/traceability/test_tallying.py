"""What is left of lots that are hit, added up: for certain, and at most."""

import pytest

from traceability.ledger.lineage import Reached
from traceability.ledger.recall import Hit, Portion
from traceability.tallying import Tally


def hit(**amounts):
    return Hit(
        lot="acme:L1",
        reached=Reached(depth=1, since=0),
        portions={"Li": Portion(**amounts)},
        begun=None,
        left=1000,
        number=1,
    )


@pytest.mark.parametrize(
    ("amounts", "certain", "most"),
    [
        ({"low_mg": 60, "high_mg": 60, "left_mg": 30, "left_at_most_mg": 40}, "30", "40"),
        ({"low_mg": 0, "high_mg": 60, "left_mg": 30, "left_at_most_mg": 40}, "0", "40"),
        ({"low_mg": 40, "high_mg": 60, "left_mg": 31, "left_at_most_mg": 31}, "20", "31"),
        ({"low_mg": 0, "high_mg": 0, "left_mg": 0, "left_at_most_mg": 0}, "0", "0"),
    ],
)
@pytest.mark.django_db
def test_what_may_not_be_there_is_not_hit_for_certain(amounts, certain, most):
    tally = Tally()
    tally.add(
        hit(out_mg=60, at_most_mg=60, **amounts), "mg", holder="acme", sent_to=(), is_product=False
    )

    [told] = tally.totals(blinded=0, is_complete=True, reader="acme").elements

    assert (told.hit_mg, told.at_most_mg) == (certain, most)
