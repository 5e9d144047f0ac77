"""Addresses below `/api/v1/` that `standards` serves."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
