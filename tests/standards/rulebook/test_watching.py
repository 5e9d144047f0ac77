"""A day that is watched: the first later day on which what was said of it is said otherwise."""

import operator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.rulebook.assessment import Bench
from standards.rulebook.dossier_format import parse_dossier
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES
from standards.rulebook.vectors import law_of_vector
from standards.rulebook.watching import Today, Watch, kept, plain

DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
EQUALS = st.sampled_from([operator.eq, operator.ne])
ORDERS = st.sampled_from([operator.lt, operator.le, operator.gt, operator.ge])
DAY = timedelta(days=1)


def watched(day):
    watch = Watch()
    return Today.of(day, watch), watch


@given(today=DAYS, other=DAYS, order=ORDERS, is_first=st.booleans())
def test_an_order_is_the_same_until_the_day_that_is_noted_and_not_on_it(
    today, other, order, is_first
):
    def asked(day):
        return order(day, other) if is_first else order(other, day)

    day, watch = watched(today)
    assert asked(day) is asked(today)
    later = [one for one in (other, other + DAY) if one > today]
    changes = [one for one in later if asked(one) is not asked(today)]
    assert watch.first == min(changes, default=None)


@given(today=DAYS, begun=DAYS, order=ORDERS | EQUALS, number=st.integers(-9, 3000))
def test_an_age_is_compared_as_the_day_it_is_counted_to(today, begun, order, number):
    day, watch = watched(today)
    assert order((day - begun).days, number) is order((today - begun).days, number)
    limit = begun + timedelta(days=number)
    changes = [
        one
        for one in (limit, limit + DAY)
        if one > today
        and order((one - begun).days, number) is not order((today - begun).days, number)
    ]
    assert watch.first == min(changes, default=None)


def test_a_watched_day_is_a_day_like_any_other():
    day, watch = watched(date(2026, 11, 30))
    assert (f"{day}", day.isoformat(), hash(day)) == (
        "2026-11-30",
        "2026-11-30",
        hash(date(2026, 11, 30)),
    )
    assert day == date(2026, 11, 30)
    assert (day == "2026-11-30", (day - date(2026, 11, 1)).days == "29") == (False, False)
    assert (day - date(2026, 11, 1)).days == 29
    assert (day - date(2026, 11, 1)).days
    assert not (day - date(2026, 11, 30)).days
    assert f"{(day - date(2026, 11, 1)).days} days" == "29 days"
    assert {(day - date(2026, 11, 1)).days} == {29}
    assert plain(day) == plain(date(2026, 11, 30))
    with pytest.raises(TypeError):
        assert day < 3
    assert watch.first == date(2026, 12, 1)  # whether it is that very day is asked above


@pytest.mark.parametrize(
    ("look", "told", "first"),
    [
        (lambda day: day.year, 2026, date(2027, 1, 1)),
        (lambda day: day.month, 11, date(2026, 12, 1)),
        (lambda day: day + DAY, date(2026, 12, 1), date(2026, 12, 1)),
        (lambda day: day - DAY, date(2026, 11, 29), date(2026, 12, 1)),
        (lambda day: kept((day - date(2026, 11, 1)).days), 29, date(2026, 12, 1)),
        (lambda day: day == date(2026, 12, 9), False, date(2026, 12, 9)),
    ],
)
def test_what_is_worked_out_of_a_day_is_another_thing_later(look, told, first):
    day, watch = watched(date(2026, 11, 30))
    assert look(day) == told
    assert watch.first == first


def test_a_month_at_the_end_of_a_year_and_of_all_years():
    day, watch = watched(date(2026, 12, 5))
    assert (day.month, watch.first) == (12, date(2027, 1, 1))
    day, watch = watched(date.max)
    assert (day.year, day.month, watch.first) == (9999, 12, None)
    assert kept(None) is None


def test_a_watch_sees_what_those_it_took_see_later():
    day, inner = watched(date(2026, 11, 30))
    outer = Watch()
    outer.take(inner)
    outer.take(inner)
    outer.take(outer)
    assert outer.first is None
    assert day < date(2027, 1, 1)
    assert outer.first == date(2027, 1, 1)


# ── every rule, every vector ──────────────────────────────────────────────────────────────

LATER = (1, 2, 8, 31, 62, 93, 184, 370, 800, 2000)


def vectors():
    for pack in shipped_packs():
        for file, told in pack.vectors.items():
            yield pytest.param(pack, told, id=f"{pack.id} {file.removeprefix('vectors/')}")


def outcomes(told):
    [alone] = told.values()
    return [
        (one.rule_id, one.outcome, one.treat_as, [line.outcome for line in one.lines])
        for one in alone.findings
    ]


@pytest.mark.parametrize(("pack", "told"), [*vectors()])
def test_no_finding_is_another_one_before_the_day_that_is_foretold(pack, told):
    rules = {one.id: one for one in RULES}
    for vector in told:
        law = law_of_vector(pack, vector)
        dossier = parse_dossier(vector["dossier"])

        def judged(day, law=law, dossier=dossier, rule=rules[vector["rule"]]):
            bench = Bench(law, {}, [rule])
            said = bench.assess(replace(dossier, as_of=day), [])
            return outcomes(said), bench.next_day(said, day)

        first, following = judged(dossier.as_of)
        days = [dossier.as_of + timedelta(days=number) for number in LATER]
        days += [following - DAY] if following else []
        for day in days:
            if following is None or dossier.as_of < day < following:
                assert judged(day)[0] == first, (vector["title"], day, following)
