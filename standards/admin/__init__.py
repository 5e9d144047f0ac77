"""The officer's pages: flags, lots with their verdicts, certificates, policies."""

from standards.admin import certificates, flags, lots, policies, questions

__all__ = ["certificates", "flags", "lots", "policies", "questions"]
