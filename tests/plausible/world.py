"""Who and where in the made-up history that plausibility is measured on: invented companies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

SEED = 20_260_105
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
WEEKS = 16
FRAUDS = {
    "metal from nowhere": "MB-13",
    "impossible recovery": "PL-01",
    "laundered tonnes": "PL-02",
    "laundered in a hurry": "PL-03",
    "laundered through a country": "PL-04",
    "a lorry that flies": "PL-05",
    "backdating": "PL-06",
    "a seal used again": "PL-07",
    "invented weights": "PL-08",
    "entered at night": "PL-09",
    "round weights": "PL-10",
    "received twice": "PL-11",
    "another mine's ore": "PL-12",
    "weight added on the way": "PL-13",
    "swapped assay": "PL-14",
    "certificate used again": "PL-15",
    "double sale": "PL-16",
    "ghost lots": "PL-17",
    "dilution": "PL-18",
}
"""Every kind of fraud, and the check that is meant to doubt it."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement: when it happened, when the ledger learns of it, and what it truly is.

    What a void replaces is named by its `key`.
    """

    key: int
    kind: str
    author: str
    effective: str
    received_at: datetime
    body: dict[str, Any]
    members: dict[str, Any] = field(default_factory=dict)
    fraud: str = ""
    oddity: str = ""


@dataclass(frozen=True, kw_only=True)
class Mine:
    """A mine: its material, the true grade, how many lots a week, of how many tonnes."""

    id: str
    material: str
    element: str
    grade: float
    lots: int
    tonnes: float
    zone: int
    smelter: str
    hours: float  # by road to the smelter, honestly


PLACES: dict[str, dict[str, Any]] = {
    "andes:pit": {"country": "CL", "types": ["mine"], "at": ("-24.2", "-69.1"), "t": "12000",
                  "materials": ["copper_concentrate"]},
    "baja:pit": {"country": "MX", "types": ["mine"], "at": ("27.3", "-112.3"), "t": "9000",
                 "materials": ["copper_concentrate"]},
    # Registered years ago at the head office, and never what it can do.
    "sierra:pit": {"country": "PE", "types": ["mine"], "at": ("-12.0", "-77.0"), "t": None,
                   "materials": None},
    "ozark:pit": {"country": "US", "types": ["mine"], "at": ("37.5", "-90.3"), "t": "11000",
                  "materials": ["cobalt_concentrate"]},
    "bayou:pit": {"country": "US", "types": ["mine"], "at": ("35.1", "-92.4"), "t": "60000",
                  "materials": ["cobalt_concentrate"]},
    "seto:works": {"country": "JP", "types": ["smelter"], "at": ("34.4", "133.2"), "t": "30000",
                   "product": "copper_cathode"},
    "gulf:works": {"country": "US", "types": ["smelter"], "at": ("29.7", "-95.2"), "t": "20000",
                   "product": "copper_cathode"},
    "kokkola:works": {"country": "FI", "types": ["refinery"], "at": ("63.9", "23.1"), "t": "9000",
                      "product": "cobalt_sulfate"},
    "port:shed": {"country": "US", "types": ["warehouse"], "at": ("29.3", "-94.8"), "t": None},
    "mill:plant": {"country": "US", "types": ["semi_fabricator"], "at": ("41.5", "-81.7"),
                   "t": None},
}  # fmt: skip
RECOVERIES = {"seto:works": ("Cu", "0.94", "0.985"), "gulf:works": ("Cu", "0.93", "0.98"),
              "kokkola:works": ("Co", "0.9", "0.96")}  # fmt: skip
MINES = (
    Mine(id="andes", material="copper_concentrate", element="Cu", grade=0.28, lots=4, tonnes=48,
         zone=-4, smelter="seto", hours=700),
    Mine(id="baja", material="copper_concentrate", element="Cu", grade=0.25, lots=4, tonnes=38,
         zone=-7, smelter="gulf", hours=60),
    Mine(id="sierra", material="copper_concentrate", element="Cu", grade=0.22, lots=2, tonnes=27,
         zone=-5, smelter="gulf", hours=300),
    Mine(id="ozark", material="cobalt_concentrate", element="Co", grade=0.07, lots=3, tonnes=52,
         zone=-6, smelter="kokkola", hours=500),
)  # fmt: skip
COMPANIES = sorted({name.partition(":")[0] for name in PLACES} | {"trader", "hauler"})


def facilities() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield author and body of the registration of every facility."""
    for name, told in PLACES.items():
        body: dict[str, Any] = {
            "facility": name,
            "name": f"{name.replace(':', ' ').title()} (illustrative)",
            "types": told["types"],
            "country": told["country"],
            "operator": {"organization": name.partition(":")[0]},
            "latitude": told["at"][0],
            "longitude": told["at"][1],
            "licences": [f"L-{name.partition(':')[0]}"],
        }
        if told.get("materials"):
            body["materials"] = told["materials"]
        if told["t"]:
            material = told.get("product") or told["materials"][0]
            capacity = {"value": told["t"], "unit": "t", "basis": "dry"}
            body["capacities"] = [{"material": material, "per_year": capacity}]
        if name in RECOVERIES:
            element, low, high = RECOVERIES[name]
            body["recoveries"] = [{"element": element, "low": low, "high": high}]
        yield name.partition(":")[0], body


# ── parts of statements ───────────────────────────────────────────────────────────────────


def kg(tonnes: float, *, step: int = 20) -> str:
    """Return what a scale of so many kilograms shows."""
    return str(max(step, round(tonnes * 1000 / step) * step))


def dry(kilograms: str, **more: str) -> dict[str, str]:
    return {"value": kilograms, "unit": "kg", "basis": "dry"} | more


def percent(element: str, share: float) -> list[dict[str, str]]:
    value = f"{max(share, 0.0001) * 100:.3f}".rstrip("0").rstrip(".")
    return [{"element": element, "value": value, "unit": "percent", "basis": "dry"}]


def paper(title: str, *names: object) -> dict[str, str]:
    digest = sha256("/".join(map(str, (title, *names))).encode()).hexdigest()
    return {"sha256": digest, "title": title, "media_type": "application/pdf"}


def owned(name: str) -> list[dict[str, Any]]:
    return [{"owner": {"organization": name}, "parts": 1}]


@dataclass
class Lot:
    """A lot as it truly is, and when the ledger knows what happened to it so far."""

    id: str
    element: str
    kilograms: str
    grade: float
    at: datetime
    known: datetime
