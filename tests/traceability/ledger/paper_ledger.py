"""A ledger on paper: the whole record without a database, honest or not, for tests."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from traceability.ledger import closure
from traceability.ledger.book import Book, Effects
from traceability.ledger.bundle import EarlierCheckpoint, ProofBundle, proven_entry
from traceability.ledger.canonical import canonical
from traceability.ledger.checkpoint import Checkpoint, sign_checkpoint
from traceability.ledger.decision import decide, decide_genesis
from traceability.ledger.entries import Subject, begin_subject, seal
from traceability.ledger.keys import PrivateKey
from traceability.ledger.kinds import KINDS
from traceability.ledger.merkle import consistency_proof, inclusion_proof, leaf_hash, tree_root
from traceability.ledger.notes import SignerKey
from traceability.ledger.possession import sign_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import Statement, parse_statement

ORIGIN = "paper.example/ledger"
WHEN = "2026-03-01T10:00:00-05:00"


def key_of(name: str) -> PrivateKey:
    return PrivateKey(seed=sha256(name.encode()).digest())


def enrolment(name: str, organization: str, origin: str = ORIGIN) -> dict:
    key = key_of(name)
    proof = sign_possession(key, ledger=origin, organization=organization)
    return {"jwk": key.public.as_jwk(), "possession": proof.decode(), "held_by": "organization"}


def tonnes(value: str, basis: str = "wet") -> dict:
    return {"value": value, "unit": "t", "basis": basis}


def new_lot(name: str, value: str) -> dict:
    owner = name.partition(":")[0]
    return {
        "lot": name,
        "material": "copper_concentrate",
        "form": "concentrate",
        "quantity": tonnes(value),
        "owners": [{"owner": {"organization": owner}, "parts": 1}],
    }


@dataclass
class Written:
    """A line of the paper ledger."""

    statement: Statement
    body: bytes
    hash: str
    subjects: tuple[str, ...]
    links: dict
    erased_at: int | None = None


class PaperLedger:
    """Entries in order, the book, the chains. `honest=False` writes what `decide` refuses."""

    def __init__(self, origin: str = ORIGIN, seed: str = "log") -> None:
        self.origin = origin
        self.signer = SignerKey(name=origin, private_key=key_of(seed))
        self.book = Book()
        self.subjects: dict[str, Subject] = {}
        self.written: list[Written] = []
        self.say(
            "registry.genesis",
            "operator",
            {
                "log_vkey": self.signer.verifier.vkey,
                "operator": {
                    "organization": "operator",
                    "name": "The operator",
                    "country": "CA",
                    "roles": ["operator"],
                },
                "key": enrolment("operator", "operator", origin),
            },
            effective="2026-01-01",
        )

    def sign(self, kind, author, body, *, effective=WHEN, key=None, **members) -> bytes:
        number = len(self.written) + members.pop("offset", 0)
        document = {
            "ledger": members.pop("ledger", self.origin),
            "id": str(UUID(int=number)),
            "kind": kind,
            "schema": 1,
            "author": author,
            "effective": effective,
            "body": body,
        } | members
        return sign_jws(canonical(document), key_of(key or author), typ=STATEMENT_TYPE)

    def say(
        self, kind, author, body, *, honest=True, subjects=None, disclosures=(), ledger=None, **more
    ) -> str:
        """Record a statement; returns the entry hash."""
        raw = self.sign(kind, author, body, ledger=ledger or self.origin, **more)
        statement = parse_statement(
            raw, kinds=KINDS, ledger=ledger or self.origin, disclosures=tuple(disclosures)
        )
        if not honest:
            touched = statement.subjects if subjects is None else tuple(sorted(subjects))
            effects = Effects(subjects=touched, lots={}, movements=(), consignments={})
        elif not self.written:
            effects = decide_genesis(statement)
        else:
            effects = decide(statement, self.book)
        return self._write(statement, effects, honest=honest)

    def _write(self, statement: Statement, effects: Effects, *, honest: bool) -> str:
        chained = [
            self.subjects.get(name) or begin_subject(name, sha256(name.encode()).digest()[:16])
            for name in effects.subjects
        ]
        number = len(self.written)
        entry = seal(
            statement,
            chained,
            salt=sha256(b"%d" % number).digest()[:16],
            received_at=f"2026-03-01T15:00:00.{number:06d}Z",
        )
        for subject in chained:
            self.subjects[subject.id] = Subject(
                id=subject.id, salt=subject.salt, chain=subject.chain, head=entry.hash
            )
        if honest:
            self.book.accept(statement, effects, entry.hash)
        self.written.append(
            Written(
                statement=statement,
                body=entry.body,
                hash=entry.hash,
                subjects=effects.subjects,
                links={s.chain: s.head for s in chained},
            )
        )
        return entry.hash

    def erase(self, entry: str) -> str:
        """Erase a statement's text."""
        done = self.say(
            "registry.erasure",
            "operator",
            {"entry": entry, "ground": "Article 17", "fields": ["everything"]},
            effective="2026-03-02",
            honest=False,
        )
        line = next(line for line in self.written if line.hash == entry)
        line.erased_at = len(self.written) - 1
        return done

    # ── what others get ───────────────────────────────────────────────────────────────────

    def leaves(self, size=None):
        return [leaf_hash(line.body) for line in self.written[:size]]

    def checkpoint(self, size=None) -> str:
        leaves = self.leaves(size)
        head = Checkpoint(origin=self.origin, size=len(leaves), root=tree_root(leaves))
        return sign_checkpoint(head, [self.signer])

    def bundle(self, lot: str, *, is_open=lambda line: True, since=(), size=None) -> ProofBundle:
        """Return the bundle of a lot for a reader who may read what `is_open` says."""
        archive = PaperArchive(self, is_open)
        found = closure.closure_of(lot, archive)
        leaves = self.leaves(size)
        entries = [
            proven_entry(
                index=index,
                body=line.body,
                proof=inclusion_proof(leaves, index),
                statement=line.statement.raw if archive.opens(line) else None,
                disclosures=line.statement.disclosures if archive.opens(line) else (),
                erased_at=line.erased_at,
            )
            for index, line in enumerate(self.written)
            if line.hash in found.entries
        ]
        named = {f"lot:{lot}"}
        for line in self.written:
            if line.hash in found.entries:
                hop = archive.hop("", line.hash)
                named |= hop.brings | (set(line.subjects) if hop.is_open else set())
        return ProofBundle(
            lot=lot,
            chain=self.subjects[f"lot:{lot}"].chain,
            checkpoint=self.checkpoint(size),
            entries=tuple(entries),
            subjects={n: self.subjects[n].salt for n in named if n in self.subjects},
            earlier=tuple(
                EarlierCheckpoint(
                    note=self.checkpoint(old), proof=tuple(consistency_proof(leaves, old))
                )
                for old in since
            ),
        )


class PaperArchive:
    """The paper ledger as the archive that a closure reads."""

    def __init__(self, ledger: PaperLedger, is_open) -> None:
        self.ledger = ledger
        self.is_open = is_open
        self.by_hash = {line.hash: line for line in ledger.written}

    def opens(self, line: Written) -> bool:
        if line.erased_at is not None:
            return False
        always = line.statement.kind in closure.KEY_KINDS | {"registry.erasure"}
        return always or self.is_open(line)

    def prefetch(self, chains) -> None:
        pass

    def handle(self, subject):
        found = self.ledger.subjects.get(subject)
        return found and found.chain

    def chain(self, chain):
        return [self.hop(chain, line.hash) for line in self.ledger.written if chain in line.links]

    def hop(self, chain, entry):
        line = self.by_hash[entry]
        brings = frozenset()
        if line.erased_at is not None:
            brings = closure.brought_by_erasure(line.hash)
        elif self.opens(line):
            brings = closure.brought_by(line.statement)
        return closure.Hop(
            hash=line.hash,
            kind=line.statement.kind,
            links=line.links,
            is_open=self.opens(line),
            brings=brings,
        )


# ── a story ───────────────────────────────────────────────────────────────────────────────


def company(ledger, name: str, *facilities: str, types=("mine", "smelter")) -> None:
    """Register a company with its key and facilities."""
    ledger.say(
        "registry.organization",
        "operator",
        {
            "organization": name,
            "name": name.title(),
            "country": "CA",
            "roles": ["company"],
            "key": enrolment(name, name, ledger.origin),
        },
        effective="2026-01-02",
    )
    for facility in facilities:
        ledger.say(
            "registry.facility",
            name,
            {
                "facility": facility,
                "name": facility,
                "types": list(types),
                "country": "CA",
                "operator": {"organization": name},
            },
            effective="2026-01-02",
        )


def extract(paper, lot="acme:L1", value="100", **more) -> str:
    body = {"facility": "acme:mine", "lot": new_lot(lot, value)}
    return paper.say("custody.extraction", "acme", body, **more)


def split(ledger, lot="acme:L1", part="acme:L2", value="40", *, author="acme", **more) -> str:
    body = {
        "facility": "acme:mine" if author == "acme" else "bolt:plant",
        "lot": lot,
        "parts": [{"lot": part, "quantity": tonnes(value)}],
    }
    return ledger.say("custody.split", author, body, **more)


def smelt(ledger, inputs, output="bolt:C", value="12", **more) -> str:
    body = {
        "facility": "bolt:plant",
        "stage": "smelting",
        "inputs": [
            {"lot": lot, "quantity": tonnes(amount), "role": "feed"} for lot, amount in inputs
        ],
        "outputs": [{**new_lot(output, value), "role": "product"}],
    }
    return ledger.say("custody.transformation", "bolt", body, **more)


def mine_and_buyer(ledger=None):
    """Acme mines and splits; Bolt buys a part, weighs it, and smelts it with its own."""
    ledger = ledger or PaperLedger()
    company(ledger, "acme", "acme:mine")
    company(ledger, "bolt", "bolt:plant")
    extract(ledger)
    split(ledger)
    ship(ledger, "acme:L2", "40")
    receive(ledger, "acme:L2", "39.9")
    ledger.say(
        "custody.introduction",
        "bolt",
        {"facility": "bolt:plant", "reason": "opening_stock", "lot": new_lot("bolt:S", "5")},
    )
    smelt(ledger, [("acme:L2", "30"), ("bolt:S", "5")])
    return ledger


def ship(ledger, lot, value, *, number=1, **more) -> str:
    return ledger.say(
        "custody.shipment",
        "acme",
        {
            "facility": "acme:mine",
            "consignment": f"acme:{number}",
            "consignee": {"organization": "bolt"},
            "lots": [{"lot": lot, "quantity": tonnes(value)}],
        },
        **more,
    )


def receive(ledger, lot, value, *, number=1, **more) -> str:
    return ledger.say(
        "custody.receipt",
        "bolt",
        {
            "facility": "bolt:plant",
            "consignment": f"acme:{number}",
            "lots": [{"lot": lot, "accepted": tonnes(value)}],
        },
        **more,
    )
