"""Re-verifying a stored log, and a bundle, against the raw loop over the same bytes.

The raw loop does what nobody can leave out: strict signature, parse, hash, on all cores.
"""

import multiprocessing
import statistics
import subprocess
import sys
import time
from hashlib import sha256

from common import Companies, fresh_ledger, record_all, tell

ENTRIES = 40_000
ROUNDS = 3
BUNDLED = 10_000  # entries of the one lot that is bundled
VERIFY = "import sys; from traceability.cli import verify_main; sys.exit(verify_main())"


def main() -> None:
    """Fill a ledger, then time `verify_log`, `traceability-verify` and the raw loop in turns."""
    with fresh_ledger() as directory:
        from django.core.management import call_command

        from traceability.publishing import publish_checkpoint

        companies = Companies()
        for _ in range(ENTRIES // 1_000):
            record_all(companies.splits(1_000))
        for _ in range(BUNDLED // 1_000):
            record_all(companies.own_splits(1_000, lots=1))
        size = publish_checkpoint()
        raw = _raw_items(companies)
        bundle = directory / "lot.bundle"
        call_command("export_bundle", "company-0:B0", "--full", "-o", str(bundle), verbosity=0)
        vkey = _vkey()
        bundled = bundle.read_bytes().count(b'"proof"')

        logs, raws, bundles = [], [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            call_command("verify_log", verbosity=0)
            logs.append(size / (time.perf_counter() - started))
            started = time.perf_counter()
            _raw_loop(raw)
            raws.append(len(raw) / (time.perf_counter() - started))
            started = time.perf_counter()
            command = [sys.executable, "-c", VERIFY, str(bundle), "--key", vkey]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            bundles.append(bundled / (time.perf_counter() - started))
        tell(what="verify_log, entries a second", runs=[round(rate) for rate in logs])
        tell(what="raw loop, entries a second", runs=[round(rate) for rate in raws])
        tell(what="traceability-verify, entries a second", runs=[round(r) for r in bundles])
        for name, runs in (("verify_log", logs), ("traceability-verify", bundles)):
            ratios = [a / b for a, b in zip(runs, raws, strict=True)]
            tell(what=f"{name} / raw loop", median=round(statistics.median(ratios), 2))


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
