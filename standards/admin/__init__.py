"""Pages of `standards`: flags, lots with their verdicts, accounts, certificates, policies."""

from standards.admin import accounts, certificates, flags, lots, policies, questions

__all__ = ["accounts", "certificates", "flags", "lots", "policies", "questions"]
