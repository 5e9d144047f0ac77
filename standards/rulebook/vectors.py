"""Test vectors of packs: a rule, a dossier and what must come out under the pack's law.

```
{"vectors": [{"title": "…", "rule": "B4", "parameters": {"irma.minimum_level": "IRMA 50"},
              "dossier": {…}, "expect": {"outcome": "conforms", "worst": "1/1"}}]}
```

The law is that of the shipped packs with this pack in place of its namesake, without overlays
other than itself, and with the vector's own `parameters` assumed. The law day is the dossier's
governing date. `expect` may name worst, best, threshold, margin (ratios), missing and because.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from standards.rulebook.dossier_format import parse_dossier
from standards.rulebook.errors import VectorsFailed
from standards.rulebook.evaluation import evaluate
from standards.rulebook.findings import Finding
from standards.rulebook.law import Law, Pack
from standards.rulebook.pack_format import overridden_pack, shipped_packs
from standards.rulebook.rule import Rule
from standards.rulebook.rules import RULES
from traceability.errors import TraceabilityError

_MEMBERS = frozenset({"title", "rule", "parameters", "dossier", "expect"})
_EXPECTED = frozenset({"outcome", "worst", "best", "threshold", "margin", "missing", "because"})


def check_vectors(pack: Pack, rules: Sequence[Rule] = RULES) -> int:
    """Run every test vector of a pack and return how many passed.

    Raises:
        VectorsFailed: one does not come out as it says, cannot be read, or there is none.
            A pack whose vectors fail may not be activated.
    """
    failures: list[str] = []
    count = 0
    for file, vectors in pack.vectors.items():
        for number, vector in enumerate(vectors):
            count += 1
            problem = _problem(pack, vector, rules)
            if problem:
                failures.append(f"{file}[{number}]: {problem}")
    if not count:
        failures.append("the pack has no vector")
    if failures:
        raise VectorsFailed(pack=pack.id, failures=tuple(failures))
    return count


def _problem(pack: Pack, vector: Mapping[str, Any], rules: Sequence[Rule]) -> str:
    """Return why a vector fails, or an empty text."""
    unknown = sorted(vector.keys() - _MEMBERS)
    missing = sorted(_MEMBERS - {"parameters"} - vector.keys())
    if unknown or missing:
        return f"unknown members {unknown}, missing members {missing}"
    chosen = [rule for rule in rules if rule.id == vector["rule"]]
    if not chosen:
        return f"there is no rule {vector['rule']}"
    try:
        dossier = parse_dossier(vector["dossier"])
        law = law_of_vector(pack, vector)
    except (ValueError, TraceabilityError) as error:
        return str(error)
    [finding] = evaluate(dossier, law, chosen[:1]).findings
    return _difference(finding, vector["expect"])


def law_of_vector(pack: Pack, vector: Mapping[str, Any]) -> Law:
    """Return the law under which a vector of a pack is judged, with what it assumes.

    Raises:
        ValueError: it assumes a parameter that no pack defines.
    """
    return Law(_packs(pack, vector.get("parameters", {})))


def _packs(pack: Pack, parameters: Mapping[str, Any]) -> list[Pack]:
    packs = {one.id: one for one in shipped_packs() if not one.overlays} | {pack.id: pack}
    assumed: dict[str, dict[str, Any]] = {}
    for key, value in parameters.items():
        owner = pack.id if pack.overlays else key.partition(".")[0]
        if owner not in packs:
            raise ValueError(f"no pack defines {key}")
        assumed.setdefault(owner, {})[key] = value
    for owner, values in assumed.items():
        packs[owner] = overridden_pack(packs[owner], values)
    return list(packs.values())


def _difference(finding: Finding, expected: Mapping[str, Any]) -> str:
    if "outcome" not in expected or expected.keys() - _EXPECTED:
        return f"`expect` has an outcome and may have {', '.join(sorted(_EXPECTED))}"
    told = finding.as_json()
    found = {**(told["measured"] or {}), **told}
    for name, value in expected.items():
        if found.get(name) != value:
            return f"{name} is {found.get(name)!r}, not {value!r} ({finding.because})"
    return ""
