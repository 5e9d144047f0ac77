"""Pages of `standards`: flags, lots with verdicts, accounts, certificates, policies, rules."""

from standards.admin import accounts, certificates, flags, lots, packs, policies, questions

__all__ = ["accounts", "certificates", "flags", "lots", "packs", "policies", "questions"]
