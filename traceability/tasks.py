"""What workers run for the ledger alone; `standards.tasks.follow_ledger` publishes as well."""

from celery import shared_task

from traceability import publishing


@shared_task(acks_late=True)
def publish_checkpoint() -> int:
    """Publish everything recorded so far; running it twice changes nothing."""
    return publishing.publish_checkpoint()
