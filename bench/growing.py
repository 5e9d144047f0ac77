"""What becomes slower as a ledger grows: recording, proving, tracing, by entries in it.

    python bench/growing.py                     # 10,000 and 100,000 entries
    python bench/growing.py 10000 1000000       # and so on; 10 million take hours

One ledger grows by COPY (`loading`) from size to size; at each, batches of 1,000 signed
statements are recorded and published, entries are proven from tiles, and vehicles with about as
many ancestors are traced with exact shares. The last figures are ratios to the first size.
"""

import argparse
import random
import statistics
import time
from itertools import islice
from typing import Any

import loading
import topology
import tracing
from common import Companies, fresh_ledger, peak_megabytes, record_all, tell

SIZES = [10_000, 100_000]
ROUNDS, BATCH, PROOFS = 9, 1_000, 300
ANCESTORS = 300  # a ledger of ten thousand entries has no lot with many more


def main() -> None:
    """Grow from size to size and measure at each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sizes = sorted(options.sizes)
    with fresh_ledger():
        companies = Companies()
        networks = topology.networks_for(sizes[-1])
        loading.register(options.seed, networks)
        story = loading.signed(options.seed, topology.claims(options.seed, networks), processes=2)
        first: dict[str, float] = {}
        loader = loading.Loader()
        for size in sizes:
            _grow(loader, story, size)
            found = _measured(companies)
            first = first or found
            ratios = {name: round(found[name] / first[name], 2) for name in found}
            tell(what="growth", entries=size, **found, ratios=ratios)
            loader.resume()
        tell(what="peak memory of the process", megabytes=round(peak_megabytes()))


def _grow(loader: loading.Loader, story: Any, size: int) -> None:
    """Copy the story until the ledger has so many entries, and publish."""
    from traceability.publishing import publish_checkpoint

    while missing := max(0, size - loader.state.size):
        loader.add(list(islice(story, min(missing, loading.BATCH))))
    loader.pause()
    publish_checkpoint()


def _measured(companies: Companies) -> dict[str, float]:
    return {
        "recorded_per_second": _recorded(companies),
        "proof_microseconds": _proofs(),
        "trace_ms": _traced(),
    }


def _recorded(companies: Companies) -> float:
    """Return the median rate of batches recorded and published; the first warms up."""
    from traceability.publishing import publish_checkpoint

    rates = []
    for _ in range(ROUNDS + 1):
        statements = companies.splits(BATCH)
        started = time.perf_counter()
        record_all(statements)
        publish_checkpoint()
        rates.append(BATCH / (time.perf_counter() - started))
    return round(statistics.median(rates[1:]))


def _proofs() -> float:
    """Return the median time to prove that an entry is in the log, hashes read from tiles."""
    from traceability.ledger.tiles import inclusion_proof_from_tiles
    from traceability.tracing import log_state, published_size, tile_reader

    size = published_size()
    state = log_state()
    chosen = random.Random(size)  # noqa: S311 - only which entries are proven
    times = []
    for _ in range(PROOFS):
        index = chosen.randrange(size)
        started = time.perf_counter()
        inclusion_proof_from_tiles(index, size, tile_reader(state))
        times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1e6)


def _traced() -> float:
    """Return the CPU time to trace a lot, scaled to the same number of ancestors."""
    from traceability.ledger.provenance import propagate
    from traceability.tracing import lot_history, published_size

    lot, ancestors = tracing.lot_with(ANCESTORS)
    size = published_size()

    def shares() -> None:
        history = lot_history(lot, size=size, dispatches=False)
        propagate(history.steps, lots=[history.last[lot]])

    [told] = tracing.measured([shares], ROUNDS)
    return round(told["cpu_ms"] * ANCESTORS / ancestors, 1)


if __name__ == "__main__":
    main()
