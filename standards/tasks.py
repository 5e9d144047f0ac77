"""What workers run by the clock: publish, follow, assess."""

from celery import shared_task

from standards.assessing import assess_due
from standards.following import follow_log
from traceability.publishing import publish_checkpoint


@shared_task(acks_late=True)
def follow_ledger() -> int:
    """Publish what is recorded, take it in, assess what is due; twice changes nothing more."""
    publish_checkpoint()
    follow_log()
    return assess_due()
