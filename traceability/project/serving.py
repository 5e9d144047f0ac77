"""`./run`: the embedded database, the demo, the site and its background worker, until Ctrl-C.

Every step may be interrupted and run again. Children are told to stop in order; when this
process is killed, the kernel tells them (`die_with_parent`).
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from traceability.errors import AddressInUse, AlreadyServing, SettingMissing, TraceabilityError
from traceability.project.database import (
    PROJECT_ROOT,
    embedded_database,
    embedded_environment,
    is_embedded,
    prepare_state,
    state_directory,
)
from traceability.project.embedded_postgres import Cluster, die_with_parent
from traceability.project.installation import listen_to_signals, say

SECONDS_TO_START = 60
SECONDS_TO_STOP = 15

WEB = (
    *("gunicorn", "traceability.project.wsgi:application", "--worker-class", "gthread"),
    *("--workers", "2", "--threads", "8", "--timeout", "120", "--graceful-timeout", "10"),
    *("--no-control-socket", "--log-level", "warning"),
)
WORKER = (  # the name is short because pgmq allows queue names of 47 characters
    *(
        "celery",
        "--quiet",
        "-A",
        "traceability.project",
        "worker",
        "-B",
        "-c",
        "1",
        "-n",
        "worker@ledger",
    ),
    *("--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel", "WARNING"),
)


def main(arguments: list[str]) -> None:
    """Run the demo and serve it; end with status 0 after Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="./run", description=__doc__.split("\n")[0])
    parser.add_argument("--no-serve", action="store_true", help="stop after the verdict table")
    chosen = parser.parse_args(arguments)
    os.chdir(PROJECT_ROOT)
    listen_to_signals()
    try:
        run(serve=not chosen.no_serve)
    except KeyboardInterrupt:
        say("Stopped. Nothing is lost: ./run continues where it was.")
    except TraceabilityError as error:
        sys.exit(f"{error}\n{error.hint}")


def run(*, serve: bool) -> None:
    """Bring the ledger up to date, show the demo's verdicts, and serve until told to stop."""
    address = (os.environ.get("BIND") or "127.0.0.1", os.environ.get("PORT") or "8000")
    state = state_directory(os.environ)
    with ExitStack() as stack:
        if serve:
            stack.enter_context(_the_only_one_serving(state, _shown(address)))
            _verify_address_is_free(address)
            _verify_broker_is_named()
        cluster = stack.enter_context(_database())
        with _one_at_a_time(state / "prepare.lock"):
            _manage("Bringing the database up to date …", "migrate", "--verbosity", "0")
            _manage("Replaying the demo …", "demo")
        if serve:
            if cluster:
                os.environ["PGMQ_CONNECTION"] = cluster.install_broker()
            _serve(address, state, cluster)


@contextmanager
def _database() -> Iterator[Cluster | None]:
    """Complete the environment: by an embedded database, or around one that it names."""
    if is_embedded(os.environ):
        say("Starting the embedded PostgreSQL …")
        with embedded_database(os.environ, stop_with_parent=True) as cluster:
            yield cluster
    else:
        prepare_state(state_directory(os.environ))
        os.environ.update(embedded_environment(os.environ))
        yield None


def _manage(told: str, *arguments: str) -> None:
    """Run a management command in its own process, and stop where it fails."""
    say(told)
    command = [sys.executable, "manage.py", *arguments]
    parting = die_with_parent(signal.SIGTERM)
    done = subprocess.run(command, check=False, preexec_fn=parting)  # noqa: S603
    if done.returncode:
        sys.exit(f"`manage.py {arguments[0]}` failed; after a correction, ./run continues.")


def _serve(address: tuple[str, str], state: Path, cluster: Cluster | None) -> None:
    """Run web and worker until one of them ends, or we are told to stop.

    A database that was killed is started again where it was; both find it there.
    """
    say("Starting the web server and the background worker …")
    schedule = ("--schedule", str(state / "celerybeat-schedule"))
    with _child(*WEB, "--bind", ":".join(address)) as web, _child(*WORKER, *schedule) as worker:
        _wait_until_answering(web, address)
        say(f"Serving http://{_shown(address)}/ — stop with Ctrl-C.")
        try:
            while web.poll() is None and worker.poll() is None:
                if cluster and not cluster.is_ready():
                    say("The embedded PostgreSQL ended unexpectedly: starting it again …")
                    cluster.start(stop_with_parent=True)
                time.sleep(0.5)
        except KeyboardInterrupt:
            say("\nStopping; what is running finishes first …")
            web.terminate()
            raise
        who = "web server" if web.poll() is not None else "background worker"
        sys.exit(f"The {who} ended unexpectedly; ./run starts everything again.")


@contextmanager
def _child(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of the environment beside us; ask it to stop at the end, then insist."""
    quiet = "ignore:You're running the worker with superuser privileges"
    process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [Path(sys.executable).with_name(program), *arguments],
        start_new_session=True,  # Ctrl-C is for us, who stop them in order
        preexec_fn=die_with_parent(signal.SIGTERM),
        env={**os.environ, "PYTHONWARNINGS": quiet},
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(SECONDS_TO_STOP)
        with suppress(ProcessLookupError):  # it, or what it left behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_answering(web: subprocess.Popen[bytes], address: tuple[str, str]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while web.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(_reachable(address), timeout=1):
            return
        time.sleep(0.1)
    sys.exit("The web server did not start; its reason stands above.")


def _verify_address_is_free(address: tuple[str, str]) -> None:
    """Find a taken port before a minute of work, not after.

    Raises:
        AddressInUse: another program listens there, or the port is not one.
    """
    try:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address[0].strip("[]"), int(address[1])))
    except (OSError, ValueError, OverflowError) as error:
        raise AddressInUse(address=_shown(address), because=str(error)) from error


def _verify_broker_is_named() -> None:
    """Find out early that a database of one's own needs a broker of one's own.

    Raises:
        SettingMissing: background work would have no way to begin.
    """
    if not (is_embedded(os.environ) or os.environ.get("CELERY_BROKER_URL")):
        raise SettingMissing(name="CELERY_BROKER_URL")


def _reachable(address: tuple[str, str]) -> tuple[str, int]:
    host = address[0].strip("[]")
    return ("127.0.0.1" if host == "0.0.0.0" else host, int(address[1]))  # noqa: S104


def _shown(address: tuple[str, str]) -> str:
    return ":".join(address)


@contextmanager
def _the_only_one_serving(state: Path, shown: str) -> Iterator[None]:
    """Hold the lock of the serving process; the file says who that is.

    Raises:
        AlreadyServing: another process holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711)
    with (state / "serving.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServing(told=lock.read().strip()) from None
        lock.truncate(0)
        lock.write(f"http://{shown}/, process {os.getpid()}")
        lock.flush()
        yield


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main(sys.argv[1:])
