"""Tables: what the log says (`recorded`), and what was made of it (`judged`)."""

from standards.models.judged import (
    Assessment,
    DueAssessment,
    Flag,
    FlagDecision,
    Judgement,
    VerdictRun,
)
from standards.models.recorded import (
    Certificate,
    CertificateStatus,
    Club,
    ClubPolicy,
    Cursor,
    Declaration,
    PackActivation,
    PackFile,
    RegistryRow,
    RegistrySnapshot,
)

__all__ = [
    "Assessment",
    "Certificate",
    "CertificateStatus",
    "Club",
    "ClubPolicy",
    "Cursor",
    "Declaration",
    "DueAssessment",
    "Flag",
    "FlagDecision",
    "Judgement",
    "PackActivation",
    "PackFile",
    "RegistryRow",
    "RegistrySnapshot",
    "VerdictRun",
]
