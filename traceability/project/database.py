"""The embedded mode: what the environment says where nobody set `DATABASE_URL`.

Production names everything in the environment. Without `DATABASE_URL` the same names are filled
from `.data/` (or `LEDGER_STATE`) beside the project: a private PostgreSQL, secrets made once and
readable by their owner only, an origin that starts with `demo.`, plain HTTP on the loopback
address. Whatever the environment does name wins. Standard library only.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path

from traceability.project.embedded_postgres import APP, OWNER, VERIFIER, Cluster

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEMO_ORIGIN = "demo.ledger.example"  # clock steps of scenarios need the prefix `demo.`


def is_embedded(environment: Mapping[str, str]) -> bool:
    """Tell whether this environment leaves the database to the project."""
    return not environment.get("DATABASE_URL")


def state_directory(environment: Mapping[str, str]) -> Path:
    """Return where the embedded mode keeps everything: delete it to start anew."""
    return Path(environment.get("LEDGER_STATE") or PROJECT_ROOT / ".data").resolve()


def embedded_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment`, completed with what the embedded mode provides; starts nothing.

    Where `.data/` was not prepared yet (a type checker, a test), secrets last as long as the
    process.
    """
    state = state_directory(environment)
    address = f"{environment.get('BIND', '127.0.0.1')}:{environment.get('PORT', '8000')}"
    provided = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]," + environment.get("BIND", "127.0.0.1"),
        "CELERY_BROKER_URL": "pgmq://localhost",  # the socket is in PGMQ_CONNECTION
        "GUARD_PATH": str(state / "guard" / "checkpoint"),
        "HTTPS": "0",
        "KEY_ENCRYPTION_KEY": _secret(state / "key_encryption_key"),
        "LEDGER_ORIGIN": DEMO_ORIGIN,
        "LOG_KEY_FILE": str(state / "log_key"),
        "SECRET_KEY": _secret(state / "secret_key"),
        "SITE_URL": f"http://{address}",
    }
    if is_embedded(environment):
        provided |= database_urls(Cluster(state))
    return provided | {name: value for name, value in environment.items() if value}


def database_urls(cluster: Cluster) -> dict[str, str]:
    """Return the addresses of the three roles of a cluster, under their settings' names."""
    return {
        "DATABASE_URL": cluster.url(APP),
        "DATABASE_OWNER_URL": cluster.url(OWNER),
        "DATABASE_VERIFIER_URL": cluster.url(VERIFIER),
    }


def prepare_state(state: Path) -> None:
    """Make the secrets of the embedded mode, once, readable by their owner only."""
    state.mkdir(parents=True, exist_ok=True)
    (state / "guard").mkdir(mode=0o700, exist_ok=True)
    for name in ("secret_key", "key_encryption_key", "log_key"):
        _write_once(state / name, _new_secret())


@contextmanager
def embedded_database(
    environment: MutableMapping[str, str], *, stop_with_parent: bool = False
) -> Iterator[Cluster]:
    """Complete `environment`, and keep the embedded database running inside the block.

    Attaches to a server that another command started. `environment` is `os.environ` for a
    command: settings read it when Django is set up, so this comes first.
    """
    state = state_directory(environment)
    cluster = Cluster(state)
    with cluster.running(stop_with_parent=stop_with_parent):
        prepare_state(state)
        environment.update(embedded_environment(environment))
        yield cluster


def _new_secret() -> str:
    """Return 32 random bytes in base64url, 43 characters and one of padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _secret(path: Path) -> str:
    return path.read_text().strip() if os.access(path, os.R_OK) else _new_secret()


def _write_once(path: Path, text: str) -> None:
    """Write a secret file that appears complete or not at all, and never replaces one."""
    if path.exists():
        return
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another command was first: its secret counts
        path.hardlink_to(unfinished)
    unfinished.unlink()
