"""The form in which an officer writes a waiver: what it offers, and the statement it stands for."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from standards.granting import adopted_by, told, waivers_of
from standards.rulebook.findings import decimal_text
from standards.rulebook.rules import title_of
from standards.rulebook.waiver_shapes import WaiverStatement, cap_mg

CONDITIONS, COMMENTS = 4, 3
"""Lines that the form offers; a statement may have more."""
_TEXTS = (
    "because",
    "valid_from",
    "valid_until",
    "decided_by",
    "decided_on",
    "seconded_by",
    "dissent",
    "noticed_on",
)


def body_in(form: Any, club: str) -> dict[str, Any]:
    """Return the body of the statement that a filled form stands for; what is empty is left out."""

    def text(name: str) -> str:
        told: str = form.get(name, "")
        return told.replace("\r\n", "\n").strip()

    body: dict[str, Any] = {"waiver": f"{club}:{text('name')}", "rules": form.getlist("rules")}
    body |= {name: text(name) for name in _TEXTS if text(name)}
    for name in ("lots", "facilities", "minerals"):
        if listed := text(name).replace(",", " ").split():
            body[name] = listed
    if text("cap"):
        body["cap"] = {"value": text("cap"), "unit": "kg"}
    lines = {
        "conditions": _lines(form, "condition", ("what", "due_on", "met_on")),
        "comments": _lines(form, "comment", ("by", "said", "disposition")),
    }
    return body | {name: told for name, told in lines.items() if told}


def _lines(form: Any, prefix: str, names: tuple[str, ...]) -> list[dict[str, str]]:
    columns = [form.getlist(f"{prefix}_{name}") for name in names]
    rows = [
        {name: one.strip() for name, one in zip(names, row, strict=True) if one.strip()}
        for row in zip(*columns, strict=False)
    ]
    return [row for row in rows if row]


def offered(club: str, body: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """Return what the form offers, with what was said already."""
    adopted = adopted_by(club, on)
    bounds = waivers_of(club, adopted, on).bounds
    chosen = body.get("rules", ())
    said = dict(body) | {
        "name": str(body.get("waiver", "")).partition(":")[2],
        "lots": "\n".join(body.get("lots", ())),
        "facilities": "\n".join(body.get("facilities", ())),
        "minerals": " ".join(body.get("minerals", ())),
        "cap": body.get("cap", {}).get("value", ""),
        "conditions": _padded(body.get("conditions", ()), CONDITIONS),
        "comments": _padded(body.get("comments", ()), COMMENTS),
    }
    rows = {one.rule_id: one for one in adopted.policy.requirements}
    return {
        "said": said,
        "bounds": bounds,
        "untold": list(bounds.untold.values()),
        "rules": [
            {
                "id": rule,
                "title": title_of(rule),
                "is_chosen": rule in chosen,
                "is_barred": not row.waivable or rule in bounds.hard_stops,
                "needs_second": row.second_approver,
            }
            for rule, row in rows.items()
        ],
    }


def stated_anew(stated: WaiverStatement) -> dict[str, Any]:
    """Return what a waiver says for stating it anew: its cap in kilograms, and no longer void."""
    body = told(stated)
    body.pop("void_because", None)
    cap = cap_mg(stated)
    if cap is not None:
        body["cap"] = {"value": decimal_text(Fraction(cap, 10**6)), "unit": "kg"}
    return body


def _padded(rows: Iterable[Mapping[str, str]], least: int) -> list[Mapping[str, str]]:
    given = list(rows)
    return given + [{}] * max(0, least - len(given))


def field_of(at: str) -> str:
    """Return the member of the form that an error is about; empty where it is about all."""
    return at.removeprefix("$.body").lstrip(".").partition("[")[0].partition(".")[0]
