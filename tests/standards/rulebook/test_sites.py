"""Shares over sites: exact within a stage, bounds across stages."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import exactly, provision, waiver

from standards.rulebook.composition import abridged
from standards.rulebook.findings import Outcome
from standards.rulebook.sites import (
    CheckedSite,
    finding_about_sites,
    share_that_holds,
    site_lines,
)
from standards.rulebook.standing import Standing, cannot_tell, fails, holds


def site(mg, standing, facility_id="M1", stage=""):
    return CheckedSite(facility_id=facility_id, stage=stage, mg=mg, standing=standing)


outcomes = st.sampled_from([holds("yes"), fails("no"), cannot_tell("?", missing="m")])
parcels = st.lists(st.tuples(st.integers(1, 50), outcomes), min_size=1, max_size=8)


@given(parcels=parcels)
def test_where_metal_passes_one_site_the_shares_are_exact(parcels):
    total = sum(mg for mg, _ in parcels)
    worst, best = share_that_holds(
        [site(mg, told) for mg, told in parcels], total_mg=exactly(total), untold_mg=0
    )
    held = sum(mg for mg, told in parcels if told.outcome is Outcome.CONFORMS)
    failed = sum(mg for mg, told in parcels if told.outcome is Outcome.NONCONFORMING)
    assert (worst, best) == (Fraction(held, total), 1 - Fraction(failed, total))


milligrams = st.lists(st.tuples(outcomes, outcomes), min_size=1, max_size=20)


@given(milligrams=milligrams)
def test_where_metal_passes_two_stages_the_truth_lies_between_the_bounds(milligrams):
    checked = [site(1, told, stage="smelting") for told, _ in milligrams]
    checked += [site(1, told, stage="refining") for _, told in milligrams]
    worst, best = share_that_holds(checked, total_mg=exactly(len(milligrams)), untold_mg=0)
    pairs = [{first.outcome, second.outcome} for first, second in milligrams]
    surely = sum(pair == {Outcome.CONFORMS} for pair in pairs)
    possibly = sum(Outcome.NONCONFORMING not in pair for pair in pairs)
    total = len(milligrams)
    assert worst <= Fraction(surely, total) <= Fraction(possibly, total) <= best


def test_a_site_with_two_outcomes_has_two_lines_the_largest_first():
    checked = [site(1, fails("late", lapse_days=3)), site(2, fails("later", lapse_days=9))]
    checked += [site(7, holds("yes"))]
    first, second = site_lines(checked, 10)
    assert (first.outcome, first.share, first.lapse_days) == (
        Outcome.CONFORMS,
        Fraction(7, 10),
        None,
    )
    assert (second.share, second.because, second.lapse_days) == (Fraction(3, 10), "late", 9)


def about(*checked: CheckedSite, minimum="0.5", untold_mg=0):
    return finding_about_sites(
        list(checked),
        total_mg=exactly(sum(one.mg for one in checked) + untold_mg),
        untold_mg=untold_mg,
        minimum=provision(value=Fraction(minimum)),
        mineral="Cu",
        words="is fine",
    )


def test_metal_without_a_site_has_a_line_and_no_waiver_for_sites_covers_it():
    of_the_mine = waiver(facility_ids=("M1",), rule_ids=("",))
    told = about(site(60, fails("no audit")))
    assert (len(told.lines), of_the_mine.covers(told)) == (1, True)
    told = about(site(60, fails("no audit")), untold_mg=40)
    assert [(one.facility_id, one.share) for one in told.lines] == [
        ("M1", Fraction(3, 5)),
        (None, Fraction(2, 5)),
    ]
    assert told.lines[1].because == "the record does not say at which sites this metal was"
    assert not of_the_mine.covers(told)
    assert waiver(rule_ids=("",)).covers(told)  # one that is not limited to sites does


LATE = fails("expired", lapse_days=12)


def test_a_failure_by_expiry_alone_says_its_longest_lapse():
    found = about(site(6, LATE), site(1, fails("x", lapse_days=3)), site(3, holds("y")))
    assert (found.outcome, found.lapse_days) == (Outcome.NONCONFORMING, 12)


def test_a_failure_that_grace_would_not_mend_says_no_lapse():
    found = about(site(4, LATE), site(6, fails("no")))
    assert (found.outcome, found.lapse_days) == (Outcome.NONCONFORMING, None)


def test_the_sentence_quotes_the_first_site_in_the_way():
    found = about(site(4, holds("y")), site(6, fails("the mine is closed")))
    assert found.because == "40 % of the Cu is fine; at least 50 % needed; the mine is closed"
    assert about(site(1, holds("y"))).because == "100 % of the Cu is fine; at least 50 % needed"


def test_where_only_untold_metal_is_open_no_site_is_quoted():
    found = finding_about_sites(
        [site(1, holds("y"))],
        total_mg=exactly(4),
        untold_mg=3,
        minimum=provision(value=Fraction(1, 2)),
        mineral="Cu",
        words="is fine",
        missing=["origin of 3 mg"],
    )
    assert found.because == "25 % to 100 % of the Cu is fine; at least 50 % needed"
    assert found.missing == ("origin of 3 mg",)


def test_evidence_and_missing_documents_of_all_sites_are_gathered():
    told = Standing(
        outcome=Outcome.INDETERMINATE, because="?", missing=("a", "b"), evidence=("e2", "e1")
    )
    found = about(site(1, told), site(1, told))
    assert (found.missing, found.evidence) == (("a", "b"), ("e1", "e2"))


def test_long_lists_of_missing_documents_are_abridged():
    names = abridged([f"d{n}" for n in range(13)])
    assert len(names) == 11
    assert names[-1] == "and 3 more of this kind"
