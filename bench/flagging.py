"""From a POST to the flag that an officer sees, at 100 statements a second with ten lots due.

Web server and worker run as `./run` starts them. Statements come at their times, whether or
not the ones before are answered. Six times a second a company splits off a lot and offers it
to a club, whose policy no site's evidence meets; the other statements are losses of four lots,
so that ten lots a second are due. Flags are looked for every 50 ms. The time runs from the
moment the offer is sent until its first flag can be read.
"""

import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from common import PROJECT, Companies, fresh_ledger, tell
from judging import World
from posting import PORT, token_of

SECONDS = int(os.environ.get("BENCH_SECONDS", "30"))
A_SECOND = 100
OFFERED_A_SECOND = 6
LOTS_WORN = 4
CLIENTS = 16
LONGEST = 60  # seconds to wait for the last flag


def main() -> None:
    """Serve, send, look for flags; print how long they took."""
    with fresh_ledger() as state:
        companies = Companies(2)
        world = World()
        world.register("club", "club")
        world.packs()
        world.policy("club")
        world.catch_up()
        first, second = companies.keys
        tokens = [token_of(name, number) for number, name in enumerate((first, second))]
        lines = _statements(companies, second)
        with _serving(state):
            sent = _Sent(tokens, lines)
            sent.warm_up(companies.own_splits(10))
            found = _watch(sent)
        took = sorted(found[lot] - at for lot, at in sent.offered_at.items())
        tell(
            what="POST to flag, seconds",
            statements_per_second=round(len(lines) / sent.took),
            lots=len(took),
            p50=round(statistics.median(took), 2),
            p95=round(took[len(took) * 95 // 100], 2),
            longest=round(took[-1], 2),
        )


def _statements(companies: Companies, author: str) -> list[tuple[int, bytes, str]]:
    """Return what is sent in turn: whose token, the statement, the lot where it is an offer."""
    first = next(iter(companies.keys))
    worn = companies.own_lots(LOTS_WORN)
    lines: list[tuple[int, bytes, str]] = []
    for number in range(SECONDS * A_SECOND):
        turn = number % (A_SECOND // OFFERED_A_SECOND)
        lot = f"{author}:due-{number - turn}"
        if turn == 0:
            part = {"lot": lot, "quantity": {"value": "12.5", "unit": "kg", "basis": "wet"}}
            split = {"facility": f"{author}:mine", "lot": f"{author}:L", "parts": [part]}
            lines.append((1, _signed(companies, "custody.split", author, split), ""))
        elif turn == 1:
            offer = {"lots": [lot], "audience": ["club"]}
            lines.append((1, _signed(companies, "custody.offer", author, offer), lot))
        else:
            loss = {
                "facility": f"{first}:mine",
                "lot": worn[number % LOTS_WORN],
                "quantity": {"value": "0.5", "unit": "kg", "basis": "wet"},
                "reason": "dust",
            }
            lines.append((0, _signed(companies, "custody.loss", first, loss), ""))
    return lines


def _signed(companies: Companies, kind: str, author: str, body: dict[str, Any]) -> bytes:
    return companies.sign(companies.document(kind, author, body))


class _Sent:
    """Statements sent at their times, and when each offer was."""

    def __init__(self, tokens: list[str], lines: list[tuple[int, bytes, str]]) -> None:
        self.tokens = tokens
        self.lines = lines
        self.offered_at: dict[str, float] = {}
        self.took = 0.0
        self.is_done = False
        self._local = threading.local()

    def warm_up(self, statements: list[bytes]) -> None:
        for statement in statements:
            self._post(0, statement)

    def send(self) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            waiting = []
            for number, (whose, statement, lot) in enumerate(self.lines):
                time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
                if lot:
                    self.offered_at[lot] = time.monotonic()
                waiting.append(clients.submit(self._post, whose, statement))
            for answer in waiting:
                answer.result()
        self.took = time.monotonic() - began
        self.is_done = True

    def _post(self, whose: int, statement: bytes) -> None:
        headers = {
            "Content-Type": "application/jose",
            "Authorization": f"Bearer {self.tokens[whose]}",
        }
        for again in (True, False):  # the server ends connections that were idle
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", PORT)
            try:
                connection.request("POST", "/api/v1/statements", statement, headers)
                answer = connection.getresponse()
                break
            except (http.client.HTTPException, OSError):
                self._local.connection = None
                if not again:
                    raise
        told = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"{answer.status} {told[:2000]!r}")


def _watch(sent: _Sent) -> dict[str, float]:
    """Send, and look for flags until each offered lot has one; return when it was seen first."""
    from standards.models import Flag

    found: dict[str, float] = {}
    sender = threading.Thread(target=sent.send)
    sender.start()
    last, until = 0, time.monotonic() + SECONDS + LONGEST
    while not (sent.is_done and sent.offered_at.keys() <= found.keys()):
        if time.monotonic() > until:
            sys.exit(f"{len(sent.offered_at.keys() - found.keys())} lots were never flagged.")
        for number, lot in Flag.objects.filter(id__gt=last).order_by("id").values_list("id", "lot"):
            found.setdefault(lot, time.monotonic())
            last = number
        time.sleep(0.05)
    sender.join()
    return found


@contextmanager
def _serving(state: Path) -> Iterator[None]:
    """Run the web server and the worker, as `./run` does."""
    from traceability.project.embedded_postgres import Cluster
    from traceability.project.serving import WEB, WORKER

    os.environ["PGMQ_CONNECTION"] = Cluster(state).install_broker()
    schedule = ("--schedule", str(state / "celerybeat-schedule"))
    with ExitStack() as stack:
        for command in ((*WEB, "--bind", f"127.0.0.1:{PORT}"), (*WORKER, *schedule)):
            program = Path(sys.executable).with_name(command[0])
            process = subprocess.Popen([program, *command[1:]], cwd=PROJECT)  # noqa: S603
            stack.callback(process.wait)
            stack.callback(process.terminate)
        time.sleep(10)  # until both have begun
        yield


if __name__ == "__main__":
    main()
