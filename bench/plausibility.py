"""What the plausibility checks find in a made-up history: writes the table of docs/plausibility.md.

No stopwatch: the same seed gives the same table. `--print` shows it instead.
"""

import sys

from common import fresh_ledger


def main() -> None:
    """Record the history on a fresh ledger, judge every lot, and write what came of it."""
    with fresh_ledger():
        from tests.plausible.table import PAGE, measured_doubts, page_part, written

        part = page_part(measured_doubts())
        if "--print" in sys.argv:
            print(part)  # noqa: T201 - the output of a script
        else:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(written(page, part), encoding="utf-8")


if __name__ == "__main__":
    main()
