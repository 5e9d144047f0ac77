"""A fresh ledger on a durable PostgreSQL, and signed statements to put in it."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]

ORGANIZATIONS = 64


@contextmanager
def fresh_ledger(*, peers: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the state directory of a new ledger; its database is gone afterwards.

    `peers` are Django apps that are only measured beside us.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        standing_ledger(Path(directory), peers=peers),
    ):
        yield Path(directory)


@contextmanager
def standing_ledger(state: Path, *, peers: Sequence[str] = ()) -> Iterator[bool]:
    """Keep the ledger in a state directory running, made where there is none; yield if it is new.

    New means that it has no genesis yet.
    """
    from traceability.project.database import embedded_database

    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_VERIFIER_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "LEDGER_STATE": str(state),
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "traceability.project.settings",
    }
    with embedded_database(os.environ, stop_with_parent=True):
        import django
        from django.conf import settings

        settings.INSTALLED_APPS += peers
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from traceability.models import Entry
        from traceability.project.settling import settle

        settle()  # as the served process does (project/wsgi.py)

        yield not Entry.objects.exists()
        from django.db import connections

        connections.close_all()


class Companies:
    """Companies with keys of their own, a mine each and one large lot to take from."""

    def __init__(self, count: int = ORGANIZATIONS, *, called: str = "company") -> None:
        from traceability.ledger.keys import new_private_key
        from traceability.models import Entry
        from traceability.registering import begin_ledger, enrolment, record_as_service

        if not Entry.objects.exists():
            begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
        self.keys = {f"{called}-{n}": new_private_key() for n in range(count)}
        record_as_service(
            [
                self.document(
                    "registry.organization",
                    "operator",
                    {
                        "organization": name,
                        "name": name,
                        "country": "CA",
                        "roles": ["company"],
                        "key": enrolment(key, name, held_by="organization"),
                    },
                )
                for name, key in self.keys.items()
            ]
        )
        self.record([self._facility(name) for name in self.keys])
        self.record([self._extraction(name) for name in self.keys])
        self._next = 0
        self.taken_from: list[str] = []  # lots of which `own_splits` takes

    def own_splits(self, count: int, *, lots: int = 64) -> list[bytes]:
        """Return signed splits of the first company, over lots of its own in turns."""
        name = next(iter(self.keys))
        if not self.taken_from:
            self.taken_from = self.own_lots(lots)
        return [self._split(name, self.taken_from[n % lots]) for n in range(count)]

    def own_lots(self, count: int) -> list[str]:
        """Record new lots of the first company; return their names."""
        name = next(iter(self.keys))
        self._next += 1
        lots = [f"{name}:B{self._next}-{n}" for n in range(count)]
        self.record([self._extraction(name, lot) for lot in lots])
        return lots

    def splits(self, count: int) -> list[bytes]:
        """Return signed splits, company after company: each takes from a lot and begins one."""
        names = list(self.keys)
        return [
            self._split(name, f"{name}:L") for name in (names[n % len(names)] for n in range(count))
        ]

    def _split(self, name: str, lot: str) -> bytes:
        self._next += 1
        quantity = {"value": "12.5", "unit": "kg", "basis": "wet"}
        body = {
            "facility": f"{name}:mine",
            "lot": lot,
            "parts": [{"lot": f"{name}:P{self._next}", "quantity": quantity}],
        }
        return self.sign(self.document("custody.split", name, body))

    def sign(self, document: dict[str, Any]) -> bytes:
        """Sign a document with its author's key."""
        from traceability.ledger.canonical import canonical
        from traceability.ledger.signing import STATEMENT_TYPE, sign_jws

        return sign_jws(canonical(document), self.keys[document["author"]], typ=STATEMENT_TYPE)

    def record(self, documents: Sequence[dict[str, Any]]) -> None:
        """Record documents, all of which must be accepted."""
        record_all([self.sign(document) for document in documents])

    @staticmethod
    def document(kind: str, author: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return a statement with an evidence reference, as real ones have."""
        from traceability.registering import statement_document

        evidence = [
            {"sha256": "ab" * 32, "title": "weighbridge ticket", "media_type": "text/plain"}
        ]
        effective = "2026-03-01T10:00:00-05:00"
        return statement_document(
            kind=kind, author=author, effective=effective, body=body, evidence=evidence
        )

    def _facility(self, name: str) -> dict[str, Any]:
        return self.document(
            "registry.facility",
            name,
            {
                "facility": f"{name}:mine",
                "name": "Mine",
                "types": ["mine"],
                "country": "CA",
                "operator": {"organization": name},
            },
        )

    def _extraction(self, name: str, called: str = "") -> dict[str, Any]:
        quantity = {"value": "90000000", "unit": "t", "basis": "wet"}
        lot = {
            "lot": called or f"{name}:L",
            "material": "copper_concentrate",
            "form": "concentrate",
            "quantity": quantity,
            "owners": [{"owner": {"organization": name}, "parts": 1}],
        }
        return self.document("custody.extraction", name, {"facility": f"{name}:mine", "lot": lot})


def record_all(statements: Sequence[bytes]) -> None:
    """Record signed statements in one batch, receipts signed; a refusal ends the benchmark."""
    from traceability.outcomes import sign_receipts
    from traceability.recording import Submission, record_statements

    outcomes = record_statements([Submission(jws=jws) for jws in statements], receipts=True)
    sign_receipts(outcomes)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def tell(**figures: object) -> None:
    """Print figures as one line of JSON."""
    print(json.dumps(figures), flush=True)  # noqa: T201 - the output of a script


def peak_megabytes() -> float:
    """Return the peak resident memory of this process."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds(directory: Path) -> float:
    """Return the CPU time of this process, of those it waited for, and of the database, so far.

    From `/proc`, and so on Linux only. `directory` is what `fresh_ledger` yields.
    """
    from traceability.project.embedded_postgres import Cluster

    times: dict[int, tuple[int, list[int]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                times[int(entry.name)] = int(fields[1]), [int(ticks) for ticks in fields[11:15]]
    server = Cluster(directory).pid
    ticks = sum(times[server][1]) if server else 0  # children that ended are in it
    ticks += sum(sum(used[:2]) for parent, used in times.values() if parent == server)
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")
