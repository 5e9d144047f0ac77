"""Addresses below `/api/v1/` that `traceability` serves."""

from django.urls import URLPattern, URLResolver, path

from traceability.api.batches import StatementBatchesView
from traceability.api.log import CheckpointView, ProofView, TileView, VerifierKeyView
from traceability.api.lots import LotBundleView, LotsView, LotView
from traceability.api.provenance import ProvenanceView
from traceability.api.recall import LotDescendantsView, RecallView
from traceability.api.registry import (
    FacilitiesView,
    FacilityView,
    KeysView,
    OrganizationsView,
    OrganizationView,
)
from traceability.api.restatements import RestatementsView
from traceability.api.statements import (
    RejectionsView,
    StatementsView,
    StatementView,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("statements", StatementsView.as_view(), name="statements"),
    path("statements/<str:entry>", StatementView.as_view(), name="statement"),
    path("statement-batches", StatementBatchesView.as_view(), name="statement-batches"),
    path("rejections", RejectionsView.as_view(), name="rejections"),
    path("organizations", OrganizationsView.as_view(), name="organizations"),
    path("organizations/<str:organization>", OrganizationView.as_view(), name="organization"),
    path("facilities", FacilitiesView.as_view(), name="facilities"),
    path("facilities/<str:facility>", FacilityView.as_view(), name="facility"),
    path("facilities/<str:facility>/recall", RecallView.as_view(), name="facility-recall"),
    path("keys", KeysView.as_view(), name="keys"),
    path("lots", LotsView.as_view(), name="lots"),
    path("lots/<str:lot>", LotView.as_view(), name="lot"),
    path("lots/<str:lot>/provenance", ProvenanceView.as_view(), name="lot-provenance"),
    path("lots/<str:lot>/descendants", LotDescendantsView.as_view(), name="lot-descendants"),
    path("lots/<str:lot>/bundle", LotBundleView.as_view(), name="lot-bundle"),
    path("restatements", RestatementsView.as_view(), name="restatements"),
    path("log/checkpoint", CheckpointView.as_view(), name="log-checkpoint"),
    path("log/vkey", VerifierKeyView.as_view(), name="log-vkey"),
    path("log/tile/<path:place>", TileView.as_view(), name="log-tile"),
    path("log/proofs/<str:entry>", ProofView.as_view(), name="log-proof"),
]
