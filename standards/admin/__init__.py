"""Pages of `standards`: flags, lots with verdicts, accounts, certificates, registers, rules."""

from standards.admin import (
    accounts,
    certificates,
    declarations,
    flags,
    lots,
    packs,
    policies,
    questions,
    registers,
    reminders,
    setbacks,
)

__all__ = [
    "accounts",
    "certificates",
    "declarations",
    "flags",
    "lots",
    "packs",
    "policies",
    "questions",
    "registers",
    "reminders",
    "setbacks",
]
