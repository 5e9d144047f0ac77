"""`/api/v1/log/…`: checkpoint, tiles, proofs, key. Public, made to be kept by any cache.

Hash tiles tell nothing about what was stated: every entry has a random salt. Entry bundles
would, and are not served: who may see an entry gets it from `statements` or in a bundle.
"""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from traceability.api.lists import LedgerView
from traceability.api.schema import described
from traceability.errors import InvalidTilePath, LedgerNotBegun, UnknownStatement
from traceability.keeping import log_verifier
from traceability.ledger import tlog_proof
from traceability.ledger.tiles import EntryTile, inclusion_proof_from_tiles, parse_tile_path
from traceability.models import Checkpoint, Entry, LogIndex, Tile
from traceability.tracing import log_state, tile_reader

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"
_HASH_BYTES = 32


class PublicView(LedgerView):
    """Base of views that anybody may read, without credentials."""

    authentication_classes: Any = []
    permission_classes: Any = []


class CheckpointView(PublicView):
    """The newest checkpoint."""

    @described(
        "The newest checkpoint",
        "A signed note (C2SP tlog-checkpoint): origin, size, root hash, signatures.",
        answers={(200, "text/plain"): str},
        refused=(503,),
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer the newest checkpoint."""
        return _text(_newest().note, cache="public, max-age=1")


class VerifierKeyView(PublicView):
    """The log's public key."""

    @described(
        "The log's verifier key",
        "C2SP vkey. Compare it with the one in the genesis statement, or in a copy of yours.",
        answers={(200, "text/plain"): str},
    )
    def get(self, request: Request) -> HttpResponse:
        """Answer the verifier key."""
        return _text(f"{log_verifier().vkey}\n", cache="public, max-age=3600")


class TileView(PublicView):
    """Hash tiles."""

    @described(
        "A tile of hashes",
        "C2SP tlog-tiles: `<level>/<index>` or `<level>/<index>.p/<width>`. A tile that exists "
        "never changes. Entry bundles are not public: 404.",
        answers={(200, BYTES): bytes},
        refused=(404,),
    )
    def get(self, request: Request, place: str) -> HttpResponse:
        """Answer the hashes of a tile."""
        path = f"tile/{place}"
        tile = parse_tile_path(path)
        if isinstance(tile, EntryTile):
            raise InvalidTilePath("Entry bundles are not public.", path=path)
        try:
            hashes = tile_reader(log_state())(tile.level, tile.index, tile.width)
        except (Tile.DoesNotExist, IndexError):
            hashes = b""
        if len(hashes) != tile.width * _HASH_BYTES:
            raise InvalidTilePath("The log has no such tile yet.", path=path)
        response = HttpResponse(hashes, content_type=BYTES)
        response["Cache-Control"] = _FOR_EVER
        return response


class ProofView(PublicView):
    """Proofs of inclusion."""

    @described(
        "Proof that an entry is in the log",
        "C2SP tlog-proof for the newest checkpoint, by entry hash. An entry that is not published "
        "yet is as unknown as any other hash.",
        answers={(200, "text/plain"): str},
        refused=(404, 503),
    )
    def get(self, request: Request, entry: str) -> HttpResponse:
        """Answer the proof of one entry."""
        checkpoint = _newest()
        order = Entry.objects.filter(hash=entry).values("recorded_order")
        place = LogIndex.objects.filter(recorded_order__in=order, index__lt=checkpoint.size).first()
        if place is None:
            raise UnknownStatement(entry, at="")
        hashes = inclusion_proof_from_tiles(place.index, checkpoint.size, tile_reader(log_state()))
        proof = tlog_proof.TlogProof(
            index=place.index, hashes=tuple(hashes), checkpoint_note=checkpoint.note
        )
        return _text(tlog_proof.format(proof), cache="public, max-age=60")


def _newest() -> Checkpoint:
    found = Checkpoint.objects.order_by("-size").first()
    if found is None:
        raise LedgerNotBegun
    return found


def _text(text: str, *, cache: str) -> HttpResponse:
    response = HttpResponse(text, content_type=TEXT)
    response["Cache-Control"] = cache
    response["Access-Control-Allow-Origin"] = "*"  # public, and read by witnesses' pages
    return response
