"""What workers run by the clock: publish, follow, assess; remind."""

from celery import shared_task

from standards.assessing import assess_due
from standards.following import follow_log
from standards.reminding import remind
from traceability.publishing import publish_checkpoint


@shared_task(acks_late=True)
def follow_ledger() -> int:
    """Publish what is recorded, take it in, assess what is due; twice changes nothing more."""
    publish_checkpoint()
    follow_log()
    return assess_due()


@shared_task(acks_late=True)
def remind_officers() -> int:
    """Remind organizations of what runs out or falls due; twice reminds nobody twice."""
    return remind()
