"""Reads for people: where an entry stands, what a statement says, how the log has grown."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from traceability import guarding
from traceability.errors import TraceabilityError
from traceability.keeping import log_verifier
from traceability.ledger.disclosures import hidden_values, partially_reveal
from traceability.ledger.signing import STATEMENT_TYPE, parse_jws
from traceability.ledger.vocabulary import KeyHolder
from traceability.models import (
    Checkpoint,
    Entry,
    EntrySubject,
    LogIndex,
    Pending,
    StatementText,
)
from traceability.tracing import log_state, published_size

STATES = {
    "recorded": _("recorded"),
    "sequenced": _("sequenced"),
    "published": _("published"),
}
GROWTH_POINTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an entry stands: its log index, once it has one, and what that is worth."""

    state: Literal["recorded", "sequenced", "published"]
    index: int | None

    @property
    def text(self) -> str:
        """Return the state as people read it."""
        return str(STATES[self.state])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """An entry in the chain of one subject, with the hash of the entry before it."""

    entry: Entry
    previous: str | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSummary:
    """A chain in four numbers: entries, published ones, the checkpoint's size, service keys."""

    entries: int
    published: int
    checkpoint: int
    by_service: int

    @property
    def is_published(self) -> bool:
        """Tell whether a signed checkpoint commits to every entry."""
        return self.entries == self.published > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a statement as people read it: how deep, which member, which value.

    `is_hidden` says that only a digest is signed and the value is not shown; `was_hidden`
    that the value was disclosed beside the statement.
    """

    depth: int
    label: str
    text: str
    is_hidden: bool = False
    was_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHealth:
    """The log at a glance. `disagreement` is the guard's complaint, or empty."""

    origin: str
    vkey: str
    size: int
    root: str
    pending: int
    newest: Checkpoint | None
    guard_size: int | None
    disagreement: str
    hint: str


def standing(index: int | None, published: int) -> Standing:
    """Return the standing of an entry with this index (None: not sequenced)."""
    if index is None:
        return Standing(state="recorded", index=None)
    return Standing(state="published" if index < published else "sequenced", index=index)


def standings(orders: Iterable[int]) -> dict[int, Standing]:
    """Return the standing of each entry by its recorded order, in two queries."""
    wanted = list(orders)
    published = published_size()
    found = LogIndex.objects.filter(recorded_order__in=wanted)
    indices = dict(found.values_list("recorded_order", "index"))
    return {order: standing(indices.get(order), published) for order in wanted}


def chain_of(subject: str, *, newest: int | None = None) -> list[ChainLink]:
    """Return the entries of a subject's chain, oldest first; only the newest so many if told."""
    links = list(EntrySubject.objects.filter(subject=subject).order_by("-recorded_order")[:newest])
    entries = Entry.objects.in_bulk([link.recorded_order for link in links])
    stands = standings(entries)
    return [
        ChainLink(
            entry=entries[link.recorded_order],
            previous=link.previous,
            standing=stands[link.recorded_order],
        )
        for link in reversed(links)
    ]


def summary_of(links: Sequence[ChainLink]) -> ChainSummary:
    """Return how much of a chain is published, and in whose hands the keys were."""
    return ChainSummary(
        entries=len(links),
        published=sum(link.standing.state == "published" for link in links),
        checkpoint=published_size(),
        by_service=sum(link.entry.held_by == KeyHolder.SERVICE for link in links),
    )


def subjects_of(entry: Entry) -> list[EntrySubject]:
    """Return the links of an entry: each subject it touches and the entry before."""
    found = EntrySubject.objects.filter(recorded_order=entry.recorded_order)
    return list(found.order_by("subject"))


def statement_lines(entry: Entry) -> list[Line]:
    """Return what a statement says, line by line; empty where its text was erased."""
    text = StatementText.objects.filter(recorded_order=entry.recorded_order).first()
    if text is None:
        return []
    document = json.loads(parse_jws(text.jws.encode(), typ=STATEMENT_TYPE).payload)
    hidden = set(hidden_values(document).values())
    return list(_outline(partially_reveal(document, text.disclosures), hidden))


def log_health() -> LogHealth:
    """Return the log's size, newest checkpoint, waiting entries and whether the guard agrees."""
    state, disagreement, hint, guarded = log_state(), "", "", None
    try:
        guarded = guarding.guarded_checkpoint()
        guarding.verify_guard(state)
    except TraceabilityError as error:
        disagreement, hint = str(error), error.hint
    return LogHealth(
        origin=log_verifier().name,
        vkey=log_verifier().vkey,
        size=state.size,
        root=state.root,
        pending=Pending.objects.count(),
        newest=Checkpoint.objects.order_by("-size").first(),
        guard_size=guarded.size if guarded else None,
        disagreement=disagreement,
        hint=hint,
    )


def log_growth() -> list[tuple[datetime, int]]:
    """Return when the log had which size, at most `GROWTH_POINTS` of them, oldest first."""
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))
    step = max(1, -(-len(sizes) // GROWTH_POINTS))
    chosen = {*sizes[::step], *sizes[-1:]}
    rows = Checkpoint.objects.filter(size__in=chosen).order_by("size")
    return list(rows.values_list("published_at", "size"))


def _outline(value: Any, hidden: set[str], *, at: str = "$", depth: int = 0) -> Iterable[Line]:
    """Walk a document in its own order; lists are numbered from one."""
    items: Iterable[tuple[str, str, Any]]
    if isinstance(value, Mapping):
        items = [(name.replace("_", " "), f"{at}.{name}", item) for name, item in value.items()]
    else:
        items = [(str(n + 1), f"{at}[{n}]", item) for n, item in enumerate(value)]
    for label, path, item in items:
        was_hidden = path in hidden
        if isinstance(item, Mapping) and item.keys() == {"sd"}:
            yield Line(depth=depth, label=label, text=str(item["sd"]), is_hidden=True)
        elif isinstance(item, Mapping | list):
            empty = "" if item else str(_("none"))
            yield Line(depth=depth, label=label, text=empty, was_hidden=was_hidden)
            yield from _outline(item, hidden, at=path, depth=depth + 1)
        else:
            yield Line(depth=depth, label=label, text=str(item), was_hidden=was_hidden)
