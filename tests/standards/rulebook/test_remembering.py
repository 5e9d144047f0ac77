"""Remembering: nothing is worked out twice, and every asker is charged with what it rests on."""

from dataclasses import replace
from datetime import date

from rulebook_builders import NOVEMBER, dossier, source

from standards.rulebook.claims import every_claim
from standards.rulebook.parts import Numbered
from standards.rulebook.remembering import Recall, RecordingDossier, Sight, fields_of, remembered
from standards.rulebook.watching import Watch


def test_an_answer_is_computed_once_and_every_asker_is_charged_with_what_it_rests_on():
    about, asked = dossier(source(10)), []
    sight = Sight(about)

    def compute(one):
        asked.append(one.mineral)
        return sum(parcel.mg for parcel in one.sources)

    for _ in range(2):
        seen = {}
        assert remembered(RecordingDossier(sight, seen, Watch()), "total", compute) == 10
        assert list(seen) == ["mineral", "sources"]
    assert asked == ["Cu"]
    assert remembered(about, "total", compute) == 10
    assert every_claim(about) == []


def test_dates_and_observations_are_noted_one_by_one():
    seen = {}
    recording = RecordingDossier(
        Sight(dossier(source(10), dates={"sold_on": NOVEMBER})), seen, Watch()
    )

    assert recording.governing_day("as_of") == NOVEMBER
    assert recording.governing_day("sold_on") == NOVEMBER
    assert recording.governing_day("imported_on") is None
    assert recording.observed("PL-06") == ()

    assert list(seen) == [
        "as_of",
        ("dates", "sold_on"),
        ("dates", "imported_on"),
        ("observations", "PL-06"),
    ]
    named = {"as_of", "dates", "dates.sold_on", "dates.imported_on", "observations"}
    assert fields_of(seen) == named


def asked_of(recall: Recall, about, *reads):
    """Return what is found of a dossier; where nothing is, keep that its lot was the first."""
    sight = Sight(about)
    found = recall.find(sight)
    if found is None:
        recall.keep(sight, reads, about.lot_id)
    return found


def test_an_answer_is_found_for_what_is_alike_in_all_that_was_read():
    recall = Recall()
    first = dossier(source(10), lot_id="acme:L1", sources=Numbered([source(10)]))
    alike = replace(first, lot_id="acme:L2")

    assert asked_of(recall, first, "mineral", "sources", "claims") is None
    assert asked_of(recall, alike, "mineral", "sources", "claims") == "acme:L1"
    assert asked_of(recall, replace(alike, mineral="Co"), "mineral") is None
    assert asked_of(recall, replace(alike, mineral="Co"), "mineral") == "acme:L2"


def test_things_without_a_number_are_like_nothing_else():
    recall = Recall()
    about = dossier(source(10))

    assert asked_of(recall, about, "sources") is None
    assert asked_of(recall, about, "sources") is None  # equal, which nobody looks into
    assert asked_of(recall, replace(about, sources=()), "sources") is None
    assert asked_of(recall, replace(about, sources=()), "sources") == about.lot_id


def test_what_reads_nothing_says_the_same_of_everything():
    recall = Recall()

    assert asked_of(recall, dossier(source(1))) is None
    assert asked_of(recall, dossier(source(2), lot_id="acme:L9")) == "acme:L1"


def test_an_answer_that_rests_on_something_else_than_those_alike_is_not_kept():
    """No pure function gives one; what was kept of it before stays right for what was read."""
    recall, about = Recall(), dossier(source(1))
    on_another_day = replace(about, as_of=date(2026, 12, 1))

    recall.keep(Sight(about), ["as_of", "mineral"], "first")
    recall.keep(Sight(on_another_day), ["lot_id"], "of another reading")
    recall.keep(Sight(about), ["as_of", "lot_id"], "of another way")
    recall.keep(Sight(about), ["as_of", "mineral", "lot_id"], "of more")

    assert recall.find(Sight(about)) == "first"
    assert recall.find(Sight(on_another_day)) is None
