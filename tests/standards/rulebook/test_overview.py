"""Every parameter on a day: how sure it is, who reads it, and what is too old."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import NOVEMBER

from standards.rulebook.catalogue import value_text
from standards.rulebook.checking import CHECKED_WITHIN
from standards.rulebook.overview import STATES, counted, next_to_check, overview, stale
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES

EVERY = overview(shipped_packs(), RULES, on=NOVEMBER)
DAYS = st.dates(date(2017, 1, 1), date(2035, 1, 1))


def one(key):
    [found] = [told for told in EVERY if told.parameter.key == key and not told.pack.overlays]
    return found


def test_no_parameter_of_any_pack_is_left_out():
    wanted = Counter(key for pack in shipped_packs() for key in pack.parameters)

    assert Counter(told.parameter.key for told in EVERY) == wanted
    assert sum(counted(EVERY).values()) == wanted.total()


@pytest.mark.parametrize(
    ("key", "sure"),
    [
        ("irma.account_overdraft", "unset"),
        ("irma.time_rule", "unverified"),
        ("irma.level_thresholds", "secondary"),
    ],
)
def test_a_state_is_that_of_the_version_that_covers_the_day(key, sure):
    assert one(key).state == sure
    assert {reader.id for reader in one(key).readers} == {
        rule.id for rule in RULES if key in rule.reads
    }


@given(DAYS)
def test_a_day_that_no_version_covers_is_not_filled_in(day):
    for told in overview(shipped_packs(), RULES, on=day):
        assert told.current == told.parameter.on(day)
        assert told.state in STATES
        if told.current is None:
            assert told.state == "unset"


@given(DAYS)
def test_what_was_not_checked_in_time_is_listed_oldest_first_and_the_next_one_is_named(day):
    told = overview(shipped_packs(), RULES, on=day)
    old = stale(told, on=day)
    next_day = next_to_check(told, on=day)

    assert [line.days for line in old] == sorted((line.days for line in old), reverse=True)
    assert all(timedelta(days=line.days) > CHECKED_WITHIN for line in old)
    if next_day is not None:
        assert next_day >= day
        later = next_day + timedelta(days=1)
        keys = {line.version.key for line in stale(told, on=later)}
        assert len(keys) > len({line.version.key for line in old})


def test_a_version_that_is_past_need_not_be_checked_any_more():
    told = one("irma.validity_months")
    [version] = told.parameter.versions
    later = replace(version, in_force_from=NOVEMBER, checked_on=NOVEMBER)
    both = replace(told.parameter, versions=(version, later))
    told = replace(told, parameter=both, current=later)
    day = version.checked_on + CHECKED_WITHIN + timedelta(days=1)

    assert {line.version.checked_on for line in stale([told], on=day)} <= {NOVEMBER}
    assert next_to_check([replace(told, parameter=both)], on=version.checked_on) is not None
    assert next_to_check([], on=day) is None


def test_every_value_can_be_read_as_a_text():
    for told in EVERY:
        for version in told.parameter.versions:
            assert value_text(version).strip()
