"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from traceability.project.celery import app as celery_app

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")

application = get_wsgi_application()
