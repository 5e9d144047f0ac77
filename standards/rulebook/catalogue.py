"""The list of rules and parameters as a page people read: `docs/rules.md`."""

from collections.abc import Sequence

from standards.rulebook.law import Law, Pack, Provision
from standards.rulebook.rule import Rule

_HEAD = """# Rules

Written by `python manage.py list_rules`; do not edit. A rule looks at one lot and one mineral
and answers *conforms*, *nonconforming*, *indeterminate* or *not applicable*; whether that
matters is a club's policy. Values are dated; *unset* means that nobody has filled them in, and
the rule then says *indeterminate*.
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
    if version.unit == "country_group":
        return ", ".join(member["code"] for member in version.value)
    if version.unit == "standards":
        return ", ".join(
            f"{row['standard']} {row['version']}: {row['status']} from {row['from']}"
            + (f" until {row['until']}" if "until" in row else "")
            for row in version.value
        )
    if version.unit == "trust_list":
        return ", ".join(f"{row['who']} as {row['as']}" for row in version.value)
    if version.unit == "yearly_tonnes":
        return ", ".join(
            f"{row['country']} {row['year']}: {row['tonnes']}" for row in version.value
        )
    if isinstance(version.value, tuple):
        return ", ".join(version.value)
    return str(version.value)
