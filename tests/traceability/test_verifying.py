"""The whole stored log, verified and attacked."""

import pytest
from django.db import connection

from tests.traceability.ledger.paper_ledger import mine_and_buyer
from tests.traceability.stored_ledger import StoredLedger
from traceability.publishing import publish_checkpoint
from traceability.verifying import verify_stored_log

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sound_log_verifies():
    mine_and_buyer(StoredLedger())
    publish_checkpoint()
    log = verify_stored_log()
    print(log)
