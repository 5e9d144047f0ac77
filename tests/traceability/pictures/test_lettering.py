"""Text is broken where it may be, takes no more room than there is, and loses nothing unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures.lettering import CUT, width_of, wrapped

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]) | st.just(" "))


@given(TEXT, st.integers(20, 200))
def test_lines_are_no_wider_than_asked_and_hold_every_letter(text, width):
    lines = wrapped(text, width, most=10_000)

    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(TEXT, st.integers(20, 200), st.integers(1, 3))
def test_what_is_cut_says_so(text, width, most):
    lines = wrapped(text, width, most=most)

    assert len(lines) <= most
    assert all(width_of(line) <= width for line in lines)
    cut = "".join(lines).replace(" ", "") != text.replace(" ", "")
    assert cut <= lines[-1].endswith(CUT)


BROKEN = [
    ("United States", 60, ["United", "States"]),
    ("n0-nickel-a:ore-14", 100, ["n0-nickel-a:", "ore-14"]),
    ("n0-nickel-a", 60, ["n0-", "nickel-a"]),
    ("Donaudampfschiff", 80, ["Donaudampf", "schiff"]),
    ("✓\N{NO-BREAK SPACE}conforms", 200, ["✓\N{NO-BREAK SPACE}conforms"]),
]


@pytest.mark.parametrize(("text", "width", "lines"), BROKEN)
def test_a_line_ends_after_a_word_else_within_a_name_else_anywhere(text, width, lines):
    assert wrapped(text, width, most=9) == lines


def test_marks_on_letters_take_no_room_and_signs_of_other_scripts_a_whole_one():
    assert width_of("Bécancour") == width_of("Becancour")
    assert width_of("鉱山") == 24
