"""The web application, for gunicorn."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

from traceability.project.celery import app as celery_app

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")

application = get_wsgi_application()

# A request waits for the database several times, and after each wait for the interpreter;
# five milliseconds, Python's default, would be longer than all its work.
sys.setswitchinterval(0.0005)
# What is loaded now stays: the collector need not look at it again.
gc.collect()
gc.freeze()
