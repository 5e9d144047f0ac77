"""The list of rules and parameters as a page people read: `docs/rules.md`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from standards.rulebook.bounds import CHECKS
from standards.rulebook.law import Law, Pack, Provision
from standards.rulebook.rule import Rule

_HEAD = """# Rules

Written by `python manage.py list_rules`; do not edit. A rule looks at one lot and one mineral
and answers *conforms*, *nonconforming*, *indeterminate* or *not applicable*; whether that
matters is a club's policy. Values are dated; *unset* means that nobody has filled them in, and
the rule then says *indeterminate*. A club's policy sets, or adds to, what says so here; of all
else it changes nothing.
"""


def rules_page(rules: Sequence[Rule], packs: Sequence[Pack]) -> str:
    """Return the page in Markdown: rules with what they read, then every parameter's versions."""
    shipped = [pack for pack in packs if not pack.overlays]
    parts = [
        _HEAD,
        "| id | requirement | law of the day | reads | source |",
        "|---|---|---|---|---|",
    ]
    for rule in rules:
        reads = ", ".join(f"`{key}`" for key in rule.reads)
        names = " · ".join((rule.id, *rule.aliases))
        governed = f"`{rule.governed_by}`"
        parts.append(f"| {names} | {rule.title} | {governed} | {reads} | {rule.source} |")
    for check in CHECKS:
        reads = ", ".join(f"`{key}`" for key in check.reads)
        parts.append(f"| {check.id} | {check.title} | `as_of` | {reads} | {check.source} |")
    for pack in shipped:
        parts += ["", f"## {pack.title} (`{pack.id}` {pack.version})", ""]
        parts += ["| parameter | from | value | status | read from | source |"]
        parts += ["|---|---|---|---|---|---|"]
        for key, parameter in sorted(Law([pack]).parameters.items()):
            parts += [_row(key, parameter.title, version) for version in parameter.versions]
    return "\n".join(parts) + "\n"


def _row(key: str, title: str, version: Provision) -> str:
    status = version.status.replace("_", " ")
    source = f"[{version.source}]({version.url})" if version.url else version.source
    cells = (
        f"`{key}`: {title}",
        str(version.in_force_from),
        value_text(version),
        status,
        version.verification,
        source,
    )
    return f"| {' | '.join(cells)} |"


def value_text(version: Provision) -> str:
    """Return the value of a version as a text: tables by name, groups by member."""
    if version.value is None:
        return "unset" if version.verification == "unset" else "none"
    if isinstance(version.value, dict):
        return ", ".join(f"{name}: {item}" for name, item in version.value.items())
    told = _ROWS.get(version.unit)
    if told is not None:
        return ", ".join(told(row) for row in version.value)
    if version.value == ():
        return "none at all"
    if isinstance(version.value, tuple):
        return ", ".join(version.value)
    return str(version.value)


def _standard(row: Mapping[str, Any]) -> str:
    until = f" until {row['until']}" if "until" in row else ""
    return f"{row['standard']} {row['version']}: {row['status']} from {row['from']}{until}"


_ROWS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "country_group": lambda row: str(row["code"]),
    "equivalences": lambda row: f"{row['accept']} as {row['as']} at {row['stage']}",
    "recognitions": lambda row: f"{row['by']} recognizes {row['of']} for {row['for']}",
    "standards": _standard,
    "trust_list": lambda row: f"{row['who']} as {row['as']}",
    "yearly_tonnes": lambda row: f"{row['country']} {row['year']}: {row['tonnes']}",
}
"""By unit of a list of rows: how a row reads."""
