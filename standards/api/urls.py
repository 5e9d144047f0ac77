"""Addresses below `/api/v1/` that `standards` serves."""

from django.urls import URLPattern, URLResolver, path

from standards.api.accounts import AccountsView, AccountView, CreditsView
from standards.api.calendar import CalendarView
from standards.api.certificates import CertificatesView, CertificateView
from standards.api.clubs import ClubsView, ClubView
from standards.api.declarations import DeclarationsView, DeclarationView
from standards.api.flags import (
    FlagAcknowledgementView,
    FlagResolutionView,
    FlagsView,
    FlagView,
)
from standards.api.questions import QuestionRepliesView, QuestionsView, QuestionView
from standards.api.registers import (
    SnapshotFileView,
    SnapshotRowsView,
    SnapshotsView,
    SnapshotView,
)
from standards.api.verdicts import LotVerdictsView

urlpatterns: list[URLPattern | URLResolver] = [
    path("lots/<str:lot>/verdicts", LotVerdictsView.as_view(), name="lot-verdicts"),
    path("certificates", CertificatesView.as_view(), name="certificates"),
    path("certificates/<str:certificate>", CertificateView.as_view(), name="certificate"),
    path("snapshots", SnapshotsView.as_view(), name="snapshots"),
    path("snapshots/<str:snapshot>", SnapshotView.as_view(), name="snapshot"),
    path("snapshots/<str:snapshot>/rows", SnapshotRowsView.as_view(), name="snapshot-rows"),
    path("snapshots/<str:snapshot>/file", SnapshotFileView.as_view(), name="snapshot-file"),
    path("declarations", DeclarationsView.as_view(), name="declarations"),
    path("declarations/<str:declaration>", DeclarationView.as_view(), name="declaration"),
    path("calendar", CalendarView.as_view(), name="calendar"),
    path("accounts", AccountsView.as_view(), name="accounts"),
    path("accounts/<str:account>", AccountView.as_view(), name="account"),
    path("credits", CreditsView.as_view(), name="credits"),
    path("clubs", ClubsView.as_view(), name="clubs"),
    path("clubs/<str:club>", ClubView.as_view(), name="club"),
    path("flags", FlagsView.as_view(), name="flags"),
    path("flags/<int:flag>", FlagView.as_view(), name="flag"),
    path(
        "flags/<int:flag>/acknowledge",
        FlagAcknowledgementView.as_view(),
        name="flag-acknowledgement",
    ),
    path("flags/<int:flag>/resolve", FlagResolutionView.as_view(), name="flag-resolution"),
    path("questions", QuestionsView.as_view(), name="questions"),
    path("questions/<int:question>", QuestionView.as_view(), name="question"),
    path(
        "questions/<int:question>/replies", QuestionRepliesView.as_view(), name="question-replies"
    ),
]
