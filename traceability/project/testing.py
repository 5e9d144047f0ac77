"""`./test`: pytest, in an environment that names no real ledger."""

from __future__ import annotations

import os
import sys

from traceability.project.database import PROJECT_ROOT, embedded_environment


def main(arguments: list[str]) -> None:
    """Become pytest; the whole suite runs in two processes, a part of it in one."""
    for name in (*embedded_environment({}), "DEBUG", "PGMQ_CONNECTION"):
        os.environ.pop(name, None)
    os.chdir(PROJECT_ROOT)
    chosen = arguments or ["-n", "2", "--dist", "worksteal"]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *chosen])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
