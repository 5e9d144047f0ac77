"""Entitlement: what certified metal that came into an account's boundary came to there.

By the one propagation of the code base. What enters a boundary is counted once: from there on
its metal is labelled by the lot that brought it (`@3`), whatever certificates it came with, so
that nobody downstream can count it again but by a claim. Metal that a step in the boundary has
worked is marked (`@3*`). What came out as product, or left unworked, over what arrived is the
measured recovery; what waits to be worked, and what nobody measured, leaves it open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from standards.rulebook.stays import Entering, Stays
from standards.rulebook.traced import dispatched
from traceability.ledger import history as flow
from traceability.ledger.chronicle import Happening, History, lot_of
from traceability.ledger.composition import Composition, Content
from traceability.ledger.provenance import propagate
from traceability.ledger.spreading import by_label

_WORK = frozenset({"transformation", "assembly", "recovery"})
_RESTING = frozenset({"receipt", "stocktake", "loss"})
_PROBE = "probe:"
_ENTRY = "enter:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What became of the metal that one lot brought into one account's boundary.

    Args:
        content: the element in the whole lot as it entered; `own_mg` of its sources it is
            counted for: all but what this account counts already.
        given_low_mg, given_high_mg: of these, what came out as product or left unworked.
        lost: product lost in stock, by entry.
        missing: lots without an assay that leave it open.
    """

    entering: Entering
    content: Content
    own_mg: int
    given_low_mg: int
    given_high_mg: int
    lost: Mapping[str, int]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A lot that a stocktake counted: `held` by the books, `found` there, gross or in pieces.

    What was found with other water is told as it would weigh with that in the books. `content` is
    that of `whole`, of the same grade.
    """

    entry: str
    lot: str
    held: int
    found: int
    whole: int
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What became of everything that entered boundaries, by account; and what was counted."""

    worked: Mapping[str, tuple[Worked, ...]]
    weighed: tuple[Weighed, ...]


def followed(
    history: History, told: Stays, *, element: str, sites: Mapping[str, frozenset[str]]
) -> Followed:
    """Return what became of everything that entered the boundaries of some accounts.

    Args:
        told: the walk over the history, for all accounts of the element and a scheme.
        sites: the boundary of each account to answer for.
    """
    rewritten = _Rewriting(history, told.entering)
    steps = rewritten.steps()
    made = propagate(steps, elements=[element], rename=by_label(rewritten.relabel))
    contents = {name: _content(one, element) for name, one in made.items()}
    counts = _Counting(history, told, rewritten, contents)
    return Followed(
        worked={account: tuple(counts.of(account, inside)) for account, inside in sites.items()},
        weighed=tuple(rewritten.weighed(contents)),
    )


def _content(composition: Composition, element: str) -> Content:
    return composition.contents[element]


# ── the history with probes ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probed:
    """A step of interest, with the probes of what it took and of what it made."""

    step: flow.Step
    takes: tuple[tuple[str, flow.Taken], ...]
    makes: tuple[tuple[str, flow.Made], ...]


class _Rewriting:
    """A history in which what is taken, and what enters, can be asked for by name.

    A withdrawal of interest becomes two steps: a part leaves its lot as a lot of its own, and
    the step takes that whole. A lot that enters is taken whole and made again, relabelled.
    """

    def __init__(self, history: History, entering: Sequence[Entering]) -> None:
        self.history = history
        self.probed: list[_Probed] = []
        self.entered: dict[int, str] = {}  # the probe of each lot that entered, by number
        self._after: dict[str, list[tuple[int, Entering]]] = {}
        for number, one in enumerate(entering):
            self._after.setdefault(one.after, []).append((number, one))
        self._accounts = [frozenset(one.parts) for one in entering]
        self._dispatched = dispatched(history)
        self._steps: list[flow.Step] = []
        self.residue: set[str] = set()  # lots, and what was parted from them
        self._balances: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._stocktakes: list[tuple[str, str, int, int]] = []  # entry, name, held and found

    def steps(self) -> list[flow.Step]:
        """Return the steps, in order."""
        originals: dict[str, list[flow.Step]] = {}
        for step in self.history.steps:
            originals.setdefault(step.entry, []).append(step)
        for entry, happening in self.history.happenings.items():
            kind = happening.kind.removeprefix("custody.")
            if kind == "stocktake" and not happening.is_disputed:
                self._add_stocktake(happening)
            for step in originals.get(entry, ()):
                self._add_original(step, kind)
            for number, one in self._after.get(entry, ()):
                self._enter(number, one)
        return self._steps

    def relabel(self, step: flow.Step, element: str, label: str) -> str:
        """Label metal by what brought it in; mark what a step has worked."""
        kind, _, rest = step.entry.partition(":")
        if kind == "probe":
            return label
        if kind == "enter":
            is_own = (
                label[0] == "@" and self._accounts[number_of(label)] & self._accounts[int(rest)]
            )
            return label if is_own else f"@{rest}"
        if label[0] != "@":
            return self._dispatched(step, element, label)
        return label if label[-1] == "*" or step.kind not in _WORK else f"{label}*"

    def weighed(self, contents: Mapping[str, Content]) -> Iterator[Weighed]:
        """Yield the lots that stocktakes counted, in order."""
        for entry, name, held, found in self._stocktakes:
            yield Weighed(
                entry=entry,
                lot=lot_of(name),
                held=held,
                found=found,
                whole=self._made[name],
                content=contents[name],
            )

    def _add_stocktake(self, one: Happening) -> None:
        for movement in one.movements:
            name = self._names.get(movement.lot)
            if name is not None:
                held, found = max(0, self._balances[name]), int(movement.facts["to"])
                found = self.history.weight_alike(one.entry, movement.lot, found)
                self._stocktakes.append((one.entry, name, held, found))

    def _add_original(self, step: flow.Step, kind: str) -> None:
        if not (step.kind in _WORK or kind in _RESTING or self.history.is_dispatch(step)):
            self._step(step.entry, step.kind, step.takes, step.makes)
            return
        takes = [(self._part(step.entry, take), take) for take in step.takes]
        again = tuple(
            flow.Taken(lot=probe, amount=take.amount, held=take.amount, role=take.role)
            for probe, take in takes
        )
        rewritten = self._step(step.entry, step.kind, again, step.makes)
        makes = [(self._through(made.lot, _PROBE), made) for made in step.makes]
        self.probed.append(_Probed(step=rewritten, takes=tuple(takes), makes=tuple(makes)))

    def _enter(self, number: int, one: Entering) -> None:
        name = self._names.get(one.lot)
        if name is not None and self._balances[name] > 0:
            self.entered[number] = self._through(name, f"{_ENTRY}{number}")

    def _part(self, entry: str, take: flow.Taken) -> str:
        """Let what a step takes be a lot of its own; return its name."""
        probe = f"{_PROBE}{len(self._steps)}"
        self._step(_PROBE + entry, "split", (take,), (flow.Made(lot=probe, amount=take.amount),))
        return probe

    def _through(self, name: str, entry: str) -> str:
        """Take a lot whole and make it again, with a step of that entry; return the probe."""
        amount = self._balances[name]
        probe = self._part("", flow.Taken(lot=name, amount=amount, held=amount))
        again = flow.Taken(lot=probe, amount=amount, held=amount)
        self._step(entry, "split", (again,), (flow.Made(lot=name, amount=amount),))
        return probe

    def _step(
        self, entry: str, kind: str, takes: tuple[flow.Taken, ...], makes: tuple[flow.Made, ...]
    ) -> flow.Step:
        order = len(self._steps)
        step = flow.Step(entry=entry, order=order, kind=kind, takes=takes, makes=makes)
        self._steps.append(step)
        is_residue = bool(takes) and all(lot_of(take.lot) in self.residue for take in takes)
        for take in takes:
            self._balances[take.lot] = take.held - take.amount
        for made in makes:
            self._balances[made.lot] = self._made[made.lot] = made.amount
            self._names[lot_of(made.lot)] = made.lot
            if made.role == "residue" or (is_residue and kind not in _WORK):
                self.residue.add(lot_of(made.lot))
        return step


def number_of(label: str) -> int:
    """Return which lot that entered a label stands for."""
    return int(label.strip("@*"))


# ── counting ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Sum:
    """What is counted for one lot that entered, on its way."""

    low: int = 0
    high: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


class _Counting:
    """Adds up what the probes hold."""

    def __init__(
        self,
        history: History,
        told: Stays,
        rewritten: _Rewriting,
        contents: Mapping[str, Content],
    ) -> None:
        self.history = history
        self.told = told
        self.rewritten = rewritten
        self.contents = contents
        self._bound_for = {(one.entry, one.lot): one for one in told.departures}

    def of(self, account: str, sites: frozenset[str]) -> Iterator[Worked]:
        """Yield what became of everything that entered an account's boundary."""
        sums: dict[int, _Sum] = {
            number: _Sum()
            for number, one in enumerate(self.told.entering)
            if account in one.parts and number in self.rewritten.entered
        }
        for probed in self.rewritten.probed:
            self._count(probed, sites, sums)
        self._count_waiting(sites, sums)
        for number, one in sums.items():
            worked = self._worked(number, one)
            if worked.own_mg:
                yield worked

    def _worked(self, number: int, one: _Sum) -> Worked:
        content = self.contents[self.rewritten.entered[number]]
        accounts = frozenset(self.told.entering[number].parts)
        own = sum(
            mg
            for label, mg in content.sources.items()
            if label[0] != "@"
            or not accounts & frozenset(self.told.entering[number_of(label)].parts)
        )
        high = min(own, max(one.low, one.high))
        return Worked(
            entering=self.told.entering[number],
            content=content,
            own_mg=own,
            given_low_mg=max(0, min(own, one.low)),
            given_high_mg=max(0, high),
            lost=one.lost,
            missing=tuple(dict.fromkeys(one.missing)),
        )

    def _count(self, probed: _Probed, sites: frozenset[str], sums: dict[int, _Sum]) -> None:
        happening = self.history.happenings[probed.step.entry]
        if probed.step.kind in _WORK:
            if happening.facility in sites:
                taken = self._count_taken(probed, sums)
                is_known = not happening.is_disputed
                self._count_given(probed, sums, taken, is_known=is_known)
            return
        if self.history.is_dispatch(probed.step):
            self._count_departure(probed, sites, sums)
        elif happening.facility in sites:
            self._count_loss(probed, sums)

    def _count_taken(self, probed: _Probed, sums: dict[int, _Sum]) -> dict[int, int]:
        """Take off what was counted before and goes in again; return what goes in, by number."""
        taken: dict[int, int] = {}
        for name, take in probed.takes:
            content = self.contents[name]
            for label, mg in _marked(content):
                number = number_of(label)
                if number not in sums:
                    continue
                taken[number] = taken.get(number, 0) + mg
                if label[-1] == "*" and lot_of(take.lot) not in self.rewritten.residue:
                    sums[number].low -= min(mg, content.bounds.low)  # of a mere bound, nothing
                    sums[number].high -= mg
        return taken

    def _count_given(
        self, probed: _Probed, sums: dict[int, _Sum], taken: Mapping[int, int], *, is_known: bool
    ) -> None:
        """Count what came out as product; where its sources are open, all may have come out."""
        products = [
            (lot_of(made.lot), self.contents[probe])
            for probe, made in probed.makes
            if made.role != "residue"
        ]
        missing = [
            name for name, content in products if not content.measured or _has_unlabelled(content)
        ]
        for _, content in products:
            for label, mg in _marked(content):
                if number_of(label) in sums:
                    counted = sums[number_of(label)]
                    counted.low += _proven(content, mg)
                    counted.high += mg
        is_open = not is_known or any(_has_unlabelled(content) for _, content in products)
        for number, mg in taken.items():
            sums[number].high += mg if is_open else 0
            sums[number].missing += missing

    def _count_departure(
        self, probed: _Probed, sites: frozenset[str], sums: dict[int, _Sum]
    ) -> None:
        """Count what leaves the boundary unworked: nothing of it was lost there."""
        [(name, take)] = probed.takes
        left = self._bound_for.get((probed.step.entry, lot_of(take.lot)))
        if left is None or left.facility not in sites or left.to in sites:
            return
        content = self.contents[name]
        for label, mg in _marked(content):
            if label[-1] != "*" and number_of(label) in sums:
                counted = sums[number_of(label)]
                counted.low += _proven(content, mg)
                counted.high += mg

    def _count_loss(self, probed: _Probed, sums: dict[int, _Sum]) -> None:
        """Note product that a count did not find, or that was lost."""
        rest = {
            label: mg for probe, _ in probed.makes for label, mg in _marked(self.contents[probe])
        }
        for name, take in probed.takes:
            if lot_of(take.lot) in self.rewritten.residue:
                continue
            for label, mg in _marked(self.contents[name]):
                gone = mg - rest.get(label, 0)
                if label[-1] == "*" and number_of(label) in sums and gone > 0:
                    lost = sums[number_of(label)].lost
                    lost[probed.step.entry] = lost.get(probed.step.entry, 0) + gone

    def _count_waiting(self, sites: frozenset[str], sums: dict[int, _Sum]) -> None:
        """Leave open what is still in the boundary, to be worked."""
        for name, content in self.contents.items():
            if name.startswith(_PROBE) or self.told.places.get(lot_of(name)) not in sites:
                continue
            for label, mg in content.left.items():
                if label[0] == "@" and label[-1] != "*" and number_of(label) in sums:
                    sums[number_of(label)].high += mg


def _marked(content: Content) -> Iterable[tuple[str, int]]:
    return [(label, mg) for label, mg in content.sources.items() if label[0] == "@"]


def _has_unlabelled(content: Content) -> bool:
    """Whether a lot may hold metal of a source beyond what is told of it."""
    is_open = content.presumed and not content.measured
    return is_open or any(label.startswith("unmeasured:") for label in content.sources)


def _proven(content: Content, mg: int) -> int:
    """Return what is certain of a part of a content that is known within bounds."""
    return mg * content.bounds.low // content.bounds.high
