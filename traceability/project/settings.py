"""Every setting, in one file: what varies comes from the environment, and the rest is safe.

In production a missing name stops the process (`SettingMissing`). Without `DATABASE_URL` the
embedded mode of `traceability.project.database` fills the same names from `.data/`.
"""

import base64
import binascii
import os
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from traceability.errors import SettingMissing, SettingNotUsable
from traceability.project import appearance
from traceability.project.database import PROJECT_ROOT, embedded_environment, is_embedded

environment = embedded_environment(os.environ) if is_embedded(os.environ) else dict(os.environ)


def _required(name: str) -> str:
    if not environment.get(name):
        raise SettingMissing(name=name)
    return environment[name]


def _flag(name: str, default: str) -> bool:
    value = environment.get(name) or default
    if value not in ("0", "1"):
        raise SettingNotUsable(name=name, because="must be 0 or 1")
    return value == "1"


def _list(name: str) -> list[str]:
    return [item.strip() for item in environment.get(name, "").split(",") if item.strip()]


def _number(name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise SettingNotUsable(name=name, because="must be a whole number")
    return int(value)


def _days(name: str, default: str) -> tuple[int, ...]:
    """Return numbers of days, the longest first."""
    given = [item.strip() for item in (environment.get(name) or default).split(",")]
    if not all(item.isascii() and item.isdigit() and len(item) <= 4 for item in given):
        raise SettingNotUsable(name=name, because="must be whole numbers of days, with commas")
    return tuple(sorted({int(item) for item in given}, reverse=True))


def _key(name: str) -> bytes:
    """Return 32 bytes from their base64url text."""
    try:
        key = base64.b64decode(_required(name), altchars=b"-_", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise SettingNotUsable(name=name, because="must be 32 bytes in base64url")
    return key


def _database(name: str) -> dict[str, Any]:
    address = _required(name)
    told: dict[str, Any] = dict(
        dj_database_url.parse(address, conn_max_age=60, conn_health_checks=True)
    )
    # What is asked takes milliseconds, as long as the server would take to compile it.
    told.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
    return told


# ── the ledger ────────────────────────────────────────────────────────────────────────────

LEDGER_ORIGIN = _required("LEDGER_ORIGIN")  # `ledger` of every statement, origin of checkpoints
LOG_KEY_FILE = _required("LOG_KEY_FILE")  # Ed25519 seed of the log, 32 bytes in base64url
KEY_ENCRYPTION_KEY = _key("KEY_ENCRYPTION_KEY")  # opens the keys that the service holds
GUARD_PATH = _required("GUARD_PATH")  # last signed checkpoint, outside PostgreSQL
SITE_URL = _required("SITE_URL").rstrip("/")  # how people and machines reach this site

# Which kinds of statements are accepted, and the pure parser that returns the subjects touched.
# The apps are named by string, so that `traceability` imports nothing of `standards`.
_LEDGER_KINDS = "traceability.ledger.kinds.KINDS"
_STANDARDS_KINDS = "standards.rulebook.statements.KINDS"
STATEMENT_KINDS: dict[str, str] = {
    "registry.genesis": _LEDGER_KINDS,
    "registry.organization": _LEDGER_KINDS,
    "registry.key": _LEDGER_KINDS,
    "registry.key_revocation": _LEDGER_KINDS,
    "registry.facility": _LEDGER_KINDS,
    "registry.relationship": _LEDGER_KINDS,
    "registry.audience": _LEDGER_KINDS,
    "registry.grant": _LEDGER_KINDS,
    "registry.opening": _LEDGER_KINDS,
    "registry.erasure": _LEDGER_KINDS,
    "custody.extraction": _LEDGER_KINDS,
    "custody.recovery": _LEDGER_KINDS,
    "custody.introduction": _LEDGER_KINDS,
    "custody.transformation": _LEDGER_KINDS,
    "custody.blend": _LEDGER_KINDS,
    "custody.split": _LEDGER_KINDS,
    "custody.assembly": _LEDGER_KINDS,
    "custody.shipment": _LEDGER_KINDS,
    "custody.receipt": _LEDGER_KINDS,
    "custody.transfer": _LEDGER_KINDS,
    "custody.assay": _LEDGER_KINDS,
    "custody.stocktake": _LEDGER_KINDS,
    "custody.loss": _LEDGER_KINDS,
    "custody.offer": _LEDGER_KINDS,
    "custody.withdrawal": _LEDGER_KINDS,
    "custody.correction": _LEDGER_KINDS,
    "custody.void": _LEDGER_KINDS,
    "standards.certificate": _STANDARDS_KINDS,
    "standards.certificate_status": _STANDARDS_KINDS,
    "standards.snapshot": _STANDARDS_KINDS,
    "standards.declaration": _STANDARDS_KINDS,
    "standards.policy": _STANDARDS_KINDS,
    "standards.waiver": _STANDARDS_KINDS,
    "standards.waiver_use": _STANDARDS_KINDS,
    "standards.pack_activation": _STANDARDS_KINDS,
    "standards.verdicts": _STANDARDS_KINDS,
    "standards.account": _STANDARDS_KINDS,
    "standards.claim": _STANDARDS_KINDS,
    "standards.credit": _STANDARDS_KINDS,
    "standards.close": _STANDARDS_KINDS,
}
MATERIALS_FILE = environment.get("MATERIALS_FILE", "")  # words for more minerals, as TOML
PUBLISH_WITHIN_SECONDS = _number("PUBLISH_WITHIN_SECONDS", 60)  # the receipt's promise

# ── where data lives ──────────────────────────────────────────────────────────────────────

# One database, three roles. Only what migrates needs the owner's address and only `verify_log`
# the verifier's; web and workers run without both. Connections are kept, one per thread, not
# pooled: a pool would hold more of them than there are threads to use them. While a recall
# is read it has a second one.
DATABASES: dict[str, dict[str, Any]] = {"default": _database("DATABASE_URL")}
if environment.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = _database("DATABASE_OWNER_URL") | {"TEST": {"MIRROR": "default"}}
if environment.get("DATABASE_VERIFIER_URL"):
    DATABASES["verifier"] = _database("DATABASE_VERIFIER_URL") | {"TEST": {"MIRROR": "default"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── what runs ─────────────────────────────────────────────────────────────────────────────

DEBUG = _flag("DEBUG", "0")
SECRET_KEY = _required("SECRET_KEY")
ALLOWED_HOSTS = _list("ALLOWED_HOSTS")
ROOT_URLCONF = "traceability.project.urls"
WSGI_APPLICATION = "traceability.project.wsgi.application"

INSTALLED_APPS = [
    "traceability",  # first: its `migrate` connects as the owner
    "standards",
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "traceability.project.machines.for_machines",  # what follows is for people
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "traceability.project.csp.relax_admin_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it answers for a login that is locked out
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ── who may come in ───────────────────────────────────────────────────────────────────────

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
UNFOLD = appearance.UNFOLD
LOGIN_REDIRECT_URL = "/admin/"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # nobody locks out another's account

OAUTH2_PROVIDER = {
    "SCOPES": {"read": _("Read what your organization may see"), "write": _("Record statements")},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    # OAuth 2.0 Security Best Current Practice (RFC 9700), where the library's default is older.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
}

# ── transport ─────────────────────────────────────────────────────────────────────────────

HTTPS = _flag("HTTPS", "1")  # 0 only for a demo on the loopback address
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from inside the container, without TLS
SECURE_HSTS_SECONDS = _number("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS")
if _flag("TRUST_X_FORWARDED_PROTO", "0"):  # only behind a proxy that overwrites the header
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A batch of statements has at most 16 MB; everything else is far smaller.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# unfold runs Alpine, which evaluates expressions, and sets styles inline; scripts stay our own.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}

# ── REST ──────────────────────────────────────────────────────────────────────────────────

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "traceability.api.auth.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["traceability.api.auth.OfOrganization"],
    "EXCEPTION_HANDLER": "traceability.api.errors.answer",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mineral traceability ledger",
    "VERSION": "1",
    "DESCRIPTION": "Signed, append-only custody records; exact provenance; proofs for others.",
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "traceability.api.schema.add_shapes",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# ── language, time, files ─────────────────────────────────────────────────────────────────

USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [PROJECT_ROOT / "traceability" / "locale", PROJECT_ROOT / "standards" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
# The image collects and fingerprints its files once (`COLLECT_STATIC=1 manage.py collectstatic`);
# elsewhere they are served from where the apps keep them.
_collected = PROJECT_ROOT / "staticfiles"
_use_collected = _flag("COLLECT_STATIC", "0") or (_collected / "staticfiles.json").exists()
STATIC_ROOT = _collected if _use_collected else None
WHITENOISE_USE_FINDERS = not _use_collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _use_collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# ── background work ───────────────────────────────────────────────────────────────────────

CELERY_BROKER_URL = _required("CELERY_BROKER_URL")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is away
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # pgmq: queue names have at most 47 characters
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
if environment.get("PGMQ_CONNECTION"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "conn_string": environment["PGMQ_CONNECTION"],
        "init_extension": False,
        "use_notify": True,
        "notify_throttle_interval_ms": 0,
        "wait_time_seconds": 0,
        "visibility_timeout": 900,
        "pool_size": 4,
        "pool_timeout": 2,  # seconds; then a new pool tries at once, where an old one would wait
    }

# ── reminders ─────────────────────────────────────────────────────────────────────────────

REMIND_DAYS_BEFORE = _days("REMIND_DAYS_BEFORE", "90,30,7,0")  # of what runs out or falls due
# Reminders also go by mail where a server is named; without one nothing is sent.
REMIND_BY_MAIL = bool(environment.get("EMAIL_HOST"))
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if REMIND_BY_MAIL else 'dummy'}.EmailBackend"
EMAIL_HOST = environment.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _number("EMAIL_PORT", 587)
EMAIL_HOST_USER = environment.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = environment.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS", "1")
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = _required("EMAIL_FROM") if REMIND_BY_MAIL else "nobody@localhost"

# ── what it says ──────────────────────────────────────────────────────────────────────────

# To standard error: standard output belongs to the answers of commands (`--json`).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.get("LOG_LEVEL") or "INFO"},
    "loggers": {"axes": {"level": "WARNING"}},
}
