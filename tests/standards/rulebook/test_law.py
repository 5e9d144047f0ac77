"""The law on a day: which version answers, and what happens when none does."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook_builders import law_of, parameter, provision

from standards.rulebook.errors import BadPack
from standards.rulebook.law import Law, PackReference, Provision, Unavailable
from standards.rulebook.pack_format import changed_keys, shipped_packs

START = date(2026, 1, 1)
EVE = START - timedelta(days=1)

texts = st.text(max_size=8)
scalars = texts | st.integers(-(2**53), 2**53) | st.decimals(allow_nan=False) | st.dates()
values = st.recursive(
    scalars | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)


@given(value=values, until=st.none() | st.dates())
def test_a_provision_survives_being_written_and_read(value, until):
    told = provision(value=value, in_force_until=until)
    assert Provision.from_json(told.as_json()) == told


def test_a_version_covers_its_first_day_and_not_the_day_before():
    law = law_of(parameter(provision()))
    assert law.on(START)["demo.value"].share == Decimal("0.5")
    with pytest.raises(
        Unavailable, match=r"“A value” \(demo\.value\) has no value before 2026-01-01"
    ):
        law.on(EVE)["demo.value"]


def test_why_no_version_covers_a_day_is_said_alike_on_every_such_day():
    ended = provision(status="expired", in_force_until=date(2026, 3, 31))
    later = provision(in_force_from=date(2026, 9, 1))
    never = parameter(provision(status="proposed"), key="demo.never")
    law = law_of(parameter(ended, later), never, parameter(ended, key="demo.ended"))

    def told(key, *days):
        sentences = set()
        for day in days:
            with pytest.raises(Unavailable) as signal:
                law.on(day)[key]
            sentences.add(signal.value.because)
        [sentence] = sentences
        return sentence.partition(") ")[2]

    gap = told("demo.value", date(2026, 4, 1), date(2026, 8, 31))
    assert gap == "has no value before 2026-09-01"
    assert told("demo.ended", date(2026, 4, 1), date(2030, 1, 1)) == "has no value after 2026-03-31"
    assert told("demo.never", START, date(2030, 1, 1)) == "has no value"


def test_an_amendment_takes_over_from_its_day():
    later = provision(value=Decimal(1), in_force_from=date(2027, 1, 1), status="adopted_future")
    law = law_of(parameter(provision(), later))
    assert law.on(date(2026, 12, 31))["demo.value"].value != 1
    assert law.on(date(2027, 1, 1))["demo.value"].value == 1


@pytest.mark.parametrize("status", ["proposed", "repealed_before_effect"])
def test_what_is_no_law_leaves_the_version_before_it(status):
    never = provision(value=Decimal(1), in_force_from=date(2026, 6, 1), status=status)
    law = law_of(parameter(provision(), never))
    assert law.on(date(2026, 7, 1))["demo.value"].value != 1


def test_a_version_that_ended_covers_its_last_day_and_no_later_one():
    ended = provision(status="expired", in_force_until=date(2026, 9, 30))
    law = law_of(parameter(ended))
    assert law.on(date(2026, 9, 30))["demo.value"] == ended
    with pytest.raises(Unavailable, match="has no value after 2026-09-30"):
        law.on(date(2026, 10, 1))["demo.value"]


@pytest.mark.parametrize("status", ["repealed", "not_yet_in_force"])
def test_only_an_explicit_version_makes_a_law_not_applicable(status):
    law = law_of(parameter(provision(status=status, value=None)))
    with pytest.raises(Unavailable) as signal:
        law.on(START)["demo.value"]
    assert not signal.value.applicable
    assert signal.value.provision is not None


def test_an_unset_value_is_not_available_and_still_cited():
    law = law_of(parameter(provision(value=None, verification="unset")))
    with pytest.raises(
        Unavailable, match=r"nobody has filled in “A value” \(demo\.value\)"
    ) as signal:
        law.on(START)["demo.value"]
    assert signal.value.applicable
    assert signal.value.provision is not None


def test_every_key_asked_for_is_remembered_found_or_not():
    on_day = law_of(parameter(provision())).on(START)
    on_day["demo.value"]
    with pytest.raises(Unavailable, match=r"no rule pack in force defines demo\.other"):
        on_day["demo.other"]
    assert on_day.keys_read == {"demo.value", "demo.other"}
    assert set(on_day.provisions_read) == {"demo.value"}


def test_the_next_change_is_the_next_first_day_or_the_day_after_an_end():
    ending = provision(in_force_until=date(2026, 9, 30))
    proposed = provision(in_force_from=date(2026, 3, 1), status="proposed")
    other = parameter(provision("demo.other"), key="demo.other")
    law = law_of(parameter(ending, proposed), other)
    keys = ["demo.value", "demo.other", "demo.unknown"]
    assert law.next_change(keys, after=EVE) == START
    assert law.next_change(keys, after=START) == date(2026, 10, 1)
    assert law.next_change(keys, after=date(2026, 10, 1)) is None


def test_an_overlaying_pack_answers_in_place_of_the_pack_and_a_club_in_place_of_both():
    packs = shipped_packs()
    day = date(2026, 11, 1)
    assert Law(packs).on(day)["irma.minimum_level"].pack.id == "club_demo"
    club = PackReference(id="club:acme", version="1", digest="0" * 64)
    own = parameter(provision("irma.minimum_level", pack=club), key="irma.minimum_level")
    own = replace(own, unit="text")
    assert Law(packs, {own.key: own}).on(day)["irma.minimum_level"].pack == club


def test_two_packs_may_not_define_one_key():
    pack = shipped_packs()[-1]
    with pytest.raises(BadPack, match="another pack defines it too"):
        Law([pack, pack])


def test_a_new_version_changes_what_it_words_adds_or_drops_and_not_what_bears_its_name():
    pack = next(one for one in shipped_packs() if one.id == "irma")
    renamed = PackReference(id="irma", version="next", digest="1" * 64)
    again = {
        key: replace(one, versions=tuple(replace(it, pack=renamed) for it in one.versions))
        for key, one in pack.parameters.items()
    }
    assert changed_keys(pack, replace(pack, parameters=again)) == set()
    level = again.pop("irma.minimum_level")
    share = again["irma.minimum_share"]
    reworded = replace(share, versions=(replace(share.versions[0], source="Elsewhere"),))
    other = {**again, "irma.minimum_share": reworded, "irma.new": level}
    assert changed_keys(pack, replace(pack, parameters=other)) == {
        "irma.minimum_level",
        "irma.minimum_share",
        "irma.new",
    }
    assert changed_keys(None, pack) == changed_keys(pack, None) == set(pack.parameters)


# ── what a club may do with it ────────────────────────────────────────────────────────────


def listed(*items, club="", unit="list", since=START, **changes):
    value = dict(items) if unit == "table" else items
    version = provision(value=value, unit=unit, in_force_from=since, **changes)
    return replace(parameter(version), unit=unit, club=club)


def under(base, own):
    return base.under(own)


OWN = listed("x", "b", source="Clause 1", in_force_until=date(2026, 6, 30))


def test_law_is_no_clubs_to_set():
    law = listed("a", "b")
    assert under(law, OWN) is law
    sets = listed("a", "b", club="sets")
    assert under(sets, OWN) is OWN
    assert under(sets, parameter(provision())) is sets  # of another unit


def test_what_a_club_adds_to_stays_as_it_is_and_has_the_rest_while_the_club_says_so():
    told = under(listed("a", "b", club="adds"), OWN)
    assert told.on(START).value == ("a", "b", "x")
    assert told.on(START).source == "Demo Act, s. 1; Clause 1"
    assert told.on(date(2026, 7, 1)).value == ("a", "b")
    assert told.on(EVE) is None
    law = law_of(told)
    assert law.next_change(["demo.value"], after=START) == date(2026, 7, 1)


def test_a_table_that_is_added_to_keeps_its_own_words():
    base = listed(("a", "one"), club="adds", unit="table")
    told = under(base, listed(("a", "none"), ("c", "three"), unit="table"))
    assert told.on(START).value == {"a": "one", "c": "three"}


def test_where_law_says_nothing_yet_the_club_says_what_it_adds():
    base = listed("a", club="adds", since=date(2026, 3, 1))
    assert under(base, OWN).on(START).value == ("x", "b")
    unset = replace(base, versions=(provision(value=None, verification="unset", unit="list"),))
    assert under(unset, OWN).on(START).value == ("x", "b")


NOTHING = {"table": {}}


def test_no_policy_shortens_or_replaces_what_the_packs_do_not_give_it():
    packs = [pack for pack in shipped_packs() if not pack.overlays]
    parameters = {key: one for pack in packs for key, one in pack.parameters.items()}
    own = {
        key: replace(one, versions=(replace(one.versions[-1], value=NOTHING.get(one.unit, ())),))
        for key, one in parameters.items()
    }
    law = Law(packs, own)
    for key, one in parameters.items():
        told = law.parameters[key].on(START)
        if one.club == "":
            assert told == one.on(START), key
        elif one.club == "adds":
            assert all(item in told.value for item in one.on(START).value), key
    assert {one.club for one in parameters.values()} == {"", "sets", "adds"}


def test_a_pack_laid_over_another_leaves_to_clubs_what_that_one_does():
    packs = shipped_packs()
    assert Law(packs).parameters["irma.minimum_level"].club == "sets"
