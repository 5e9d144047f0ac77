"""The peer: the same statements in a table whose history django-pghistory keeps by trigger.

The row is what a Django developer would keep of a signed event: the document as JSON, the
hashes and the signature, and the indexes without which nobody finds it again.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from hashlib import sha256

import pghistory
import pgtrigger
from django.apps import apps
from django.db import connections, models, transaction


class Meta:
    """The peer's table stands beside ours, in the same database."""

    app_label = "traceability"
    db_table = "peer_event"
    unique_together = [("organization", "sequence")]


FIELDS = {
    "__module__": "traceability.models",
    "Meta": Meta,
    "event_id": models.UUIDField(unique=True),
    "organization": models.CharField(max_length=32),
    "sequence": models.BigIntegerField(),
    "lot": models.CharField(max_length=97, db_index=True),
    "document": models.JSONField(),
    "previous_hash": models.BinaryField(),
    "leaf_hash": models.BinaryField(db_index=True),
    "signature": models.BinaryField(),
    "received_at": models.DateTimeField(auto_now_add=True),
}


class Peer:
    """One table of events, one history table, one insert trigger."""

    def __init__(self) -> None:
        track = pghistory.track()  # as its documentation begins: inserts, updates, context
        self.model = track(type("PeerEvent", (models.Model,), FIELDS))
        event = apps.get_model("traceability", "PeerEventEvent")
        owner = connections["owner"]
        with owner.schema_editor() as editor:
            for model in (self.model, event):
                editor.create_model(model)
        pgtrigger.install(database="owner")
        self._sequence = 0

    def rows(self, statements: Sequence[bytes]) -> list[models.Model]:
        """Return model instances for signed statements, read but not checked."""
        return [self._row(jws) for jws in statements]

    def bulk_create(self, rows: Sequence[models.Model]) -> None:
        """Insert rows in one transaction, as its documentation does for bulk loads."""
        with transaction.atomic():
            self.model.objects.bulk_create(rows)

    def _row(self, jws: bytes) -> models.Model:
        _, payload, signature = jws.split(b".")
        document = json.loads(urlsafe_b64decode(payload + b"=="))
        self._sequence += 1
        return self.model(
            event_id=document["id"],
            organization=document["author"],
            sequence=self._sequence,
            lot=document["body"]["lot"],
            document=document,
            previous_hash=sha256(payload).digest(),
            leaf_hash=sha256(jws).digest(),
            signature=urlsafe_b64decode(signature + b"=="),
        )
