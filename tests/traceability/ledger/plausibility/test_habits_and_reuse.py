"""Weights that repeat or are round; seals, containers, papers and certificates used again."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from tests.traceability.ledger.plausibility.doubts import START, Tale, assayed, figures, make
from tests.traceability.ledger.plausibility.test_amounts import made_so_far
from traceability.ledger.plausibility.view import NamedBefore

OLD = "b" * 64


def before(entry, kind, value="X1", **changes):
    usual = NamedBefore(
        entry=entry, kind=kind, value=value, before=OLD, before_at=START - timedelta(days=30)
    )
    return replace(usual, **changes)


# ── weights ───────────────────────────────────────────────────────────────────────────────


def test_shares_of_equal_and_of_round_weights_come_with_their_cases():
    tale = made_so_far(same=4, round=5, among=10)

    [equal] = tale.observed("PL-08")
    [round_] = tale.observed("PL-10")

    assert (equal.worst, equal.cases) == (Fraction(2, 5), 4)
    assert (round_.worst, round_.cases) == (Fraction(1, 2), 5)
    assert equal.sentence.startswith("100 kg is the weight of 40 % of the amounts at Pit")
    assert round_.sentence.startswith("50 % of the amounts at Pit (acme:pit) in 2026-03")


@pytest.mark.parametrize("change", [{"is_weighed": False}, {"unit": "piece"}])
def test_what_no_scale_showed_is_left_out(change):
    assert made_so_far(**change).observed("PL-08") == []


def test_a_weight_of_a_statement_that_is_not_on_the_path_is_left_out():
    tale = made_so_far()
    tale.told.clear()
    assert tale.observed("PL-08") == tale.observed("PL-10") == []


# ── seals ─────────────────────────────────────────────────────────────────────────────────


def sent(names=None, *told):
    tale = Tale()
    tale.mined()
    entry = tale.sent(at=START, names=names or {})
    tale.noted = {"before": tuple(replace(one, entry=entry) for one in told)}
    return tale


def test_the_nearest_use_of_a_seal_counts():
    far = before("", "seal", before_at=START - timedelta(days=90))
    [one] = sent({"seal": ("X1",)}, far, before("", "seal")).observed("PL-07")

    assert (one.worst, one.evidence) == (30, (OLD,))
    assert "seal X1 of the shipment of 2026-03-01 was on another consignment, 30 days apart" in (
        one.sentence
    )


def test_a_fresh_seal_and_none_at_all_are_fine_and_silence_is_not():
    for names in ({"seal": ("X2",)}, {"unsealed": ("",)}):
        [one] = sent(names).observed("PL-07")
        assert (one.worst, one.missing) == (None, ())
    [silent] = sent().observed("PL-07")
    assert silent.missing == (f"seals of shipment {2:064x}, or `[]` for none",)


# ── twice ─────────────────────────────────────────────────────────────────────────────────


def test_a_container_comes_back_but_not_before_it_has_arrived():
    names = {"container": ("C1",)}
    under_way = before("", "container")
    back = replace(under_way, arrived_at=START - timedelta(days=1))
    late = replace(under_way, arrived_at=START + timedelta(days=1))

    values = [
        next(one for one in sent(names, told).observed("PL-11") if one.entry == f"{2:064x}").worst
        for told in (under_way, back, late)
    ]

    assert values == [1, 0, 1]
    assert sent(names, before("", "seal")).observed("PL-11")[0].worst == 0  # that is another check
    assert [one.entry for one in sent().observed("PL-11")] == [f"{1:064x}"]


def test_a_document_of_other_goods_is_doubted_where_goods_come_in():
    tale = Tale()
    entry = tale.mined(names={"document": ("d" * 64,)})
    assert figures(tale.observed("PL-11")) == [0]

    tale.noted = {"before": (before(entry, "document", "d" * 64),)}
    [one] = tale.observed("PL-11")
    assert (one.worst, one.evidence) == (1, (OLD,))
    assert one.sentence == "a document of lot acme:L1 (SHA-256 dddddddddddddddd…) is of other goods"


def test_goods_that_come_in_without_a_paper_cannot_be_told():
    tale = Tale()
    entry = tale.mined()

    [one] = tale.observed("PL-11")

    assert (one.worst, one.missing) == (None, (f"evidence of entry {entry}",))


def test_a_receipt_that_repeats_one_lot_says_nothing_of_the_others():
    tale = Tale()
    tale.mined()
    tale.sent()
    entry = tale.received()
    tale.noted = {"before": (before(entry, "received", "acme:1:bolt/acme:L9"),)}
    assert tale.observed("PL-11")[0].worst == 0

    tale.noted = {"before": (before(entry, "received", "acme:1:bolt/acme:L1"),)}
    assert tale.observed("PL-11")[0].sentence == (
        "lot acme:L1 is received twice from one consignment"
    )


# ── certificates ──────────────────────────────────────────────────────────────────────────


def test_a_certificate_stands_for_one_lot():
    tale = Tale()
    tale.mined()
    again = tale.add("assay", assayed("acme:L1", "30"), names={"certificate": ("c" * 64,)})
    tale.add("assay", assayed("acme:L1", "30"), names={"certificate": ("e" * 64,)})
    bare = tale.add("assay", assayed("acme:L1", "30"))
    tale.noted = {"before": (before(again, "certificate", "c" * 64),)}

    told = tale.observed("PL-15")

    assert figures(told) == [1, 0, None]
    assert "is of other goods" in told[0].sentence
    assert told[2].missing == (f"certificate of assay {bare}",)


def test_a_statement_knows_its_lots():
    tale = Tale()
    tale.add("extraction", make("acme:L1"), make("acme:L2"))
    [act] = tale.view().acts

    assert act.lots == act.made == ("acme:L1", "acme:L2")
