"""One signed statement per POST, 16 clients, two web workers, the load on the same cores.

The product and the floor run under the same gunicorn in turns, against the same durable
PostgreSQL; wrk sends statements that were signed beforehand, each once.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import PROJECT, Companies, fresh_ledger, tell

SECONDS = int(os.environ.get("BENCH_SECONDS", "6"))
WARM_UP = 2  # seconds, in which connections are made and plans are cached
ROUNDS = 3
PORT = 8763
SCRIPT = """
local lines, at, step = {}, 0, 1
local threads = {}
function setup(thread) table.insert(threads, thread); thread:set("first", #threads) end
function init(args)
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  at, step = first - 2, 2
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/jose"
  if args[2] then wrk.headers["Authorization"] = "Bearer " .. args[2] end
end
function request()
  at = at + step
  return wrk.format(nil, nil, nil, lines[at + 1])
end
function response(status, headers, body)
  if status ~= 201 then io.stderr:write(status .. " " .. body .. "\\n") end
end
"""


def main() -> None:
    """Measure product and floor in turns; print rates, latencies and the ratio."""
    if shutil.which("wrk") is None:
        sys.exit("Install wrk (Debian: apt-get install wrk) for the load.")
    with fresh_ledger():
        companies = Companies()
        # The load is one company's: a client's credentials are its organization's.
        token = token_of(next(iter(companies.keys)))
        _make_floor(companies)
        ours, floor = [], []
        for _ in range(ROUNDS):
            with _served("traceability.project.wsgi:application", {}):
                ours.append(_measured(companies, "/api/v1/statements", token))
            with _served("floor:application", {"PYTHONPATH": str(PROJECT / "bench")}):
                floor.append(_measured(companies, "/statements", None))
        for name, runs in (("product", ours), ("floor", floor)):
            tell(
                what=name,
                per_second=[round(run["rate"]) for run in runs],
                p50_ms=[run["p50"] for run in runs],
                p99_ms=[run["p99"] for run in runs],
            )
        ratios = [a["rate"] / b["rate"] for a, b in zip(ours, floor, strict=True)]
        tell(what="product / floor", median=round(statistics.median(ratios), 2))
        tell(
            what="p99 / p50", median=round(statistics.median(r["p99"] / r["p50"] for r in ours), 1)
        )


def token_of(name: str, number: int = 0) -> str:
    """Return a bearer token of a machine that submits for its own organization only."""
    from datetime import timedelta

    from django.contrib.auth import get_user_model
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application

    from traceability.models import Membership

    user = get_user_model().objects.create_user(username=name)
    Membership.objects.create(user=user, organization_id=name, pseudonym=f"bench-machine-{number}")
    application = Application.objects.create(
        name=name,
        user=user,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    token = f"bench-token-{number}"  # of a database that is thrown away
    AccessToken.objects.create(
        application=application,
        token=token,
        scope="read write",
        expires=timezone.now() + timedelta(hours=1),
    )
    return token


def _make_floor(companies: Companies) -> None:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "CREATE TABLE floor (id uuid PRIMARY KEY, hash text UNIQUE, document jsonb, jws text)"
        )
    import orjson

    keys = {name: key.public.raw.hex() for name, key in companies.keys.items()}
    os.environ["BENCH_KEYS"] = orjson.dumps(keys).decode()


@contextmanager
def _served(application: str, environment: dict[str, str]) -> Iterator[None]:
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{PORT}",
        "--workers", "2", "--worker-class", "gthread", "--threads", "8",
        "--log-level", "warning", "--keep-alive", "30",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **environment})  # noqa: S603
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=1)
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        server.terminate()
        server.wait()


def _measured(companies: Companies, url: str, token: str | None) -> dict[str, float]:
    _load(companies, url, token, WARM_UP)
    return _load(companies, url, token, SECONDS)


def _load(companies: Companies, url: str, token: str | None, seconds: int) -> dict[str, float]:
    statements = companies.own_splits(4_000 * seconds)
    with tempfile.TemporaryDirectory() as folder:
        lines, script = Path(folder) / "statements", Path(folder) / "post.lua"
        lines.write_bytes(b"\n".join(statements) + b"\n")
        script.write_text(SCRIPT)
        command = [
            "wrk", "--threads", "2", "--connections", "16", "--duration", f"{seconds}s",
            "--latency", "--script", str(script), f"http://127.0.0.1:{PORT}{url}", "--", str(lines),
        ]  # fmt: skip
        command += [token] if token else []
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    if told.stderr:
        sys.exit(f"{url}: {told.stderr[:2000]}")
    return {
        "rate": float(_found(r"Requests/sec:\s+([\d.]+)", told.stdout)),
        "p50": _milliseconds(_found(r"(?m)^\s+50%\s+(\S+)", told.stdout)),
        "p99": _milliseconds(_found(r"(?m)^\s+99%\s+(\S+)", told.stdout)),
    }


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"wrk said something else:\n{text}")
    return match.group(1)


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


if __name__ == "__main__":
    main()
