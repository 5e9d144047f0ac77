"""Re-verifying a stored log, and a bundle, against the raw loop over the same statements.

The raw loop does what nobody can leave out: strict signature, parse, hash, on all cores. It runs
once over the statements of the log and once over those of the bundle, beside what is compared
with it. `traceability-verify` is a command of its own: its time has the start of Python in it,
from compiled modules, as installed commands have them. `BENCH_BUNDLED` says how many entries are
in the bundle, if not 10,000.
On a machine that others use too, the ratio by CPU time (that of the database included) is steadier
than the one by the clock.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from common import PROJECT, Companies, cpu_seconds, fresh_ledger, record_all, tell

ENTRIES = 40_000
ROUNDS = 3
BUNDLED = int(os.environ.get("BENCH_BUNDLED", "10000"))  # entries of the one lot in the bundle
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
VERIFY = "import sys; from traceability.cli import verify_main; sys.exit(verify_main())"


def main() -> None:
    """Fill a ledger, then time `verify_log`, `traceability-verify` and the raw loops in turns."""
    with fresh_ledger() as directory:
        from django.core.management import call_command

        companies = Companies()
        size, bundle, bundled = _fill(companies, directory)
        raw = _raw_items(companies)
        own = [item for item in raw if item[1] in bundled]
        command = [sys.executable, "-c", VERIFY, str(bundle), "--key", _vkey()]
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(directory / "compiled")
        _run(command)  # compiles

        rates: dict[str, list[float]] = {}
        costs: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for what, count, work in (
                ("verify_log", size, lambda: call_command("verify_log", verbosity=0)),
                ("raw loop, log", len(raw), lambda: _raw_loop(raw)),
                ("traceability-verify", len(bundled), lambda: _run(command)),
                ("raw loop, bundle", len(own), lambda: _raw_loop(own)),
            ):
                before = cpu_seconds(directory)
                rates.setdefault(what, []).append(count / _seconds(work))
                spent = cpu_seconds(directory) - before
                costs.setdefault(what, []).append(1_000_000 * spent / count)
        for what, runs in rates.items():
            cost = [round(each) for each in costs[what]]
            tell(what=what, per_second=[round(rate) for rate in runs], cpu_microseconds=cost)
        for what, loop in (
            ("verify_log", "raw loop, log"),
            ("traceability-verify", "raw loop, bundle"),
        ):
            by_clock = [a / b for a, b in zip(rates[what], rates[loop], strict=True)]
            by_cpu = [b / a for a, b in zip(costs[what], costs[loop], strict=True)]
            tell(
                what=f"{what} / {loop}",
                by_clock=round(statistics.median(by_clock), 2),
                by_cpu=round(statistics.median(by_cpu), 2),
            )

        bare = [sys.executable, "-c", "import traceability.cli"]
        tell(what="start of traceability-verify, seconds", median=_median(lambda: _run(bare)))
        log = [sys.executable, str(PROJECT / "manage.py"), "verify_log"]
        for what, told in (("traceability-verify", command), ("verify_log", log)):
            tell(what=f"{what}, largest process, MB", peak=_peak(told))


def _fill(companies: Companies, directory: Path) -> tuple[int, Path, set[bytes]]:
    """Return the size of the log, a bundle of one lot, and the statements in it."""
    import orjson
    from django.core.management import call_command

    from traceability.publishing import publish_checkpoint

    for _ in range(ENTRIES // 1_000):
        record_all(companies.splits(1_000))
    for _ in range(BUNDLED // 1_000):
        record_all(companies.own_splits(1_000, lots=1))
    size = publish_checkpoint()
    bundle = directory / "lot.bundle"
    call_command("export_bundle", companies.taken_from[0], "--full", "-o", str(bundle), verbosity=0)
    entries = orjson.loads(bundle.read_bytes())["entries"]
    return size, bundle, {item["statement"].encode() for item in entries}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _median(work: Callable[[], object]) -> float:
    return round(statistics.median(_seconds(work) for _ in range(ROUNDS)), 3)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def _peak(command: list[str]) -> int:
    """Return the peak memory of the largest process of a command, in megabytes.

    A small process starts it: a child is charged what its parent holds at that moment.
    """
    told = subprocess.check_output([sys.executable, "-c", PEAK, *command])  # noqa: S603
    return int(told)


Item = tuple[bytes, bytes]


def _raw_items(companies: Companies) -> list[Item]:
    from traceability.models import StatementText

    publics = {key.kid: key.public.raw for key in companies.keys.values()}
    from traceability.ledger.signing import STATEMENT_TYPE, parse_jws

    items = []
    for text in StatementText.objects.values_list("jws", flat=True):
        jws = parse_jws(text.encode(), typ=STATEMENT_TYPE)
        if jws.kid in publics:
            items.append((publics[jws.kid], text.encode()))
    return items


def _raw_loop(items: list[Item]) -> None:
    cores = multiprocessing.cpu_count()
    with multiprocessing.Pool(cores) as pool:
        pool.map(_check, [items[core::cores] for core in range(cores)], chunksize=1)


def _check(items: list[Item]) -> None:
    from base64 import urlsafe_b64decode

    import orjson
    from nacl.bindings import crypto_sign_open

    for public, jws in items:
        head, payload, signature = jws.split(b".")
        crypto_sign_open(urlsafe_b64decode(signature + b"==") + head + b"." + payload, public)
        orjson.loads(urlsafe_b64decode(payload + b"=="))
        sha256(jws).digest()


def _vkey() -> str:
    from traceability.keeping import log_verifier

    return log_verifier().vkey


if __name__ == "__main__":
    main()
