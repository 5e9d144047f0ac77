"""Batches of 1,000 signed statements against `bulk_create` under django-pghistory.

Both write to the same durable PostgreSQL, in turns, one connection each. The peer stores as
many rows of the same bytes with a history row each, and checks nothing.
"""

import statistics
import time

from common import Companies, fresh_ledger, peak_megabytes, record_all, tell

BATCH = 1_000
ROUNDS = 8


def main() -> None:
    """Measure both in turns and print the medians and their ratio."""
    with fresh_ledger(peers=["pgtrigger", "pghistory"]):
        from pghistory_peer import Peer

        from traceability.publishing import publish_checkpoint

        companies, peer = Companies(), Peer()
        ours, theirs = [], []
        for _ in range(ROUNDS + 1):
            statements = companies.splits(BATCH)
            started = time.perf_counter()
            record_all(statements)
            publish_checkpoint()
            ours.append(BATCH / (time.perf_counter() - started))

            started = time.perf_counter()
            peer.bulk_create(peer.rows(statements))
            theirs.append(BATCH / (time.perf_counter() - started))
        # The first round warms caches and prepared statements up.
        tell(what="batches of 1,000, recorded and published", per_second=_told(ours[1:]))
        tell(what="django-pghistory bulk_create", per_second=_told(theirs[1:]))
        ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
        tell(what="ratio", median=round(statistics.median(ratios), 2))
        tell(what="peak memory of the process", megabytes=round(peak_megabytes()))


def _told(rates: list[float]) -> dict[str, int]:
    return {
        "median": round(statistics.median(rates)),
        "min": round(min(rates)),
        "max": round(max(rates)),
    }


if __name__ == "__main__":
    main()
