"""Pages of `standards`: flags, lots with their verdicts, accounts, certificates, registers."""

from standards.admin import (
    accounts,
    certificates,
    declarations,
    flags,
    lots,
    policies,
    questions,
    registers,
    reminders,
)

__all__ = [
    "accounts",
    "certificates",
    "declarations",
    "flags",
    "lots",
    "policies",
    "questions",
    "registers",
    "reminders",
]
