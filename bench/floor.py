"""The floor: a bare Django view that parses, verifies and makes one durable INSERT.

No middleware, no authentication, no custody, no chain: what any service that accepts a
signed statement must at least do.
"""

import os
from base64 import urlsafe_b64decode
from hashlib import sha256

import dj_database_url
import django
import orjson
import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from nacl.bindings import crypto_sign_open

KEYS = orjson.loads(os.environ["BENCH_KEYS"])  # organization → public key, hex
INSERT = "INSERT INTO floor (id, hash, document, jws) VALUES (%s, %s, %s, %s)"


def post(request: HttpRequest) -> JsonResponse:
    """Keep one statement."""
    body = request.body
    head, payload, signature = body.split(b".")
    document = orjson.loads(urlsafe_b64decode(payload + b"=="))
    public = bytes.fromhex(KEYS[document["author"]])
    crypto_sign_open(urlsafe_b64decode(signature + b"==") + head + b"." + payload, public)
    digest = sha256(body).hexdigest()
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            INSERT,
            [document["id"], digest, orjson.dumps(document).decode(), body.decode()],
            prepare=True,
        )
    return JsonResponse({"hash": digest}, status=201)


urlpatterns = [path("statements", post)]
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": dict(dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60))},
    SECRET_KEY="bench",  # noqa: S106 - nothing is signed with it
    USE_TZ=True,
)
django.setup()
application = WSGIHandler()
