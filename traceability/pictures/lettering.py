"""How much room text takes where it is drawn, and where its lines may end.

Widths are those of Inter, semibold, in which the pages are set, rounded up: what is drawn never
takes more room than was kept for it. Letters with marks are as wide as without; a sign that is
not in the table is taken to be as wide as it is tall.
"""

import re
import unicodedata
from functools import cache

SIZE = 12
"""Pixels of the letters in pictures."""
CUT = "…"
_WIDTHS = {
    30: " Iijl",
    35: "!',.:;·",
    40: "()/[]\\`frt|",
    45: "1",
    50: "-^_{}",
    55: '"*?s▸',
    60: "7FJLacekvxyz",
    65: "#$235689EPSbdghnopqu",
    70: "&+04<=>BRTZ~",
    75: "ACDGHKUVXY",
    80: "NOQ",
    85: "w",
    90: "mæ✓✕",
    95: "M",
    105: "%W",
}  # hundredths of the size
_WIDTH = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_BREAKS = (" ", ":", "-/_.,;")
"""After what a line may end: the next only where a piece between the ones before is too long."""


def width_of(text: str, *, size: int = SIZE) -> int:
    """Return how many pixels a text is wide, rounded up."""
    return -(-sum(map(_width, text)) * size // 100)


def wrapped(text: str, width: int, *, most: int) -> list[str]:
    """Return lines of at most so many pixels; what is beyond `most` lines is cut, visibly."""
    lines = [line.strip(" ") for line in _lines(text.strip(" "), width, _BREAKS)]
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and width_of(last + CUT) > width:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip() + CUT]


@cache
def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    base = unicodedata.normalize("NFD", letter)[0]
    return _WIDTH.get(" " if base == "\N{NO-BREAK SPACE}" else base, 100)


def _lines(text: str, width: int, breaks: tuple[str, ...]) -> list[str]:
    if width_of(text.rstrip(" ")) <= width or len(text) == 1:
        return [text]
    pieces = re.split(f"(?<=[{re.escape(breaks[0])}])", text) if breaks else list(text)
    lines: list[str] = []
    for piece in filter(None, pieces):
        if lines and width_of((lines[-1] + piece).rstrip(" ")) <= width:
            lines[-1] += piece
        else:
            lines += _lines(piece, width, breaks[1:])
    return lines
