"""Examples in the OpenAPI document; a test holds them to the shapes they are examples of."""

from typing import Any

DOCUMENT: dict[str, Any] = {
    "ledger": "demo.ledger.example",
    "id": "6f9f6c1e-3b0e-4d55-9d8f-6f1f2f1c0a11",
    "kind": "custody.shipment",
    "schema": 1,
    "author": "north-mine",
    "effective": "2026-03-01T10:00:00-05:00",
    "body": {
        "facility": "north-mine:pit",
        "consignment": "north-mine:2026-118",
        "consignee": {"organization": "bay-smelter"},
        "lots": [
            {
                "lot": "north-mine:L7-a",
                "from": "north-mine:L7",
                "quantity": {"value": "24.62", "unit": "t", "basis": "wet", "moisture": "0.08"},
            }
        ],
        "seals": ["CL-00918"],
    },
}

SIGNED: dict[str, Any] = {
    "statement": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoi….eyJhdXRob3IiOiJub3J0aC1taW5lIi….L8rM0ungyLvN…",
    "disclosures": [{"salt": "AAAAAAAAAAAAAAAAAAAAAA", "value": "24.62"}],
}

BATCH: dict[str, Any] = {"statements": [SIGNED["statement"], SIGNED], "atomic": True}

RECORDED: dict[str, Any] = {
    "outcome": "recorded",
    "id": DOCUMENT["id"],
    "entry": "0d44fbdce98ab3bfd99ed43c54b0799d74ff8daed7c9d4e794375b8813e1d489",
    "receipt": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoi….eyJhdXRob3IiOiJub3J0aC1taW5lIi….VshLbrRgOzGY…",
    "key_held_by": "organization",
}

LOT: dict[str, Any] = {
    "lot": {
        "id": "north-mine:L7-a",
        "material": "copper_concentrate",
        "form": "concentrate",
        "basis": "wet",
        "unit": "mg",
        "state": "held",
        "amount": "24580000000",
        "custodian": "bay-smelter",
        "facility": "bay-smelter:works",
        "country": "MX",
        "consignment": None,
        "consignee": None,
        "owners": [{"organization": "bay-smelter", "parts": 1, "element": None}],
    },
    "history": [
        {
            "entry": RECORDED["entry"],
            "kind": "custody.shipment",
            "stage": None,
            "country": "CA",
            "on": "2026-03-01",
            "received_at": "2026-03-01T15:00:01.000000Z",
            "state": "published",
            "index": 117,
            "organization": "north-mine",
            "facility": "north-mine:pit",
            "delta": "24620000000",
            "is_readable": True,
            "replaces": None,
            "is_replaced": False,
        }
    ],
    "is_complete": True,
}

_HALF = {"numerator": "1", "denominator": "2", "percent": "50.0000"}
PROVENANCE: dict[str, Any] = {
    "lot": "bay-smelter:K3",
    "log_size": 4711,
    "elements": [
        {
            "element": "Cu",
            "low_mg": "9000000000",
            "high_mg": "9000000000",
            "is_measured": True,
            "is_presumed": False,
            "lots_without_assay": 0,
            "unknown_share": _HALF,
            "sources": [
                {
                    "kind": "mined",
                    "is_known": True,
                    "country": "CA",
                    "facility": None,
                    "organization": None,
                    "first_on": "2026-02-03",
                    "last_on": "2026-02-27",
                    "declared": [],
                    "mass_mg": "4500000000",
                    "share": _HALF,
                },
                {
                    "kind": "unknown",
                    "is_known": False,
                    "country": None,
                    "facility": None,
                    "organization": None,
                    "first_on": "2026-01-01",
                    "last_on": "2026-01-01",
                    "declared": [],
                    "mass_mg": "4500000000",
                    "share": _HALF,
                },
            ],
        }
    ],
    "processing": [
        {
            "element": "Cu",
            "stage": "smelting",
            "parts": [
                {
                    "country": "MX",
                    "facility": "bay-smelter:works",
                    "organization": "bay-smelter",
                    "share": {"numerator": "1", "denominator": "1", "percent": "100.0000"},
                }
            ],
        }
    ],
    "lots": [
        {
            "lot": None,
            "depth": 1,
            "is_apart": False,
            "entry": RECORDED["entry"],
            "unit": "mg",
            "amount": None,
            "taken": None,
        }
    ],
    "blinded_lots": 1,
    "hops": [
        {
            "entry": RECORDED["entry"],
            "kind": "custody.transformation",
            "stage": "smelting",
            "country": "MX",
            "on": "2026-03-20",
            "facility": "bay-smelter:works",
            "organization": "bay-smelter",
        }
    ],
    "is_complete": True,
}

RECALL: dict[str, Any] = {
    "facility": "north-mine:pit",
    "from": "2026-02-01",
    "log_size": 4711,
    "elements": ["Cu"],
    "lots": [
        {
            "lot": "bay-smelter:K3",
            "depth": 2,
            "is_apart": False,
            "entry": RECORDED["entry"],
            "kind": "custody.transformation",
            "stage": "smelting",
            "country": "MX",
            "on": "2026-03-20",
            "material": "copper_cathode",
            "form": "cathode",
            "unit": "mg",
            "state": "held",
            "made": "9100000000",
            "left": "9100000000",
            "holder": "bay-smelter",
            "facility": "bay-smelter:works",
            "sent_to": [],
            "product": None,
            "elements": [
                {
                    "element": "Cu",
                    "low_mg": "9000000000",
                    "high_mg": "9000000000",
                    "hit_mg": "4500000000",
                    "at_most_mg": "4500000000",
                    "share": _HALF,
                    "share_at_most": _HALF,
                }
            ],
        }
    ],
    "totals": {
        "lots": 1,
        "products": 0,
        "blinded_lots": 1,
        "is_complete": True,
        "left_mg": "9100000000",
        "left_pieces": "0",
        "elements": [{"element": "Cu", "hit_mg": "4500000000", "at_most_mg": "4500000000"}],
        "holders": [
            {
                "organization": "bay-smelter",
                "lots": 1,
                "products": 0,
                "left_mg": "9100000000",
                "left_pieces": "0",
                "elements": [{"element": "Cu", "hit_mg": "4500000000", "at_most_mg": "4500000000"}],
                "audiences": ["copper-club"],
            }
        ],
        "customers": [],
    },
}
