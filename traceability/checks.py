"""`check --deploy`: the database must not let the application rewrite the ledger."""

from typing import Any

from django.core.checks import CheckMessage, Critical, Info
from django.db import DatabaseError, connection

APPEND_ONLY = (
    "traceability_checkpoint",
    "traceability_entry",
    "traceability_entrysubject",
    "traceability_logindex",
    "traceability_movement",
    "traceability_reading",
    "traceability_rejection",
    "traceability_statementtext",
    "traceability_tile",
)
"""Tables whose rows are inserted once (ADR 0002)."""

_OWNED = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname LIKE 'traceability\\_%%'
  AND pg_has_role(current_user, c.relowner, 'MEMBER') ORDER BY c.relname
"""
_CHANGEABLE = """
SELECT name FROM unnest(%s::text[]) AS name
WHERE to_regclass(name) IS NOT NULL
  AND has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE') ORDER BY name
"""
_UNGUARDED = """
SELECT name FROM unnest(%s::text[]) AS name
WHERE to_regclass(name) IS NOT NULL AND (
    SELECT count(*) FROM pg_trigger t
    WHERE t.tgrelid = to_regclass(name) AND t.tgname LIKE 'append\\_only%%' AND t.tgenabled = 'A'
) < 2 ORDER BY name
"""


def check_append_only(**_options: Any) -> list[CheckMessage]:
    """Tell whether the role of `DATABASE_URL` could get past append-only.

    A role that owns a table, or is a member of its owner's role, or is a superuser, can
    disable every trigger on it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_OWNED)
            owned = [name for (name,) in cursor.fetchall()]
            cursor.execute(_CHANGEABLE, [list(APPEND_ONLY)])
            changeable = [name for (name,) in cursor.fetchall()]
            cursor.execute(_UNGUARDED, [list(APPEND_ONLY)])
            unguarded = [name for (name,) in cursor.fetchall()]
    except DatabaseError as error:
        return [Info(f"The database was not checked: {error}", id="traceability.I001")]
    return [
        Critical(f"{sentence} {', '.join(names)}.", hint=hint, id=code)
        for names, sentence, hint, code in (
            (owned, "The application owns ledger tables:", _OWN_HINT, "traceability.E001"),
            (changeable, "The application may change ledger rows:", _OWN_HINT, "traceability.E002"),
            (unguarded, "Append-only triggers are off:", _TRIGGER_HINT, "traceability.E003"),
        )
        if names
    ]


_OWN_HINT = "Set DATABASE_URL to a role that owns nothing, and migrate as DATABASE_OWNER_URL."
_TRIGGER_HINT = "Enable them (ENABLE ALWAYS), then run verify_log."
