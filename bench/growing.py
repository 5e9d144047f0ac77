"""What becomes slower as a ledger grows: recording, proving, tracing, by entries in it.

    python bench/growing.py                        # 10,000 and 100,000 entries
    python bench/growing.py --state /tmp/ledger-1m # what is there, as one more size

One ledger grows by COPY (`loading`) from size to size; at each, batches of 1,000 signed statements
are recorded and published, entries are proven from tiles, and a vehicle is traced with exact
shares. Times are CPU times of this process and of its database connection, since the wall is that
of a busy machine; the last figures of a line are ratios to the first size. A ledger that is there
grows by some ten thousand statements.
"""

import argparse
import random
from itertools import islice
from pathlib import Path
from typing import Any

import loading
import topology
import tracing
from common import Companies, fresh_ledger, peak_megabytes, record_all, standing_ledger, tell

SIZES = [10_000, 100_000]
ROUNDS, BATCH, PROOFS = 9, 1_000, 300
ANCESTORS = 300  # a ledger of ten thousand entries has no lot with many more


def main() -> None:
    """Grow from size to size and measure at each, or measure what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="a directory that generate.py filled")
    options = parser.parse_args()
    if options.state is not None:
        with standing_ledger(options.state):
            size = published_size()
            tell(what="growth", entries=size, **_measured(Companies(called=f"at-{size}")))
        return
    with fresh_ledger():
        companies = Companies()
        _growing(companies, sorted(options.sizes), options.seed)
        tell(what="peak memory of the process", megabytes=round(peak_megabytes()))


def _growing(companies: Companies, sizes: list[int], seed: int) -> None:
    networks = topology.networks_for(sizes[-1])
    loading.register(seed, networks)
    story = loading.signed(seed, topology.claims(seed, networks), processes=2)
    first: dict[str, float] = {}
    loader = loading.Loader()
    for size in sizes:
        _grow(loader, story, size)
        found = _measured(companies)
        first = first or found
        ratios = {name: round(found[name] / first[name], 2) for name in found}
        tell(what="growth", entries=size, **found, ratios=ratios)
        loader.resume()


def _grow(loader: loading.Loader, story: Any, size: int) -> None:
    """Copy the story until the ledger has so many entries, and publish."""
    from traceability.publishing import publish_checkpoint

    while missing := max(0, size - loader.state.size):
        loader.add(list(islice(story, min(missing, loading.BATCH))))
    loader.pause()
    publish_checkpoint()


def _measured(companies: Companies) -> dict[str, float]:
    lot, ancestors = tracing.lot_with(ANCESTORS)
    return {
        "recorded_per_cpu_second": _recorded(companies),
        "proof_cpu_microseconds": _proof(),
        "ancestors": ancestors,
        "trace_cpu_microseconds_per_ancestor": _traced(lot, ancestors),
    }


def _recorded(companies: Companies) -> float:
    """Return how many statements are recorded and published; the first batch warms up."""
    from traceability.publishing import publish_checkpoint

    batches = iter([companies.splits(BATCH) for _ in range(ROUNDS + 1)])

    def record() -> None:
        record_all(next(batches))
        publish_checkpoint()

    [told] = tracing.measured([record], ROUNDS)
    return round(BATCH / told["cpu_ms"] * 1000)


def _proof() -> float:
    """Return the time to prove that an entry is in the log, hashes read from tiles."""
    from traceability.ledger.tiles import inclusion_proof_from_tiles
    from traceability.tracing import log_state, tile_reader

    state, chosen = log_state(), random.Random(1)  # noqa: S311 - only which entries are proven

    def prove() -> None:
        for _ in range(PROOFS):
            inclusion_proof_from_tiles(chosen.randrange(state.size), state.size, tile_reader(state))

    [told] = tracing.measured([prove], ROUNDS)
    return round(told["cpu_ms"] / PROOFS * 1000)


def _traced(lot: str, ancestors: int) -> float:
    size = published_size()
    [told] = tracing.measured([lambda: tracing.shares_of(lot, size)], ROUNDS)
    return round(told["cpu_ms"] / ancestors * 1000, 1)


def published_size() -> int:
    """Return the size of the ledger that is open."""
    from traceability.tracing import published_size as size

    return size()


if __name__ == "__main__":
    main()
