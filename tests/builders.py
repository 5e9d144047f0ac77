"""What tests say to the ledger: plain functions with every default in sight.

A *claim* is a kind and a body; `statement` puts it into an envelope, `signed` signs that.
`Notebook` is a ledger without a database: signed statements are parsed and decided upon.
`Company` sends signed statements to the real one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

from traceability.ledger.book import Book, Effects
from traceability.ledger.canonical import canonical
from traceability.ledger.decision import decide, decide_genesis
from traceability.ledger.keys import PrivateKey
from traceability.ledger.kinds import KINDS
from traceability.ledger.possession import sign_possession
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws
from traceability.ledger.statements import Statement, parse_statement

ORIGIN = "demo.ledger.example"
WHEN = "2026-03-01T10:00:00-05:00"
DAY = "2026-01-02"
OPERATOR = "operator"

Claim = tuple[str, dict[str, Any]]


# ── keys and envelopes ────────────────────────────────────────────────────────────────────


def key_of(name: str) -> PrivateKey:
    return PrivateKey(seed=sha256(name.encode()).digest())


def enrolled(key: str, organization: str, *, ledger: str = ORIGIN) -> dict[str, Any]:
    """Return what enrols the key of that name for an organization."""
    private = key_of(key)
    proof = sign_possession(private, ledger=ledger, organization=organization)
    return {
        "jwk": private.public.as_jwk(),
        "possession": proof.decode(),
        "held_by": "organization",
    }


def statement(
    claim: Claim,
    author: str,
    *,
    effective: str | None = None,
    id: str | None = None,
    ledger: str = ORIGIN,
    **members: Any,
) -> dict[str, Any]:
    kind, body = claim
    return {
        "author": author,
        "body": body,
        "effective": effective or (WHEN if kind.startswith("custody.") else DAY),
        "id": id or str(uuid4()),
        "kind": kind,
        "ledger": ledger,
        "schema": 1,
    } | members


def signed(document: Mapping[str, Any], key: str | None = None) -> bytes:
    """Return a document as a compact JWS; the key is the author's where not named."""
    name = key or document["author"]
    return sign_jws(canonical(dict(document)), key_of(name), typ=STATEMENT_TYPE)


def understood(claim: Claim, author: str, **members: Any) -> Statement:
    """Return a claim as the ledger understands it after it was signed and sent."""
    raw = signed(statement(claim, author, **members))
    return parse_statement(raw, kinds=KINDS, ledger=ORIGIN)


# ── parts of bodies ───────────────────────────────────────────────────────────────────────


def quantity(value: str, unit: str = "t", basis: str = "wet", **more: str) -> dict[str, str]:
    return {"value": value, "unit": unit, "basis": basis} | more


def pieces(count: int) -> dict[str, str]:
    return quantity(str(count), unit="piece", basis="count")


def owned_by(*names: str, parts: Sequence[int] | None = None) -> list[dict[str, Any]]:
    return [
        {"owner": {"organization": name}, "parts": count}
        for name, count in zip(names, parts or [1] * len(names), strict=True)
    ]


def new_lot(
    lot: str,
    amount: str | dict[str, str] = "100",
    *,
    owners: list[dict[str, Any]] | None = None,
    material: str = "copper_concentrate",
    form: str = "concentrate",
    **more: Any,
) -> dict[str, Any]:
    return {
        "lot": lot,
        "material": material,
        "form": form,
        "quantity": _amount(amount),
        "owners": owners or owned_by(lot.partition(":")[0]),
    } | more


def taken(lot: str, amount: str | dict[str, str], **more: Any) -> dict[str, Any]:
    return {"lot": lot, "quantity": _amount(amount)} | more


def _amount(amount: str | dict[str, str]) -> dict[str, str]:
    return quantity(amount) if isinstance(amount, str) else amount


def _without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


# ── registry ──────────────────────────────────────────────────────────────────────────────


def genesis(operator: str = OPERATOR, *, log_vkey: str = "log", key: str | None = None) -> Claim:
    return "registry.genesis", {
        "log_vkey": log_vkey,
        "operator": {
            "organization": operator,
            "name": "Ledger operator",
            "country": "CA",
            "roles": ["operator", "registrar"],
        },
        "key": enrolled(key or operator, operator),
    }


def organization(
    name: str, *roles: str, key: str | None = None, country: str = "CA", **more: Any
) -> Claim:
    """Register an organization, with the key of its own name unless told otherwise."""
    body = {
        "organization": name,
        "name": name.title(),
        "country": country,
        "roles": list(roles or ("company",)),
        "key": enrolled(key or name, name),
    }
    return "registry.organization", _without_none(body | more)


def key(organization: str, new_key: str) -> Claim:
    return "registry.key", {"organization": organization, "key": enrolled(new_key, organization)}


def key_revocation(organization: str, revoked: str, **more: Any) -> Claim:
    body = {"organization": organization, "kid": key_of(revoked).kid, "reason": "stolen"}
    return "registry.key_revocation", body | more


def facility(
    name: str, *types: str, operator: dict[str, Any] | None = None, country: str = "CA", **more: Any
) -> Claim:
    return "registry.facility", {
        "facility": name,
        "name": name,
        "types": list(types or ("mine",)),
        "country": country,
        "operator": operator or {"organization": name.partition(":")[0]},
    } | more


def relationship(name: str, holder: str, target: str, **more: Any) -> Claim:
    return "registry.relationship", {
        "relationship": name,
        "holder": {"organization": holder},
        "nature": "ownership",
        "target_organization": target,
        "equity": "0.51",
    } | more


def audience(name: str, *members: str) -> Claim:
    return "registry.audience", {"audience": name, "members": list(members)}


def grant(
    name: str,
    auditor: str,
    *,
    until: str = "2027-01-01",
    facilities: Sequence[str] = (),
    lots: Sequence[str] = (),
) -> Claim:
    return "registry.grant", {
        "grant": name,
        "auditor": auditor,
        "until": until,
        "facilities": list(facilities),
        "lots": list(lots),
    }


def opening(
    name: str, *audience: str, own_name: bool = True, facilities: Sequence[str] = (), **more: Any
) -> Claim:
    return "registry.opening", {
        "opening": name,
        "own_name": own_name,
        "facilities": list(facilities),
        "audience": list(audience),
        "public": False,
    } | more


def erasure(entry: str, ground: str = "GDPR art. 17") -> Claim:
    return "registry.erasure", {"entry": entry, "ground": ground, "fields": []}


# ── custody ───────────────────────────────────────────────────────────────────────────────


def extraction(lot: str, amount: Any = "100", *, at: str = "", **more: Any) -> Claim:
    place = at or f"{lot.partition(':')[0]}:mine"
    lot_more = {name: more.pop(name) for name in ("owners", "assays", "material") if name in more}
    body = {"facility": place, "lot": new_lot(lot, amount, **lot_more)} | more
    return "custody.extraction", body


def introduction(lot: str, amount: Any = "100", *, at: str = "", **more: Any) -> Claim:
    place = at or f"{lot.partition(':')[0]}:mine"
    body = {"facility": place, "lot": new_lot(lot, amount), "reason": "opening_stock"}
    return "custody.introduction", body | more


def recovery(*outputs: str, inputs: Sequence[dict[str, Any]] = (), at: str, **more: Any) -> Claim:
    return "custody.recovery", {
        "facility": at,
        "feedstock": "post_consumer",
        "outputs": [new_lot(lot, "10") | {"role": "product"} for lot in outputs],
        "inputs": list(inputs),
    } | more


def transformation(
    inputs: Sequence[dict[str, Any]],
    outputs: Sequence[dict[str, Any]],
    *,
    at: str,
    stage: str = "smelting",
    **more: Any,
) -> Claim:
    return "custody.transformation", {
        "facility": at,
        "stage": stage,
        "inputs": [{"role": "feed"} | item for item in inputs],
        "outputs": [{"role": "product"} | item for item in outputs],
    } | more


def blend(inputs: Sequence[dict[str, Any]], output: dict[str, Any], *, at: str) -> Claim:
    return "custody.blend", {"facility": at, "inputs": list(inputs), "output": output}


def split(lot: str, *parts: dict[str, Any], at: str = "") -> Claim:
    place = at or f"{lot.partition(':')[0]}:mine"
    return "custody.split", {"facility": place, "lot": lot, "parts": list(parts)}


def assembly(inputs: Sequence[dict[str, Any]], output: dict[str, Any], *, at: str) -> Claim:
    return "custody.assembly", {
        "facility": at,
        "inputs": list(inputs),
        "output": output,
        "product": {"serial": "S-1", "model": "M", "category": "cell", "use_class": "traction"},
    }


def shipment(
    consignment: str,
    consignee: str | dict[str, Any],
    *lots: dict[str, Any],
    at: str = "",
    **more: Any,
) -> Claim:
    """Ship lots (`taken(…)`; a part says what it is taken `from`) to a company, or by name."""
    return "custody.shipment", {
        "facility": at or f"{consignment.partition(':')[0]}:mine",
        "consignment": consignment,
        "consignee": {"organization": consignee} if isinstance(consignee, str) else consignee,
        "lots": list(lots),
    } | more


def received(
    lot: str,
    accepted: str | None = None,
    rejected: str | None = None,
    rejected_lot: str | None = None,
) -> dict[str, Any]:
    body = {
        "lot": lot,
        "accepted": quantity(accepted) if accepted else None,
        "rejected": quantity(rejected) if rejected else None,
        "rejected_lot": rejected_lot,
    }
    return _without_none(body)


def receipt(consignment: str, *lots: dict[str, Any], at: str) -> Claim:
    return "custody.receipt", {"facility": at, "consignment": consignment, "lots": list(lots)}


def passing(
    lot: str, seller: str, buyer: str | dict[str, Any], amount: Any = None
) -> dict[str, Any]:
    to = {"organization": buyer} if isinstance(buyer, str) else buyer
    item = {"lot": lot, "from": {"organization": seller}, "to": to}
    return item if amount is None else item | {"quantity": _amount(amount)}


def transfer(*items: dict[str, Any]) -> Claim:
    return "custody.transfer", {"items": list(items)}


def assay(lot: str | None = None, **more: Any) -> Claim:
    return "custody.assay", _without_none(
        {
            "lot": lot,
            "laboratory": {"name": "Laboratory", "country": "CA"},
            "party": "seller",
            "method": "ICP-OES",
            "status": "provisional",
            "results": [{"element": "Cu", "value": "28", "unit": "percent", "basis": "dry"}],
        }
        | more
    )


def stocktake(*counts: dict[str, Any], at: str, reason: str = "yearly count") -> Claim:
    told = [{"reason": reason} | count for count in counts]
    return "custody.stocktake", {"facility": at, "counts": told}


def loss(lot: str, amount: Any, *, at: str = "", reason: str = "spill") -> Claim:
    place = at or f"{lot.partition(':')[0]}:mine"
    body = {"facility": place, "lot": lot, "quantity": _amount(amount), "reason": reason}
    return "custody.loss", body


def offer(*lots: str, to: Sequence[str], **more: Any) -> Claim:
    return "custody.offer", {"lots": list(lots), "audience": list(to)} | more


def withdrawal(offered: str, *lots: str) -> Claim:
    return "custody.withdrawal", {"offer": offered, "lots": list(lots)}


def correction(
    replaces: str, by: Claim, *lots: str, effective: str = WHEN, reason: str = "typing error"
) -> Claim:
    return "custody.correction", {
        "replaces": replaces,
        "reason": reason,
        "lots": list(lots),
        "replacement": {"effective": effective, "body": by[1]},
    }


def void(replaces: str, *lots: str, reason: str = "never happened") -> Claim:
    return "custody.void", {"replaces": replaces, "reason": reason, "lots": list(lots)}


# ── a ledger without a database ───────────────────────────────────────────────────────────


@dataclass
class Notebook:
    """Decides on signed statements in order; a refused one raises and changes nothing."""

    book: Book = field(default_factory=lambda: Book(is_admitting=True))
    entries: int = 0
    effects: Effects | None = None  # of the last statement

    def says(self, author: str, claim: Claim, *, key: str | None = None, **members: Any) -> str:
        """Return the hash under which the statement is known from now on."""
        raw = signed(statement(claim, author, **members), key)
        told = parse_statement(raw, kinds=KINDS, ledger=ORIGIN)
        self.effects = decide(told, self.book) if self.entries else decide_genesis(told)
        self.entries += 1
        entry = sha256(b"%d" % self.entries).hexdigest()
        self.book.accept(told, self.effects, entry)
        return entry

    def amount(self, lot: str) -> int:
        return self.book.lots[lot].amount


def notebook(*companies: str) -> Notebook:
    """Return a ledger that has begun, with companies that have a mine and a smelter each."""
    notes = Notebook()
    notes.says(OPERATOR, genesis())
    for name in companies:
        notes.says(OPERATOR, organization(name))
        notes.says(name, facility(f"{name}:mine", "mine", "recycler"))
        notes.says(name, facility(f"{name}:smelter", "smelter", "cell"))
    return notes


# ── the real ledger ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Company:
    """An organization with its own key, as the real ledger knows it."""

    name: str

    def submission(self, claim: Claim, *, key: str | None = None, **members: Any) -> Any:
        from traceability.recording import Submission

        return Submission(jws=signed(statement(claim, self.name, **members), key or self.name))

    def sends(self, *claims: Claim, atomic: bool = False, **members: Any) -> list[Any]:
        """Send claims as one batch and return what became of each."""
        from traceability.recording import record_statements

        batch = [self.submission(claim, **members) for claim in claims]
        return record_statements(batch, atomic=atomic)

    def records(self, *claims: Claim, **members: Any) -> list[str]:
        """Send claims that are all accepted; return their entry hashes."""
        outcomes = self.sends(*claims, **members)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return [outcome.entry for outcome in outcomes]

    def is_refused(self, claim: Claim, **members: Any) -> Any:
        """Send a claim that must be refused and return the error."""
        [outcome] = self.sends(claim, **members)
        assert outcome.error is not None, f"{claim[0]} was recorded"
        return outcome.error
