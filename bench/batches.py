"""Batches of 1,000 signed statements against `bulk_create` under django-pghistory.

Both write to the same durable PostgreSQL, in turns, one connection each. The peer stores as
many rows of the same bytes with a history row each, and checks nothing. Once each batch is
published before the next one comes; then batches come in a row, and a process of its own
publishes meanwhile, as the worker does in service: the clock stops when all are published.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import PROJECT, Companies, cpu_seconds, fresh_ledger, peak_megabytes, record_all, tell

BATCH = 1_000
ROUNDS = 8
PUBLISHER = """
import sys, time, django
django.setup()
from traceability.publishing import publish_checkpoint
publish_checkpoint()
print("ready", flush=True)
while True:
    publish_checkpoint()
    time.sleep(0.02)
"""


def main() -> None:
    """Measure both in turns and print the medians and their ratio."""
    with fresh_ledger(peers=["pgtrigger", "pghistory"]) as directory:
        from pghistory_peer import Peer

        companies, peer = Companies(), Peer()
        _one_by_one(companies, peer, directory)
        tell(what="peak memory of the process", megabytes=round(peak_megabytes()))
        _in_a_row(companies, peer)


def _one_by_one(companies: Companies, peer: Any, directory: Path) -> None:
    from traceability.publishing import publish_checkpoint

    ours, theirs, costs = [], [], []
    for _ in range(ROUNDS + 1):
        statements = companies.splits(BATCH)
        begun, started = cpu_seconds(directory), time.perf_counter()
        record_all(statements)
        publish_checkpoint()
        ours.append(BATCH / (time.perf_counter() - started))
        between = cpu_seconds(directory)

        before, started = cpu_seconds(directory), time.perf_counter()
        peer.bulk_create(peer.rows(statements))
        theirs.append(BATCH / (time.perf_counter() - started))
        costs.append((between - begun, cpu_seconds(directory) - before))
    # The first round warms caches and prepared statements up.
    tell(what="batches of 1,000, recorded and published", per_second=_told(ours[1:]))
    tell(what="django-pghistory bulk_create", per_second=_told(theirs[1:]))
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    tell(what="ratio", median=round(statistics.median(ratios), 2))
    for what, spent in zip(("batches", "bulk_create"), zip(*costs[1:], strict=True), strict=True):
        microseconds = 1_000_000 * statistics.median(spent) / BATCH
        tell(what=f"processor time of {what}, microseconds each", median=round(microseconds))


def _in_a_row(companies: Companies, peer: Any) -> None:
    from traceability.publishing import log_state

    ratios, rates = [], []
    for _ in range(3):
        batches = [companies.splits(BATCH) for _ in range(ROUNDS)]
        with _publisher():
            size = log_state().size + ROUNDS * BATCH
            started = time.perf_counter()
            for statements in batches:
                record_all(statements)
            while log_state().size < size:
                time.sleep(0.002)
            ours = time.perf_counter() - started
        started = time.perf_counter()
        for statements in batches:
            peer.bulk_create(peer.rows(statements))
        ratios.append((time.perf_counter() - started) / ours)
        rates.append(ROUNDS * BATCH / ours)
    tell(what="batches in a row, published meanwhile", per_second=_told(rates))
    tell(what="ratio to bulk_create in a row", median=round(statistics.median(ratios), 2))


@contextmanager
def _publisher() -> Iterator[None]:
    """Let a process publish what is recorded, as the worker does; it is ready when this yields."""
    command = [sys.executable, "-c", PUBLISHER]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101
            process.stdout.readline()
            yield
        finally:
            process.terminate()


def _told(rates: list[float]) -> dict[str, int]:
    return {
        "median": round(statistics.median(rates)),
        "min": round(min(rates)),
        "max": round(max(rates)),
    }


if __name__ == "__main__":
    main()
