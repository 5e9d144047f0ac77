"""Addresses below `/api/v1/` that `traceability` serves."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
