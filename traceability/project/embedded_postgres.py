"""A private PostgreSQL beside the project: no root, no container, no system service.

The server listens on a Unix socket in a fresh directory that nobody else may enter, never on
TCP, and admits (`peer`) only the account that runs the project. Several processes may use one
cluster at a time: the first starts the server, the last one out stops it, and neither a stale
pid file nor a stale socket is an obstacle. Standard library only.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from traceability.errors import PostgresFailed, StateDirectoryNotUsable, WrongPostgresVersion
from traceability.project.postgres_binaries import (
    READABLE_ROOT,
    Account,
    find_binaries,
    major_version,
    run_program,
    server_account,
)

SUPERUSER = "postgres"
OWNER, APP, VERIFIER = "ledger_owner", "ledger_app", "ledger_verifier"
BROKER = "ledger_broker"
LEDGER_DATABASE = "ledger"
BROKER_DATABASE = "broker"
ROLES_SQL = Path(__file__).with_name("roles.sql")

START_SECONDS = 60  # crash recovery of a demo ledger takes seconds; a minute means it is stuck
DURABLE = ("listen_addresses=", "max_connections=80", "shared_buffers=64MB")
# Survives a killed server, as production does, but not a power cut.
THROWAWAY = (*DURABLE, "fsync=off", "full_page_writes=off")


class Cluster:
    """One PostgreSQL data directory and the server that runs on it.

    Args:
        state: the directory that keeps the data, the server's log and the lock files.
        throwaway: trade durability for speed; for tests only.
    """

    def __init__(self, state: Path, *, throwaway: bool = False) -> None:
        self.state = state
        self.throwaway = throwaway
        self._server: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None  # stays the same when a server must be started again

    @property
    def data(self) -> Path:
        """Return the PostgreSQL data directory."""
        moved = self.state / "postgres.location"
        return Path(moved.read_text().strip()) if moved.exists() else self.state / "postgres"

    @property
    def log(self) -> Path:
        """Return the file to which the server writes its messages."""
        return self.state / "postgres.log"

    @property
    def pid(self) -> int | None:
        """Return the process id of the server on this data directory, or None."""
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(self._pid_file()[0])
            return pid if _is_server(pid, self.data) else None
        return None

    def is_ready(self) -> bool:
        """Tell whether a server on this data directory takes connections."""
        with suppress(FileNotFoundError, IndexError):
            return self.pid is not None and self._pid_file()[7].strip() == "ready"
        return False

    def url(self, role: str, database: str = LEDGER_DATABASE) -> str:
        """Return the address of a database for a role, as libpq and Django read it."""
        return f"postgresql://{role}@{quote(self.socket_directory, safe='')}/{database}"

    @contextmanager
    def running(self, *, stop_with_parent: bool = False) -> Iterator[None]:
        """Keep the server running inside the block; the last user to leave stops it.

        With `stop_with_parent`, a server started here also stops when this process is killed.

        Raises:
            NoPostgresFound, PostgresFailed, WrongPostgresVersion, StateDirectoryNotUsable
        """
        _make_state_directory(self.state)
        with (self.state / "users.lock").open("ab") as users:
            with self._starting_or_stopping():
                fcntl.flock(users, fcntl.LOCK_SH)
                self.start(stop_with_parent=stop_with_parent)
            try:
                yield
            finally:
                with self._starting_or_stopping():
                    if _is_last_user(users.fileno()):
                        self.stop()

    def start(self, *, stop_with_parent: bool = False) -> None:
        """Start the server unless it runs; make the cluster, databases and roles first."""
        if self.is_ready():
            return
        last, self._server = self._server, None
        self._wait(lambda: not _is_occupied(self.data), step="the end of the last server")
        if last:  # ours, and killed by somebody: what it left is gone by now
            last.wait(START_SECONDS)
        self._clear_stale_files()
        account, binaries = self._make_cluster()

        options = [f"unix_socket_directories={self._make_socket_directory(account)}"]
        options += THROWAWAY if self.throwaway else DURABLE
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - a program of `find_binaries`
                [binaries / "postgres", "-D", self.data, *(f"--{name}" for name in options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us, who stop the server in order
                preexec_fn=die_with_parent(signal.SIGINT) if stop_with_parent else None,
                **account.switch,
            )
        self._wait(self.is_ready, step="postgres")
        self._make_databases()

    def stop(self) -> None:
        """Stop the server in order (open transactions are rolled back)."""
        pid, directory = self.pid, self.socket_directory
        if pid is not None:
            os.kill(pid, signal.SIGINT)
        if self._server:  # ours, and perhaps killed by somebody
            self._server.wait(START_SECONDS)
            self._server = None
        self._wait(lambda: self.pid is None, step="shutdown")
        if pid is not None:
            shutil.rmtree(directory, ignore_errors=True)

    def sql(self, text: str, *, database: str = "postgres", role: str = SUPERUSER) -> str:
        """Run SQL (psql's dialect), stop at the first error, return what it printed."""
        psql = find_binaries(server_account(self.data)) / "psql"
        options = ("-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.socket_directory)
        return run_program(psql, *options, "-U", role, "-d", database, "-f", "-", text=text)

    def install_broker(self) -> str:
        """Make the message broker's own database, once, and return libpq's words for it."""
        self._create_database(BROKER_DATABASE)
        self.sql(_create_role(BROKER) + f"ALTER DATABASE {BROKER_DATABASE} OWNER TO {BROKER};")
        if not self.sql("SELECT to_regnamespace('pgmq')", database=BROKER_DATABASE):
            from pgmq.install import get_embedded_install_sql  # only in the embedded set-up

            script = f"BEGIN;\n{get_embedded_install_sql()}\nCOMMIT;\n"
            self.sql(script, database=BROKER_DATABASE, role=BROKER)
        return f"host={self.socket_directory} user={BROKER} dbname={BROKER_DATABASE}"

    # ── making ────────────────────────────────────────────────────────────────────────────

    def _make_cluster(self) -> tuple[Account, Path]:
        account = server_account(self.data)
        binaries = find_binaries(account)
        if (self.data / "PG_VERSION").exists():
            made_by = int((self.data / "PG_VERSION").read_text())
            if made_by != major_version(binaries):
                raise WrongPostgresVersion(
                    data_version=made_by, binaries_version=major_version(binaries)
                )
            return account, binaries
        self._choose_reachable_place(account)
        fresh = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(fresh, ignore_errors=True)  # an interrupted first run
        fresh.mkdir(mode=0o700)
        os.chown(fresh, account.uid, account.gid)

        options = ["-U", SUPERUSER, "-A", "peer", "-E", "UTF8", "--locale=C"]
        if major_version(binaries) >= 17:  # text sorts alike on every machine
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--no-sync"] if self.throwaway else []
        run_program(binaries / "initdb", "-D", fresh, *options, account=account)
        _admit_ourselves(fresh, account)
        fresh.rename(self.data)  # from here on the cluster is complete
        return account, binaries

    def _choose_reachable_place(self, account: Account) -> None:
        if account.can_enter(self.state):
            return
        READABLE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="data-", dir=READABLE_ROOT))
        place.chmod(0o755)
        (self.state / "postgres.location").write_text(f"{place / 'postgres'}\n")

    def _make_socket_directory(self, account: Account) -> Path:
        """Return a directory only our account may enter; a restart reuses its own."""
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="ledger-", dir=_short_directory()))
            (self.state / "sockets").write_text(f"{self._sockets}\n")
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        os.chown(self._sockets, account.uid, account.gid)
        return self._sockets

    def _make_databases(self) -> None:
        self._create_database(LEDGER_DATABASE)
        self.sql(ROLES_SQL.read_text(), database=LEDGER_DATABASE)

    def _create_database(self, name: str) -> None:
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608
            self.sql(f"CREATE DATABASE {name}")

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def _pid_file(self) -> list[str]:
        # pid, data directory, start time, port, socket directory, address, memory, state
        return (self.data / "postmaster.pid").read_text().split("\n")

    @property
    def socket_directory(self) -> str:
        """Return the directory of the socket; without a server, where libpq will miss it."""
        with suppress(FileNotFoundError, IndexError):
            return self._pid_file()[4]
        return str(self.data)

    def _clear_stale_files(self) -> None:
        """Forget a server that was killed: its pid may belong to another program by now."""
        with suppress(FileNotFoundError):
            left = Path((self.state / "sockets").read_text().strip())
            shutil.rmtree(left, ignore_errors=True)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _wait(self, until: Callable[[], bool], *, step: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not until():
            died = self._server is not None and self._server.poll() is not None
            if died or time.monotonic() > deadline:
                raise PostgresFailed(step=step, told=_last_words(self.log))
            time.sleep(0.02)

    @contextmanager
    def _starting_or_stopping(self) -> Iterator[None]:
        with (self.state / "start.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def die_with_parent(with_signal: int) -> Callable[[], None] | None:
    """Return what a child runs before it starts, to be told when its parent is killed (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of linux/prctl.h
    return lambda: prctl(set_parent_death_signal, with_signal)


def _make_state_directory(state: Path) -> None:
    try:
        if not state.exists():
            state.mkdir(parents=True)
            state.chmod(0o711)  # the server's account passes through, whatever the umask
        (state / "users.lock").touch()
    except OSError as error:
        raise StateDirectoryNotUsable(path=str(state), because=error.strerror or "") from error


def _admit_ourselves(data: Path, account: Account) -> None:
    """Let exactly our account, and the server's, be any role; root may be either."""
    people = {account.name, pwd.getpwuid(os.geteuid()).pw_name, "root"}
    roles = (SUPERUSER, OWNER, APP, VERIFIER, BROKER)
    lines = [f'ledger "{person}" {role}\n' for person in sorted(people) for role in roles]
    (data / "pg_ident.conf").write_text("".join(lines))
    (data / "pg_hba.conf").write_text("local all all peer map=ledger\n")


def _create_role(name: str) -> str:
    return (
        f"SELECT 'CREATE ROLE {name} LOGIN' "  # noqa: S608 - a constant of this module
        f"WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec\n"
    )


def _is_server(pid: int, data: Path) -> bool:
    """Tell whether `pid` is a PostgreSQL on `data`: a server works in its data directory."""
    try:
        os.kill(pid, 0)
        return not Path("/proc/self").exists() or Path(f"/proc/{pid}/cwd").readlink() == data
    except OSError:
        return False


def _is_occupied(data: Path) -> bool:
    """Tell whether any process still works in `data`: a killed server's children outlive it."""
    return any(_is_server(int(entry.name), data) for entry in Path("/proc").glob("[1-9]*"))


def _is_last_user(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _short_directory() -> str:
    # The path of a socket has at most 107 bytes; a long TMPDIR would break it.
    return "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()  # noqa: S108


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-800:].strip() if log.exists() else "no log"
