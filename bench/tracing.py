"""Tracing a lot and recalling a facility, with exact shares, against what only lists ids.

    python bench/generate.py 1000000 --state /tmp/ledger-1m
    python bench/tracing.py --state /tmp/ledger-1m

Without `--state` a ledger of 100,000 events is made and thrown away. The floor is a bare
recursive SQL over the same rows that lists the same lots and nothing else; the peer is a graph
library (rustworkx) that has loaded the same edges into memory and knows no amounts. Every
question is asked in turns with its floor; wall time and CPU time (this process and the database
server together) are told, since the wall is that of a busy machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import generate
import topology
from common import fresh_ledger, peak_megabytes, standing_ledger, tell

EVENTS = 100_000
ANCESTORS, DESCENDANTS = 1_000, 25_000
ROUNDS = 15
_TICK = os.sysconf("SC_CLK_TCK")
_UP = """
WITH RECURSIVE up(lot) AS (
    SELECT %s::text
    UNION
    SELECT taken.lot FROM up
    JOIN traceability_movement made ON made.lot = up.lot AND made.role = 'make'
    JOIN traceability_movement taken
      ON taken.recorded_order = made.recorded_order AND taken.role = 'take' AND {same_flow}
)
SELECT lot FROM up
"""
_SEEDS = """
    SELECT m.lot FROM traceability_entry e
    JOIN traceability_movement m
      ON m.recorded_order = e.recorded_order AND m.role IN ('make', 'move')
    WHERE e.facility = %s AND e.effective_on >= %s
"""
_DOWN = f"""
WITH RECURSIVE down(lot) AS (
    {_SEEDS}
    UNION
    SELECT made.lot FROM down
    JOIN traceability_movement taken ON taken.lot = down.lot AND taken.role = 'take'
    JOIN traceability_movement made
      ON made.recorded_order = taken.recorded_order AND made.role = 'make' AND {{same_flow}}
)
SELECT lot FROM down
"""  # noqa: S608 - no value is part of the text
_SAME_FLOW = """
    CASE WHEN made.facts ? 'from' THEN taken.lot = made.facts ->> 'from'
         ELSE NOT taken.facts ? 'into' END
"""
_EDGES = """
SELECT taken.lot, made.lot FROM traceability_movement made
JOIN traceability_movement taken
  ON taken.recorded_order = made.recorded_order AND taken.role = 'take' AND {same_flow}
WHERE made.role = 'make'
"""


def main() -> None:
    """Find questions of the wanted size, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, help="a directory that generate.py filled")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-peer", action="store_true", help="leave rustworkx out")
    parser.add_argument("--recall-only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with _ledger(options.state):
        if options.recall_only:
            _recall_alone(options.recall_only)
            return
        lot, ancestors = lot_with(ANCESTORS)
        facility, day, descendants = _facility_with(DESCENDANTS)
        tell(what="ledger", entries=_entries(), ancestors=ancestors, descendants=descendants)
        _trace(lot, options.rounds)
        _recall(facility, day, max(3, options.rounds // 3))
        if options.state:
            _memory(options.state, f"{facility} {day}")
        if not options.no_peer:
            _peer(lot, facility, day, options.rounds)


@contextmanager
def _ledger(state: Path | None) -> Iterator[None]:
    if state is not None:
        with standing_ledger(state) as is_new:
            if is_new:
                sys.exit(f"{state} holds no ledger yet: python bench/generate.py EVENTS --state …")
            yield
        return
    with fresh_ledger():
        generate.generate(EVENTS, way="copy")
        yield


# ── questions ─────────────────────────────────────────────────────────────────────────────


def _trace(lot: str, rounds: int) -> None:
    from traceability import seeing
    from traceability.tracing import published_size
    from traceability.upstream import provenance_of

    size, operator = published_size(), seeing.operator()
    floor, trace, answer = measured(
        [
            lambda: _ids(_UP, [lot]),
            lambda: shares_of(lot, size),
            lambda: provenance_of(lot, size=size, reader=operator),
        ],
        rounds,
    )
    tell(what="trace: bare recursive SQL, ids", **floor)
    tell(what="trace: history and exact shares", **trace, **_ratio(trace, floor))
    tell(what="trace: whole answer (stages, lots, hops)", **answer, **_ratio(answer, floor))


def shares_of(lot: str, size: int) -> Any:
    """Return the exact share of every source of a lot, by element."""
    from traceability.ledger.provenance import propagate
    from traceability.tracing import lot_history

    history = lot_history(lot, size=size)
    name = history.last[lot]
    told = propagate(history.steps, lots=[name])[name]
    return {element: content.shares() for element, content in told.contents.items()}


def _recall(facility: str, day: date, rounds: int) -> None:
    from traceability import seeing
    from traceability.descending import elements_of, lots_of_facility, passages
    from traceability.downstream import recall_of
    from traceability.ledger.recall import OfFacility, recalled
    from traceability.tracing import published_size

    size, operator = published_size(), seeing.operator()

    def shares() -> int:
        lots = lots_of_facility(facility, since=day)
        elements = elements_of(lots, size=size)
        told = passages(lots, size=size, elements=elements)
        asked = OfFacility(facility=facility, since=day)
        return sum(1 for _ in recalled(asked, told, elements=elements))

    def streamed() -> int:
        telling = recall_of(facility, since=day, size=size, reader=operator)
        return sum(map(len, telling.as_lines()))

    floor, recall, answer = measured(
        [lambda: _ids(_DOWN, [facility, day]), shares, streamed], rounds
    )
    tell(what="recall: bare recursive SQL, ids", **floor)
    tell(what="recall: lots with exact shares", **recall, **_ratio(recall, floor))
    tell(what="recall: whole answer, streamed", **answer, **_ratio(answer, floor))


def _memory(state: Path, question: str) -> None:
    """Ask for a recall in a process of its own and tell its peak memory."""
    command = [sys.executable, __file__, "--state", str(state), "--recall-only", question]
    subprocess.run(command, check=True)  # noqa: S603 - this script


def _recall_alone(question: str) -> None:
    from traceability import seeing
    from traceability.downstream import recall_of
    from traceability.tracing import published_size

    facility, _, day = question.partition(" ")
    before = peak_megabytes()
    telling = recall_of(
        facility,
        since=date.fromisoformat(day),
        size=published_size(),
        reader=seeing.operator(),
    )
    sent = sum(map(len, telling.as_lines()))
    tell(
        what="recall: peak memory of the process",
        before=round(before),
        megabytes=round(peak_megabytes()),
        answer_megabytes=round(sent / 2**20, 1),
    )


def _peer(lot: str, facility: str, day: date, rounds: int) -> None:
    import rustworkx

    started = time.perf_counter()
    graph, places = rustworkx.PyDiGraph(), dict[str, int]()
    for parent, child in _ids(_EDGES, []):
        for name in (parent, child):
            if name not in places:
                places[name] = graph.add_node(name)
        graph.add_edge(places[parent], places[child], None)
    loaded = time.perf_counter() - started
    seeds = [row[0] for row in _ids(_SEEDS, [facility, day])]

    def below() -> int:
        found: set[int] = set()
        for seed in seeds:
            if places[seed] not in found:
                found |= rustworkx.descendants(graph, places[seed])
        return len(found)

    above, all_below = measured(
        [lambda: len(rustworkx.ancestors(graph, places[lot])), below], rounds
    )
    tell(
        what="rustworkx: load the edges",
        seconds=round(loaded, 1),
        megabytes=round(peak_megabytes()),
        nodes=graph.num_nodes(),
        edges=graph.num_edges(),
    )
    tell(what="rustworkx: ancestors, no amounts", **above)
    tell(what="rustworkx: descendants, no amounts", **all_below)


# ── measuring ─────────────────────────────────────────────────────────────────────────────


def measured(questions: list[Callable[[], Any]], rounds: int) -> list[dict[str, float]]:
    """Ask each question in turns; return the least and the median of wall and CPU time."""
    walls: list[list[float]] = [[] for _ in questions]
    works: list[float] = [0.0] * len(questions)
    for ask in questions:
        ask()  # caches and prepared statements are warm
    for _ in range(rounds):
        for place, ask in enumerate(questions):
            work, wall = _cpu_seconds(), time.perf_counter()
            ask()
            walls[place].append((time.perf_counter() - wall) * 1000)
            works[place] += _cpu_seconds() - work
    return [
        {
            "wall_ms": round(statistics.median(wall), 1),
            "least_wall_ms": round(min(wall), 1),
            "cpu_ms": round(work / rounds * 1000, 1),
        }
        for wall, work in zip(walls, works, strict=True)
    ]


def _cpu_seconds() -> float:
    """Return the CPU time of this process, and of the database server with all its processes."""
    from django.db import connection

    connection.ensure_connection()
    server = _of_process(connection.connection.info.backend_pid)[1]
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    ticks = sum(_of_process(server)[13:15])  # of those that ended
    for one in children:
        with suppress(FileNotFoundError):  # ended by now
            ticks += sum(_of_process(int(one))[11:13])
    return time.process_time() + ticks / _TICK


def _of_process(number: int) -> list[int]:
    """Return the fields of a process's `stat`, from its state on (which is told as 0)."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, fields[1:])]


@cache
def _bare() -> Any:
    """Return a connection of its own for the floor, which looks everything up by index too."""
    from django.db import connection

    bare = connection.copy("bare")
    with bare.cursor() as cursor:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET enable_{way} = off")
        cursor.execute("SET jit = off")
    return bare


def _ratio(ours: dict[str, float], floor: dict[str, float]) -> dict[str, float]:
    return {
        "times_floor_cpu": round(ours["cpu_ms"] / max(floor["cpu_ms"], 0.1), 1),
        "times_floor_wall": round(ours["least_wall_ms"] / floor["least_wall_ms"], 1),
    }


def _ids(sql: str, parameters: list[Any]) -> list[Any]:
    with _bare().cursor() as cursor:
        cursor.execute(sql.format(same_flow=_SAME_FLOW), parameters)
        return list(cursor.fetchall())


def _entries() -> int:
    from traceability.tracing import published_size

    return published_size()


# ── choosing ──────────────────────────────────────────────────────────────────────────────


def lot_with(ancestors: int) -> tuple[str, int]:
    """Return a vehicle with about so many ancestors, and how many it has."""
    from traceability.models import Lot

    vehicles = Lot.objects.filter(material="vehicle").order_by("salt")  # salts are random
    sizes = [
        (len(_ids(_UP, [name])) - 1, name) for name in vehicles.values_list("id", flat=True)[:200]
    ]
    count, name = min(sizes, key=lambda one: abs(one[0] - ancestors))
    return name, count


def _facility_with(descendants: int) -> tuple[str, date, int]:
    """Return a mine and a day from which on about so many lots come of it, by bisection."""
    facility = f"n0-{topology.NICKEL[0]}:site"
    first, last = 0, 3650
    while first < last:
        middle = (first + last) // 2
        day = topology.FIRST_DAY + timedelta(days=middle)
        if len(_ids(_DOWN, [facility, day])) > descendants:
            first = middle + 1
        else:
            last = middle
    day = topology.FIRST_DAY + timedelta(days=first)
    return facility, day, len(_ids(_DOWN, [facility, day]))


if __name__ == "__main__":
    main()
