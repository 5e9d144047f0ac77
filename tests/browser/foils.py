"""A plant that brings copper in, works every lot of it once, and blends all into one foil."""

from collections.abc import Sequence
from typing import Any

from traceability.publishing import publish_checkpoint
from traceability.registering import record_as_service, statement_document

FOIL = "lakeshore-cells:FOIL"
COUNTRIES = ("CL", "PE", "AU", "CN", "CD", "US", "ZM", "RU", "MX", "CA", "KZ", "ID")
_AT_ONCE = 100  # lots of one blend


def work_up_copper(kilograms: Sequence[int]) -> None:
    """Record so many lots, of one country after the other, on their way into the foil."""
    documents = []
    for number, amount in enumerate(kilograms):
        bought = _lot(f"IN-{number}", amount)
        declared = [{"stage": "extraction", "parts": 1, "country": COUNTRIES[number % 12]}]
        documents += [
            _said(
                "introduction",
                {"lot": bought, "reason": "purchase", "declared_origin": declared},
            ),
            _said(
                "transformation",
                {
                    "stage": "electrode",
                    "inputs": [{"lot": bought["lot"], "quantity": _kg(amount), "role": "feed"}],
                    "outputs": [_lot(f"OUT-{number}", amount) | {"role": "product"}],
                },
            ),
        ]
    parts = {f"OUT-{number}": amount for number, amount in enumerate(kilograms)}
    while len(parts) > _AT_ONCE:
        taken = dict(list(parts.items())[:_AT_ONCE])
        blend = f"BLEND-{len(parts)}"
        documents.append(_blend(taken, blend))
        parts = {name: mass for name, mass in parts.items() if name not in taken}
        parts[blend] = sum(taken.values())
    documents.append(_blend(parts, "FOIL"))
    record_as_service(documents)
    publish_checkpoint()


def _said(event: str, body: dict[str, Any]) -> Any:
    return statement_document(
        kind=f"custody.{event}",
        author="lakeshore-cells",
        effective="2026-04-01T10:00:00-04:00",
        body={"facility": "lakeshore-cells:plant"} | body,
    )


def _blend(parts: dict[str, int], output: str) -> Any:
    inputs = [
        {"lot": f"lakeshore-cells:{name}", "quantity": _kg(mass)} for name, mass in parts.items()
    ]
    return _said("blend", {"inputs": inputs, "output": _lot(output, sum(parts.values()))})


def _kg(value: int) -> dict[str, str]:
    return {"value": str(value), "unit": "kg", "basis": "dry"}


def _lot(name: str, value: int) -> dict[str, Any]:
    return {
        "lot": f"lakeshore-cells:{name}",
        "material": "copper_foil",
        "form": "foil",
        "quantity": _kg(value),
        "owners": [{"owner": {"organization": "lakeshore-cells"}, "parts": 1}],
        "assays": [{"element": "Cu", "value": "99", "unit": "percent", "basis": "dry"}],
    }
