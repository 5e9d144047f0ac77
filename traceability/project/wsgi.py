"""The web application, for gunicorn."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from traceability.ledger.shapes import prepare_shapes
from traceability.project.celery import app as celery_app

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")

application = get_wsgi_application()

from traceability.recording import known_kinds  # noqa: E402 - needs the applications

# Everything that requests need is loaded before there are threads.
get_resolver().url_patterns  # noqa: B018 - a property that imports the views
known_kinds()
prepare_shapes()

# A request waits for the database several times, and after each wait for the interpreter;
# five milliseconds, Python's default, would be longer than all its work.
sys.setswitchinterval(0.0005)
# What is loaded now stays: the collector need not look at it again.
gc.collect()
gc.freeze()
