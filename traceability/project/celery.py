"""The Celery app and everything that runs by the clock, on one screen.

A due row in the database is the queue; Celery is the clock and the muscle. Each task expires
before its next turn, so a worker that was away finds one of each waiting, not a thousand.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traceability.project.settings")

app = Celery("traceability")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "publish what is recorded, follow it, assess what is due": {
        "task": "standards.tasks.follow_ledger",
        "schedule": 0.5,  # what waits for the clock is in the two seconds from POST to flag
        "options": {"expires": 0.45, "ignore_result": True},
    },
    "remind of what runs out or falls due": {
        "task": "standards.tasks.remind_officers",
        "schedule": 3600.0,
        "options": {"expires": 3500.0, "ignore_result": True},
    },
}
