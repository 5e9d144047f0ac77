"""Bars of a balance: each begins where the one before ended, in proportion, in the frame."""

from hypothesis import given
from hypothesis import strategies as st

from traceability.pictures.waterfall import HEIGHT, WIDTH, Step, waterfall

changes = st.lists(st.integers(-(10**12), 10**12), max_size=11)


def balance_of(opening, moves):
    stock = {"text": "", "is_stock": True}
    steps = [Step(title=str(n), text="", change=change) for n, change in enumerate(moves)]
    closing = Step(title="closing", change=opening + sum(moves), **stock)
    return [Step(title="opening", change=opening, **stock), *steps, closing]


@given(st.integers(0, 10**12), changes)
def test_every_bar_begins_where_the_one_before_ended(opening, moves):
    steps = balance_of(opening, moves)
    drawn = waterfall(steps)
    if drawn is None:
        assert not any(step.change for step in steps)
        return
    assert [bar.title for bar in drawn.bars] == [step.title for step in steps]
    for before, bar in zip(drawn.bars, drawn.bars[1:], strict=False):
        edges = (bar.y, bar.y + bar.height)
        assert bar.look == "stock" or before.level in edges or bar.height == 1
        assert before.right < before.next == bar.x
    assert drawn.bars[-1].level == drawn.bars[-2].level


@given(st.integers(0, 10**12), changes)
def test_bars_are_in_proportion_and_in_the_frame(opening, moves):
    steps = balance_of(opening, moves)
    drawn = waterfall(steps)
    if drawn is None:
        return
    levels = [0, opening]
    for move in moves:
        levels.append(levels[-1] + move)
    span = max(levels) - min(levels)
    room = 220 - 34 - 46
    for step, bar in zip(steps, drawn.bars, strict=True):
        assert 0 <= bar.x < bar.right <= WIDTH
        assert 0 < bar.y < bar.y + bar.height <= drawn.labels < HEIGHT
        assert bar.height == 1 or abs(bar.height * span - abs(step.change) * room) <= span
        assert bar.x < bar.middle < bar.right
        assert bar.text_at < bar.y
        assert bar.look == ("stock" if step.is_stock else "in" if step.change >= 0 else "out")


def test_nothing_is_drawn_of_nothing():
    assert waterfall(balance_of(0, [0, 0])) is None
    assert waterfall([]) is None
