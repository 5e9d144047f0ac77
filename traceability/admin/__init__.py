"""The admin of the ledger: everything readable to whom it may concern, nothing editable."""

from traceability.admin import custody, log, record, registry

__all__ = ["custody", "log", "record", "registry"]
