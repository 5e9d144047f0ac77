"""Tables: what the log says (`recorded`, `booked`), and what was made of it (`judged`)."""

from standards.models.booked import Account, AccountClose, Claim, ClosedPeriod, Credit
from standards.models.judged import (
    Assessment,
    DueAssessment,
    Flag,
    FlagDecision,
    Judgement,
    VerdictRun,
)
from standards.models.noted import BookedAmount, Particular
from standards.models.questions import FlagReply, Question
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
    "Account",
    "AccountClose",
    "Assessment",
    "BookedAmount",
    "Certificate",
    "CertificateStatus",
    "Claim",
    "ClosedPeriod",
    "Club",
    "ClubPolicy",
    "Credit",
    "Cursor",
    "Declaration",
    "DueAssessment",
    "Flag",
    "FlagDecision",
    "FlagReply",
    "Judgement",
    "PackActivation",
    "PackFile",
    "Particular",
    "Question",
    "RegistryRow",
    "RegistrySnapshot",
    "VerdictRun",
]
