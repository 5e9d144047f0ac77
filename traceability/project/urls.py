"""Every address: the public pages, both APIs, the admin, tokens, and a health check."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from traceability import pages
from traceability.project.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="log"), name="home"),
    path("log/", pages.log, name="log"),
    path("errors/", pages.errors, name="errors"),
    path("errors/<slug:code>", pages.errors, name="error"),
    path("api/v1/", include("traceability.api.urls")),
    path("api/v1/", include("standards.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api"),
    path("api/", RedirectView.as_view(pattern_name="api")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("admin/", admin.site.urls),
    path("healthz", health, name="health"),
]

# Below `/api/` these answer with problem details, elsewhere with pages.
handler400 = "traceability.api.errors.bad_request"
handler404 = "traceability.api.errors.not_found"
handler500 = "traceability.api.errors.server_error"
