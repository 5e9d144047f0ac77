"""Mass-balance accounts and the balance of a site, against bare sums over the same rows.

    python bench/generate.py 100000 --state /tmp/ledger-100k
    python bench/balances.py --state /tmp/ledger-100k

Without `--state` a ledger of 20,000 events is made and thrown away. A nickel mine of it opens an
account over all that it ever mined, certified; claims are recorded from it, first over one
connection, then over two at once, until it is overdrawn; then the account is booked, closed and
shown, and the balance of the mine over the year. The floors are SQL that locks, sums and inserts
as many bare rows, and SQL that sums the movements of the same lots and knows no metal. Reading
questions are asked in turns with their floors; wall and CPU time (of this process and of its
database connections) are told. A state directory is written to: run it there once.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import generate
import topology
from common import cpu_seconds, fresh_ledger, peak_megabytes, record_all, standing_ledger, tell
from loading import key_of
from tracing import measured

EVENTS = 20_000
SEED = 1
CLAIMS, BATCH, ROUNDS = 400, 20, 7
MINE = f"n0-{topology.NICKEL[0]}"
SITE, ACCOUNT = f"{MINE}:site", f"{MINE}:ni"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
YEAR = date(2024, 1, 1), date(2024, 12, 31)
SURE = 10**6  # kilograms that no account of a generated mine covers: the last claim overdraws it

_MOVED = """
SELECT m.role, count(*), sum(m.delta) FROM traceability_movement m
WHERE m.lot IN (
    SELECT n.lot FROM traceability_entry e
    JOIN traceability_movement n ON n.recorded_order = e.recorded_order
    WHERE e.facility = %s)
GROUP BY m.role
"""
_AT_SITE = """
SELECT m.lot, sum(m.delta) FROM traceability_entry e
JOIN traceability_movement m ON m.recorded_order = e.recorded_order
WHERE e.facility = %s AND e.effective_on BETWEEN %s AND %s
GROUP BY m.lot
"""


def main() -> None:
    """Open the account, overdraw it, and ask for everything that is told of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, help="a directory that generate.py filled")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if options.state is None:
        with fresh_ledger() as state:
            generate.generate(EVENTS, seed=SEED, way="copy")
            measure(state, options.rounds)
        return
    with standing_ledger(options.state) as is_new:
        if is_new:
            sys.exit(f"{options.state} holds no ledger: python bench/generate.py EVENTS --state …")
        measure(options.state, options.rounds)


def measure(state: Path, rounds: int) -> None:
    """Print every figure."""
    _prepare()
    lots = _lots()
    bodies = [_claim(f"C{n}", lots[n % len(lots)], "1") for n in range(2 * CLAIMS)]
    statements = [_signed("standards.claim", body) for body in bodies]
    _bare_table()
    for what, work in (
        ("one connection", [statements[:CLAIMS]]),
        ("two connections", [statements[CLAIMS::2], statements[CLAIMS + 1 :: 2]]),
    ):
        bare = _at_once(state, [_ours_bare(len(part)) for part in work])
        ours = _at_once(state, [_recording(part) for part in work])
        tell(what=f"claims on one account: {what}: locked, summed, inserted bare", **bare)
        ratio = round(ours["cpu_ms_each"] / bare["cpu_ms_each"], 1)
        tell(what=f"claims on one account: {what}", **ours, times_floor_cpu=ratio)
    record_all([_signed("standards.claim", _claim("last", lots[0], str(SURE)))])
    _follow()
    _told(rounds)


# ── an account with claims ────────────────────────────────────────────────────────────────


def _prepare() -> None:
    """Let a scheme certify the mine, and the mine open its account; take everything in."""
    from standards.certifying import activate_pack
    from standards.rulebook.pack_format import shipped_packs
    from traceability.keeping import keep_new_key
    from traceability.registering import enrolment, record_as_service, statement_document

    for pack in shipped_packs():
        if not pack.overlays:
            activate_pack(pack, effective=YEAR[0], now=NOW)
    key = enrolment(keep_new_key("scheme"), "scheme", held_by="service")
    person = {"organization": "scheme", "name": "Scheme", "country": "CA", "key": key}
    certificate = {
        "certificate": "scheme:C1",
        "scheme": "irma",
        "facility": SITE,
        "level": "IRMA 75",
        "activities": ["extraction"],
        "materials": ["Ni", "Co"],
        "published_on": "2023-06-01",
        "valid_from": "2023-06-01",
        "valid_until": "2028-05-31",
        "status": "published",
        "status_from": "2023-06-01",
    }
    for kind, author, body in (
        ("registry.organization", "operator", person | {"roles": ["assurance_scheme"]}),
        ("standards.certificate", "scheme", certificate),
    ):
        document = statement_document(kind=kind, author=author, effective="2024-01-01", body=body)
        record_as_service([document], now=NOW)
    account = {
        "account": ACCOUNT,
        "facilities": [SITE],
        "element": "Ni",
        "scheme": "irma",
        "tier": "IRMA 75",
        "method": "credit",
        "begins": YEAR[0].isoformat(),
        "months": 1,
    }
    record_all([_signed("standards.account", account, "2024-01-01")])
    started = time.perf_counter()
    entries = _follow()
    tell(what="taken in", entries=entries, seconds=round(time.perf_counter() - started))


def _follow() -> int:
    from standards.following import follow_log
    from traceability.publishing import publish_checkpoint

    publish_checkpoint(now=NOW)
    return follow_log(now=NOW)


def _lots() -> list[str]:
    from traceability.models import Lot

    own = Lot.objects.filter(id__startswith=f"{MINE}:")
    return list(own.order_by("id").values_list("id", flat=True)[:200])


def _claim(name: str, lot: str, kilograms: str) -> dict[str, Any]:
    made = {
        "recipient": {"name": "A buyer"},
        "lot": lot,
        "quantity": {"value": kilograms, "unit": "kg"},
        "element": "Ni",
        "scheme": "irma",
        "tier": "IRMA 75",
        "model": "mass_balance",
        "code": "contains",
        "wording": "Contains nickel of an IRMA 75 mine, by mass balance.",
    }
    return {"claim": f"{MINE}:{name}", "account": ACCOUNT, "made": made}


def _signed(kind: str, body: dict[str, Any], effective: str = "2024-12-30T10:00:00-05:00") -> bytes:
    from traceability.ledger.canonical import canonical
    from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
    from traceability.registering import statement_document

    document = statement_document(kind=kind, author=MINE, effective=effective, body=body)
    return sign_jws(canonical(document), key_of(SEED, MINE), typ=STATEMENT_TYPE)


# ── claims, and their floor ───────────────────────────────────────────────────────────────


def _recording(statements: Sequence[bytes]) -> Callable[[], int]:
    """Return what records statements in batches, over a connection of its own."""

    def work() -> int:
        for first in range(0, len(statements), BATCH):
            record_all(statements[first : first + BATCH])
        return len(statements)

    return work


def _bare_table() -> None:
    from django.db import connections

    with connections["owner"].cursor() as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS bench_account (id int PRIMARY KEY, held bigint)")
        owner.execute("CREATE TABLE IF NOT EXISTS bench_claim (account int, mg bigint, body text)")
        owner.execute("TRUNCATE bench_account, bench_claim")
        owner.execute("INSERT INTO bench_account VALUES (1, 1000000000000)")
        owner.execute("GRANT SELECT, INSERT, UPDATE ON bench_account, bench_claim TO PUBLIC")
    connections.close_all()


def _ours_bare(count: int) -> Callable[[], int]:
    """Return what locks the account, sums its claims and inserts as many more, in batches."""

    def work() -> int:
        from django.db import connection, transaction

        for first in range(0, count, BATCH):
            size = min(BATCH, count - first)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT held FROM bench_account WHERE id = 1 FOR UPDATE")
                cursor.execute("SELECT sum(mg) FROM bench_claim WHERE account = 1")
                rows = [(10**6, "x" * 700)] * size
                cursor.executemany("INSERT INTO bench_claim VALUES (1, %s, %s)", rows)
        return count

    return work


def _at_once(state: Path, works: Sequence[Callable[[], int]]) -> dict[str, float]:
    """Run works at once, each in a thread; return their rate, and the CPU time of each claim."""
    from django.db import connections

    def run(work: Callable[[], int]) -> int:
        try:
            return work()
        finally:
            connections.close_all()

    cpu, wall = cpu_seconds(state), time.perf_counter()
    with ThreadPoolExecutor(len(works)) as pool:
        count = sum(pool.map(run, works))
    wall = time.perf_counter() - wall
    cpu = cpu_seconds(state) - cpu
    return {"rate": round(count / wall), "cpu_ms_each": round(cpu / count * 1000, 2)}


# ── what is told of it ────────────────────────────────────────────────────────────────────


def _told(rounds: int) -> None:
    from standards.accounting import book, records_at
    from standards.balances import closed_at, standing_of
    from standards.known import followed_size, law_at
    from standards.models import Account
    from traceability.balancing import site_books
    from traceability.models import Facility

    size, row = followed_size(), Account.objects.get(account=ACCOUNT)
    law, records = law_at(size), records_at(size, [ACCOUNT])
    booked = book(records.values(), on=YEAR[1], law=law)[ACCOUNT]
    claimed = sum(one.mg for one in booked.record.claims)
    entitled = sum(one.high_mg for one in booked.tranches)
    if booked.over_mg != claimed - entitled or booked.over_mg <= 0:  # none lost, none twice
        sys.exit(f"{claimed} mg claimed of {entitled} mg, and {booked.over_mg} over-claimed")
    tell(
        what="the account",
        inputs=len(booked.inputs),
        claims=len(booked.record.claims),
        over_claimed_kg=booked.over_mg // 10**6,
    )
    site = Facility.objects.get(pk=SITE)
    sums, booking, reading, closing, page, bare, year = measured(
        [
            lambda: _sums(_MOVED, SITE),
            lambda: book(records.values(), on=YEAR[1], law=law),
            lambda: records_at(size, [ACCOUNT]),
            lambda: closed_at(ACCOUNT, size=size),
            lambda: standing_of(row, size=size, on=YEAR[1]),
            lambda: _sums(_AT_SITE, SITE, *YEAR),
            lambda: site_books(site, *YEAR),
        ],
        rounds,
    )
    tell(what="account: bare sums of the same lots", **sums)
    each = round(booking["cpu_ms"] / (len(booked.inputs) + len(booked.record.claims)) * 1000, 1)
    tell(what="account: booked, its record read before", **booking, cpu_us_each=each)
    tell(what="account: its record read", **reading, **_times(reading, sums))
    tell(what="account: what a close would freeze", **closing, **_times(closing, sums))
    tell(what="account: its page", **page, **_times(page, sums))
    tell(what="site over a year: bare sums", **bare)
    told = site_books(site, *YEAR)
    tell(what="site over a year", lots=told.lots, **year, **_times(year, bare))
    tell(what="peak memory of the process", megabytes=round(peak_megabytes()))


def _sums(sql: str, *parameters: object) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _times(ours: dict[str, float], floor: dict[str, float]) -> dict[str, float]:
    return {
        "times_floor_cpu": round(ours["cpu_ms"] / max(floor["cpu_ms"], 0.1), 1),
        "times_floor_wall": round(ours["least_wall_ms"] / floor["least_wall_ms"], 1),
    }


if __name__ == "__main__":
    main()
