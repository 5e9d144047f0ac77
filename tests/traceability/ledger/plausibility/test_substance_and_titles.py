"""What a mine ships, assays that do not fit, lots sold twice, and lots that only papers know."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.traceability.ledger.plausibility.doubts import (
    PIT,
    WORKS,
    Tale,
    assayed,
    figures,
    make,
    move,
    percent,
    quantity,
    take,
    weigh,
)
from traceability.ledger.book import Movement
from traceability.ledger.grades import Assayed
from traceability.ledger.plausibility.view import SisterAssay, Titled
from traceability.ledger.turns import OFFSET

# ── what a mine mines ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("material", "value"),
    [
        ("copper_concentrate", 0),
        ("copper_ore", 0),  # the registered words name the element
        ("copper_nickel_ore", 1),
        ("cobalt_hydroxide", 1),
        ("slag", 1),
    ],
)
def test_a_mine_ships_what_it_registered(material, value):
    tale = Tale()
    tale.add("extraction", make("acme:L1", material=material))

    [one] = tale.observed("PL-12")

    assert one.worst == value
    assert material in one.sentence


def test_what_enters_at_a_mine_is_held_against_it_too_and_elsewhere_not():
    tale = Tale()
    tale.add("introduction", make("acme:L1", material="slag"))
    tale.add("introduction", make("bolt:L2", material="slag"), facility="bolt:works")
    tale.add("introduction", make("carl:L3", material="slag"), facility="carl:mine")

    assert [(one.lot, one.worst) for one in tale.observed("PL-12")] == [("acme:L1", 1)]


def test_a_correction_that_leaves_a_lot_as_it_was_weighed_says_once_what_was_mined():
    tale = Tale()
    offset = Movement(lot="acme:L1", role=OFFSET, delta=5, unit="mg", facts={"why": "weighed"})
    tale.add("extraction", make("acme:L1", material="slag"), offset)

    for check in ("PL-12", "PL-17"):
        assert [one.lot for one in tale.observed(check)] == ["acme:L1"]


def test_where_nobody_registered_anything_it_cannot_be_told():
    silent = replace(PIT, materials=None, nameplates=None)
    for sites, called in (((silent,), "Pit (acme:pit)"), ((WORKS,), "acme:pit")):
        tale = Tale(*sites)
        tale.mined()
        [one] = tale.observed("PL-12")
        assert (one.worst, one.missing) == (None, (f"registered materials of {called}",))
    tale = Tale(silent)
    tale.add("extraction", make("acme:L1"), facility=None)
    assert "an unnamed place" in tale.observed("PL-12")[0].sentence


# ── assays ────────────────────────────────────────────────────────────────────────────────


def test_an_assay_is_compared_with_the_earlier_one_that_differs_most():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("30")))
    tale.add("assay", assayed("acme:L1", "29"))
    last = tale.add("assay", assayed("acme:L1", "24"), author="bolt")

    told = tale.observed("PL-14")

    assert figures(told) == [Fraction(1, 30), Fraction(1, 5)]
    assert (told[1].entry, told[1].author, told[1].evidence) == (last, "bolt", (f"{1:064x}",))
    assert "gives 24 % Cu, an earlier assay of the same material 30 %: 20 % apart" in (
        told[1].sentence
    )


def test_parts_are_of_one_material_with_what_they_were_taken_from():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("30")))
    tale.add(
        "split",
        take("acme:L1", 50, into="acme:P1"),
        make("acme:P1", 50, **{"from": "acme:L1"}),
    )
    tale.add("assay", assayed("acme:P1", "27"))
    tale.noted = {
        "sisters": (
            SisterAssay(
                lot="acme:P2",
                parent="acme:L1",
                order=2,
                author="carl",
                quantity=quantity(50),
                document=Assayed(entry="c" * 64, status="final", results=percent("18")),
            ),
        )
    }

    [one] = tale.observed("PL-14")

    assert (one.lot, one.worst, one.evidence) == ("acme:P1", Fraction(1, 3), ("c" * 64,))
    assert "that of lot acme:P2 of the same material 18 %" in one.sentence


def test_a_part_has_the_water_of_the_whole():
    tale = Tale()
    whole = quantity(100, "wet", moisture="0.1")
    tale.add("extraction", make("acme:L1", quantity=whole, assays=percent("30")))
    tale.add(
        "split",
        take("acme:L1", 50, into="acme:P1"),
        make("acme:P1", 50, quantity=quantity(50, "wet"), **{"from": "acme:L1"}),
    )
    tale.add("assay", assayed("acme:P1", "30"))

    assert figures(tale.observed("PL-14")) == [0]


def test_assays_of_the_dry_part_agree_whatever_the_water():
    tale = Tale()
    whole = quantity(100, "wet", moisture="0.1")
    tale.add("extraction", make("acme:L1", quantity=whole, assays=percent("30")))
    tale.add("receipt", weigh("acme:L1", 112, quantity=quantity(112, "wet", moisture="0.2")))
    tale.add("assay", assayed("acme:L1", "24", basis="as_received"))
    tale.add("assay", assayed("acme:L1", "30"))

    assert figures(tale.observed("PL-14")) == [0, 0]


def test_dry_assays_are_compared_where_nothing_is_known_of_the_water():
    tale = Tale()
    tale.add("extraction", make("acme:L1", basis="wet", assays=percent("30")))
    tale.add("assay", assayed("acme:L1", "27"))

    assert figures(tale.observed("PL-14")) == [Fraction(1, 10)]


def test_without_the_moisture_two_assays_cannot_be_compared():
    tale = Tale()
    tale.add("extraction", make("acme:L1", basis="wet", assays=percent("30")))
    tale.add("assay", assayed("acme:L1", "30", basis="as_received"))

    [one] = tale.observed("PL-14")

    assert (one.worst, one.missing) == (None, ("moisture of lot acme:L1",))


def test_ranges_that_overlap_agree_and_elements_are_not_mixed():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("30") + percent("1", "Ni")))
    wide = [percent("28")[0] | {"low": "20", "high": "31"}]
    tale.add("assay", replace_results("acme:L1", wide))
    tale.add("assay", assayed("acme:L1", "5", element="Co"))

    assert [(one.element, one.worst) for one in tale.observed("PL-14")] == [("Cu", 0)]


def test_a_single_assay_has_nothing_to_agree_with():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("30")))
    assert tale.observed("PL-14") == []


def test_documents_that_together_find_more_than_the_lot_cannot_all_be_right():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("90")))
    last = tale.add("assay", assayed("acme:L1", "90", element="Ni"), author="bolt")
    tale.add("assay", assayed("acme:L1", "90", element="Ni"))

    [repeated, one] = tale.observed("PL-14")

    assert (repeated.element, repeated.worst) == ("Ni", 0)  # doubted once
    assert (one.entry, one.author, one.worst, one.best) == (last, "bolt", 1, 1)
    assert one.evidence == (f"{1:064x}",)
    assert one.element is None  # whichever of the two is wrong
    assert one.sentence == (
        "documents about lot acme:L1 find Cu and Ni, which together weigh more than it"
    )


@pytest.mark.parametrize("is_first", [True, False])
def test_a_figure_of_the_wet_lot_is_held_against_the_moisture_that_another_document_tells(is_first):
    wet = quantity(100, "wet", moisture="0.1") if is_first else quantity(100, "wet")
    tale = Tale()
    tale.add("extraction", make("acme:L1", quantity=wet))
    first = tale.add("assay", assayed("acme:L1", "95", basis="as_received"))
    last = tale.add("assay", replace_results("acme:L1", percent("1", "Ni"), moisture="0.2"))

    [one] = [one for one in tale.observed("PL-14") if one.worst == 1]

    assert one.entry == (first if is_first else last)
    assert "find a share of 1." in one.sentence
    assert "in its dry substance, which holds at most 1" in one.sentence


def test_a_part_is_what_the_whole_was_and_a_pure_substance_is_no_more_than_pure():
    tale = Tale()
    tale.add("extraction", make("acme:L1", material="cobalt_sulfate", assays=percent("30", "Co")))
    tale.add("split", take("acme:L1", 50, into="acme:P"), make("acme:P", 50, **{"from": "acme:L1"}))
    tale.add("assay", assayed("acme:P", "75", element="Mn"))

    [one] = tale.observed("PL-14")

    assert (one.lot, one.worst) == ("acme:P", 1)


def weighed_anew(lot, **more):
    facts = {"why": "count", "to": str(80 * 10**6)}
    facts |= {"quantity": quantity(80, "wet", **more)} if more else {}
    return Movement(lot=lot, role="adjust", delta=-20 * 10**6, unit="mg", facts=facts)


@pytest.mark.parametrize("more", [{}, {"moisture": "0.2"}])
def test_what_was_found_of_the_wet_lot_is_not_held_against_later_water(more):
    tale = Tale()
    pure = {"formula": "Cu", "purity": "0.9", "basis": "wet"}
    tale.add("extraction", make("acme:L1", quantity=quantity(100, "wet"), compound=pure))
    tale.add("assay", assayed("acme:L1", "95", basis="as_received"))
    tale.add("stocktake", weighed_anew("acme:L1", **more))
    tale.add("assay", replace_results("acme:L1", percent("1", "Ni"), moisture="0.2"))
    assert [one for one in tale.observed("PL-14") if one.worst == 1] == []


def test_what_was_found_of_the_dry_part_holds_whatever_the_water():
    tale = Tale()
    pure = {"formula": "Cu", "purity": "0.9", "basis": "dry"}
    tale.add("extraction", make("acme:L1", quantity=quantity(100, "wet"), compound=pure))
    tale.add("stocktake", weighed_anew("acme:L1", moisture="0.2"))
    last = tale.add("assay", assayed("acme:L1", "9", element="Ni", basis="as_received"))
    [one] = [one for one in tale.observed("PL-14") if one.worst == 1]  # 9 % wet is 11.25 % dry
    assert one.entry == last


def test_documents_that_can_all_be_right_are_left_alone():
    tale = Tale()
    pure = {"formula": "NiSO4.6H2O", "purity": "0.98", "basis": "dry"}
    tale.add("extraction", make("acme:L1", compound=pure))
    tale.add("assay", assayed("acme:L1", "1", element="Co"))
    tale.add("assay", assayed("acme:elsewhere", "99"))
    assert [one for one in tale.observed("PL-14") if one.worst == 1] == []


def test_a_figure_that_was_recorded_and_means_nothing_is_named():
    tale = Tale()
    tale.add("extraction", make("acme:L1", assays=percent("30")))
    strange = [percent("50", "Ni")[0] | {"expressed_as": "Li2O"}]
    tale.add("assay", replace_results("acme:L1", strange))
    [one] = [one for one in tale.observed("PL-14") if one.worst == 1]
    assert one.sentence == "a document about lot acme:L1 gives a figure that means nothing"


def replace_results(lot, results, **more):
    facts = {"status": "final", "results": results} | more
    return type(assayed(lot, "1"))(lot=lot, role="assay", delta=0, unit="mg", facts=facts)


# ── sales ─────────────────────────────────────────────────────────────────────────────────


def title(order, to="carl", **changes):
    usual = Titled(
        entry=f"{order:064x}", order=order, lot="acme:L1", author="acme", to=(to,), owners=(to,)
    )
    return replace(usual, **changes)


def sold(*titles, to="bolt", clubs=()):
    tale = Tale()
    tale.mined()
    for _ in range(8):
        tale.add("loss", take("acme:L9", 0))
    tale.add("shipment", move("acme:L1", to), move("acme:L2", to))
    tale.noted = {"titles": titles, "clubs": frozenset(clubs)}
    return {one.entry[-1]: one for one in tale.observed("PL-16")}


def test_a_lot_that_goes_where_its_title_went_is_not_doubted():
    told = sold(title(2, "bolt"))

    assert {place: one.worst for place, one in told.items()} == {"a": 0, "2": 0}


def test_what_arrives_with_its_shipment_goes_where_the_shipment_says():
    tale = Tale()
    tale.mined()
    tale.add("shipment", move("acme:L1"), weigh("acme:L1", 90))
    tale.noted = {"titles": (title(1, "bolt"),)}

    assert [one.worst for one in tale.observed("PL-16")] == [0, 0]


def test_a_lot_that_goes_elsewhere_than_its_title_is():
    told = sold(title(2, "carl"))

    assert (told["a"].worst, told["a"].evidence) == (1, (f"{2:064x}",))
    assert "carl" not in told["a"].sentence  # whose it is, is not everybody's business


@pytest.mark.parametrize(
    "titles",
    [
        (title(2, "carl", owners=("acme", "carl")),),  # the shipper still owns a part
        (title(2, "carl", is_withdrawn=True),),
        (title(11, "carl"),),  # after it went
        (title(2, "carl", is_offer=True),),
        (title(2, to=("carl"), is_offer=True), title(3, "club", is_offer=True)),
    ],
)
def test_other_deliveries_are_fine(titles):
    assert sold(*titles, clubs=("club",))["a"].worst == 0


def test_offered_to_two_and_sent_to_a_third_is_doubted():
    offers = (title(2, "carl", is_offer=True), title(3, "dora", is_offer=True))

    told = sold(*offers)["a"]

    assert (told.worst, told.evidence) == (1, (f"{2:064x}", f"{3:064x}"))
    assert "offered to 2 companies and sent to none of them" in told.sentence
    assert sold(*offers, to="dora")["a"].worst == 0


def test_a_sale_that_was_withdrawn_and_made_to_another_is_doubted():
    first = title(2, "carl", is_withdrawn=True)

    again = sold(first, title(4, "bolt"))["4"]
    same = sold(first, title(4, "carl"))["4"]
    others = sold(first, title(4, "bolt", author="carl"))["4"]

    assert (again.worst, again.evidence) == (1, (f"{2:064x}",))
    assert (same.worst, others.worst) == (0, 0)


# ── ghosts ────────────────────────────────────────────────────────────────────────────────


def ghost(kind="introduction", titles=(), **told):
    tale = Tale()
    tale.add(kind, make("acme:L1"), **told)
    tale.noted = {"titles": titles}
    return tale


def test_signs_of_a_ghost_are_counted():
    bare = ghost(titles=(title(2),))
    [one] = bare.observed("PL-17")
    assert (one.worst, one.best) == (4, 4)
    assert one.sentence.endswith(
        "no evidence, no supplier, no assay, title that moved while the goods did not"
    )

    known = ghost(names={"document": ("d",), "supplier": ("",)})
    known.add("assay", assayed("acme:L1", "30"))
    [one] = known.observed("PL-17")
    assert one.worst == 0
    assert one.sentence.endswith(": none")


@pytest.mark.parametrize(
    ("licences", "stated", "signs"),
    [(("L-1",), ("L-1",), 0), (("L-1",), ("L-2",), 1), (None, ("L-2",), 0), (("L-1",), (), 1)],
)
def test_an_extraction_is_asked_for_a_licence_of_its_mine(licences, stated, signs):
    tale = Tale(replace(PIT, licences=licences))
    tale.add(
        "extraction",
        make("acme:L1", assays=percent("30")),
        names={"document": ("d",), "licence": stated} if stated else {"document": ("d",)},
    )

    assert figures(tale.observed("PL-17")) == [signs]


def test_title_may_move_where_the_goods_moved_too_and_an_offer_moves_none():
    moved = ghost(titles=(title(2),))
    moved.sent()
    assert figures(moved.observed("PL-17")) == [3]
    assert figures(ghost(titles=(title(2, is_offer=True),)).observed("PL-17")) == [3]


def test_an_assay_of_a_part_is_one_of_the_whole():
    tale = ghost()
    tale.add("split", take("acme:L1", 5, into="acme:P"), make("acme:P", 5, **{"from": "acme:L1"}))
    tale.add("assay", assayed("acme:P", "30"))

    assert figures(tale.observed("PL-17")) == [2]


@pytest.mark.parametrize(
    ("kind", "what"), [("introduction", "supplier"), ("extraction", "licence")]
)
def test_what_an_erased_text_said_may_have_been_in_order(kind, what):
    [one] = ghost(kind, has_text=False).observed("PL-17")

    assert (one.best, one.worst) == (1, 3)
    entry = f"{1:064x}"
    assert one.missing == (f"evidence of entry {entry}, erased", f"{what} of entry {entry}, erased")
