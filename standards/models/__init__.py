"""Tables: what the log says (`recorded`, `booked`), what was made of it, and what is watched."""

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
from standards.models.setbacks import Setback
from standards.models.watched import Reminder, ReminderMail, SnapshotDraft, SnapshotFile

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
    "Reminder",
    "ReminderMail",
    "Setback",
    "SnapshotDraft",
    "SnapshotFile",
    "VerdictRun",
]
