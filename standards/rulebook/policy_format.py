"""Reading a club's policy from the body of its statement, strictly.

```
{"club": "acme-club", "version": "2", "title": "…", "effective_from": "2026-01-01",
 "parameters": {"irma.minimum_level": {"title": "…", "unit": "text", "versions": [
     {"value": "IRMA 50", "in_force_from": "2026-01-01", "source": "Policy 2, clause 4"}]}},
 "requirements": [{"rule_id": "IRMA-02", "minerals": ["Cu"], "severity": "major",
                   "grace_days": 60, "flag_due_days": 14}]}
```

Parameters have the format of a pack's files. A club speaks for itself, so of a version only
`value`, `in_force_from` and `source` are needed: the policy's signed statement is the official
text, published on the day the policy takes effect unless it says otherwise.
"""

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from standards.rulebook.errors import BadPolicy
from standards.rulebook.findings import canonical_json
from standards.rulebook.law import PackReference, Parameter
from standards.rulebook.parameters import parse_parameter, read_day
from standards.rulebook.policy import SEVERITIES, ClubPolicy, Requirement

_KEY = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_MEMBERS = frozenset({"club", "version", "title", "effective_from", "parameters", "requirements"})
_ROW = frozenset({"rule_id", "severity", "flag_due_days"})
_ROW_DEFAULTS: Mapping[str, Any] = {
    "minerals": None,
    "grace_days": 0,
    "waivable": True,
    "second_approver": False,
}


def parse_policy(body: Mapping[str, Any]) -> ClubPolicy:
    """Return the policy that the body of a `standards.policy` statement adopts.

    Raises:
        BadPolicy: a member is missing, unknown or impossible; `at` is its JSON path.
    """
    for name in sorted(_MEMBERS ^ body.keys()):
        raise BadPolicy("Unknown member" if name in body else "Missing member", at=f"$.{name}")
    for name in ("club", "version", "title"):
        _need(_is_text(body[name]), "A text is needed", f"$.{name}")
    effective_from = read_day(body["effective_from"])
    if effective_from is None:
        raise BadPolicy("A calendar day (YYYY-MM-DD) is needed", at="$.effective_from")
    _need(isinstance(body["parameters"], Mapping), "A table is needed", "$.parameters")
    rows = body["requirements"]
    _need(isinstance(rows, list) and len(rows) > 0, "A policy requires something", "$.requirements")

    digest = sha256(canonical_json(dict(body))).hexdigest()
    decided = PackReference(id=f"club:{body['club']}", version=body["version"], digest=digest)
    parameters = {
        key: _parse_parameter(key, told, decided, effective_from)
        for key, told in body["parameters"].items()
    }
    requirements = tuple(
        _parse_requirement(row, f"$.requirements[{number}]") for number, row in enumerate(rows)
    )
    _check_unique(requirements)
    return ClubPolicy(
        club=body["club"],
        version=body["version"],
        title=body["title"],
        effective_from=effective_from,
        parameters=parameters,
        requirements=requirements,
        digest=digest,
    )


def _parse_parameter(
    key: str, told: Any, decided: PackReference, effective_from: date
) -> Parameter:
    at = f"$.parameters['{key}']"
    _need(_KEY.fullmatch(key) is not None, "A key is `pack.parameter`", at)

    def refuse(problem: str, table: str, name: str) -> BadPolicy:
        return BadPolicy(problem, at=".".join(part for part in (at, table, name) if part))

    if isinstance(told, Mapping) and isinstance(told.get("versions"), list):
        day = effective_from.isoformat()
        usual = {
            "url": "",
            "published_on": day,
            "checked_on": day,
            "status": "in_force",
            "verification": "official",
        }
        versions = [
            {**usual, **version} if isinstance(version, Mapping) else version
            for version in told["versions"]
        ]
        told = {**told, "versions": versions}
    return parse_parameter(key, told, pack=decided, refuse=refuse, own_decision=True)


def _parse_requirement(row: Any, at: str) -> Requirement:
    if not isinstance(row, Mapping):
        raise BadPolicy("A table is needed", at=at)
    for name in sorted(_ROW - row.keys()):
        raise BadPolicy("Missing member", at=f"{at}.{name}")
    for name in sorted(row.keys() - _ROW - _ROW_DEFAULTS.keys()):
        raise BadPolicy("Unknown member", at=f"{at}.{name}")

    told = {**_ROW_DEFAULTS, **row}
    _need(_is_text(told["rule_id"]), "A rule id is needed", f"{at}.rule_id")
    _need(told["severity"] in SEVERITIES, f"One of {', '.join(SEVERITIES)}", f"{at}.severity")
    for name in ("grace_days", "flag_due_days"):
        is_count = type(told[name]) is int and told[name] >= 0
        _need(is_count, "A whole number of days is needed", f"{at}.{name}")
    for name in ("waivable", "second_approver"):
        _need(type(told[name]) is bool, "True or false is needed", f"{at}.{name}")
    minerals = told["minerals"]
    if minerals is not None:
        named = isinstance(minerals, list) and minerals and all(map(_is_text, minerals))
        _need(bool(named), "A list of minerals is needed; leave it out for all", f"{at}.minerals")
        minerals = tuple(minerals)
    return Requirement(**{**told, "minerals": minerals})


def _check_unique(requirements: tuple[Requirement, ...]) -> None:
    """Refuse two rows for one rule and mineral: which severity holds would be a guess."""
    for number, later in enumerate(requirements):
        for earlier in requirements[:number]:
            if earlier.rule_id != later.rule_id:
                continue
            apart = set(earlier.minerals or ()).isdisjoint(later.minerals or ())
            both_named = earlier.minerals is not None and later.minerals is not None
            if not (both_named and apart):
                problem = f"Rule {later.rule_id} is required twice for the same mineral"
                raise BadPolicy(problem, at=f"$.requirements[{number}]")


def _is_text(told: Any) -> bool:
    return isinstance(told, str) and bool(told.strip())


def _need(holds: bool, problem: str, at: str) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        raise BadPolicy(problem, at=at)
