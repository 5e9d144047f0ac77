"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from traceability.project.celery import app as celery_app
from traceability.project.settling import settle

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")

application = get_wsgi_application()

from traceability.recording import known_kinds  # noqa: E402 - needs the applications

# Everything that requests need is loaded before there are threads.
get_resolver().url_patterns  # noqa: B018 - a property that imports the views
known_kinds()
settle()
