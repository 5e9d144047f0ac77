"""Make a ledger of a given size, seeded: through the write path, or by COPY of the same rows.

    python bench/generate.py 100000 --state /tmp/ledger-100k

The state directory is one for `LEDGER_STATE`; `bench/tracing.py --state` measures on it.
"""

import argparse
import time
from itertools import islice
from pathlib import Path

import loading
import topology
from common import peak_megabytes, standing_ledger, tell

WRITTEN = 20_000  # up to so many events go through the write path


def main() -> None:
    """Make the ledger, unless it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("--state", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--way", choices=["record", "copy"], help="else by size")
    options = parser.parse_args()
    with standing_ledger(options.state) as is_new:
        if is_new:
            generate(options.events, seed=options.seed, way=options.way)
        tell(what="ledger", state=str(options.state), entries=_entries())


def generate(events: int, *, seed: int = 1, way: str | None = None) -> None:
    """Put so many events of the story into a ledger that has no genesis yet, and publish them."""
    from traceability.registering import begin_ledger

    started = time.perf_counter()
    networks = topology.networks_for(events)
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2024-01-01")
    loading.register(seed, networks)
    story = islice(topology.claims(seed, networks), events)
    way = way or ("record" if events <= WRITTEN else "copy")
    statements = loading.signed(seed, story, processes=2 if way == "copy" else 1)
    (loading.copy if way == "copy" else loading.record)(statements)
    seconds = time.perf_counter() - started
    tell(
        what="generated",
        way=way,
        events=events,
        seconds=round(seconds),
        per_second=round(events / seconds),
        peak_megabytes=round(peak_megabytes()),
    )


def _entries() -> int:
    from traceability.tracing import published_size

    return published_size()


if __name__ == "__main__":
    main()
