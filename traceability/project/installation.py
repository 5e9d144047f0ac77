"""From a bare Python 3.11 to a virtual environment that holds exactly the lock file.

Runs on the system's Python, so standard library only. Every step may be interrupted and run
again: a lock file counts as installed when its stamp was written, which happens last, and an
environment in which an installation was cut short is made anew.

    python3 -m traceability.project.installation LOCK MODULE [arguments of the module]
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from traceability.errors import InstallationFailed, TraceabilityError
from traceability.project.database import PROJECT_ROOT
from traceability.project.embedded_postgres import die_with_parent

UNFINISHED = "unfinished"  # stands in the environment while something is being installed
MADE_FOR = "made-for"  # the place and the Python that it was made for
PLACE = "import sys, sysconfig; sys.version_info < (3, 11) or print(sysconfig.get_path('purelib'))"
SCRIPT = """\
#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""


def main(arguments: list[str]) -> None:
    """Install a lock file where needed, then become the module that was asked for."""
    lock, module, *rest = arguments
    listen_to_signals()
    try:
        python = ensure_installed(PROJECT_ROOT, lock)
    except TraceabilityError as error:
        sys.exit(f"{error}\n{error.hint}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; running it again continues.")
    os.execv(python, [str(python), "-m", module, *rest])  # noqa: S606 - no shell wanted


def ensure_installed(root: Path, lock: str) -> Path:
    """Make `.venv` below `root` hold what `lock` says, and return its Python.

    Raises:
        InstallationFailed: the environment cannot be made or a library not be installed.
    """
    environment = root / ".venv"
    python = environment / "bin" / "python"
    with (root / lock).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two first runs at once take turns
        wanted = hashlib.sha256(file.read()).hexdigest()
        stamp = environment / f"{lock}.installed"
        if _is_sound(environment) and stamp.exists() and stamp.read_text() == wanted:
            return python

        pip = _environment_with_pip(environment)
        (environment / UNFINISHED).touch()
        (environment / MADE_FOR).write_text(_packages(environment))
        _install(pip, root / lock)
        _link_project(environment, root)
        stamp.write_text(wanted)
        (environment / UNFINISHED).unlink()  # from here on the environment is complete
    return python


def listen_to_signals() -> None:
    """End by `KeyboardInterrupt`, in order, however we are told to stop.

    Also where SIGINT was ignored when we started, as a shell does for what it starts with `&`.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)


def say(line: str) -> None:
    """Tell the person who waits what happens, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_sound(environment: Path) -> bool:
    """Tell whether an environment is complete, runs, and is where and what it was made for.

    A copied one has scripts that name a Python elsewhere; after an upgrade of Python the
    libraries are in the directory of the old one.
    """
    packages, made_for = _packages(environment), environment / MADE_FOR
    moved = made_for.exists() and made_for.read_text() != packages
    return bool(packages) and not moved and not (environment / UNFINISHED).exists()


def _packages(environment: Path) -> str:
    """Return where an environment keeps its libraries; empty when it does not run (any more)."""
    return _output(environment / "bin" / "python", "-c", PLACE) or ""


def _works(python: str | Path, *arguments: str) -> bool:
    return _output(python, *arguments) is not None


def _output(python: str | Path, *arguments: str) -> str | None:
    try:
        command = [str(python), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _environment_with_pip(environment: Path) -> list[str]:
    """Return the pip command for a sound environment, made anew where there is none."""
    python = environment / "bin" / "python"
    outside = [sys.executable, "-m", "pip", "--python", str(python)]
    if _is_sound(environment):
        if _works(python, "-m", "pip", "--version"):
            return [str(python), "-m", "pip"]
        if _works(sys.executable, *outside[1:], "--version"):
            return outside

    say("Making the virtual environment .venv …")
    if environment.is_symlink():  # what it leads to is somebody else's, and not ours to clear
        environment.unlink()
    make = [sys.executable, "-m", "venv", "--clear"]
    if _works(sys.executable, *make[1:], str(environment)):
        return [str(python), "-m", "pip"]
    # Debian and Ubuntu split ensurepip off into python3-venv; the system's pip can do its work.
    if _works(sys.executable, *make[1:], "--without-pip", str(environment)) and _works(
        Path(sys.executable), *outside[1:], "--version"
    ):
        return outside
    shutil.rmtree(environment, ignore_errors=True)
    raise InstallationFailed(step="python3 -m venv (install python3-venv, or pip 22.3 or newer)")


def _install(pip: list[str], lock: Path) -> None:
    """Install the lock file by its hashes, telling every few seconds how far it is."""
    packages = sum("==" in line for line in lock.read_text().splitlines())
    say(f"Installing {packages} libraries from {lock.name}, once (up to a minute) …")
    began = told = time.monotonic()
    collected = 0
    options = ["--require-hashes", "--no-input", "--disable-pip-version-check", "-r", str(lock)]
    with subprocess.Popen(  # noqa: S603 - pip of our own environment
        [*pip, "install", "--progress-bar", "off", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # or it writes on while the next run clears
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line)
            collected += line.startswith("Collecting")
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"  … {collected} of {packages} fetched, {told - began:.0f} s")
    if process.returncode:
        say("".join(lines[-12:]).rstrip())
        raise InstallationFailed(step=f"pip install -r {lock.name}")
    say(f"  … done in {time.monotonic() - began:.0f} s")


def _link_project(environment: Path, root: Path) -> None:
    """Make the checkout importable in the environment, and its commands callable."""
    pth = Path(_packages(environment)) / "mineral_traceability_ledger.pth"
    pth.write_text(f"{root}\n")
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    for name, target in project["scripts"].items():
        module, function = target.split(":")
        script = environment / "bin" / name
        python = environment / "bin" / "python"
        script.write_text(SCRIPT.format(python=python, module=module, function=function))
        script.chmod(0o755)


if __name__ == "__main__":
    main(sys.argv[1:])
