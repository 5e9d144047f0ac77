"""Indexes and functions of the write path, append-only triggers, and what each role may do."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"

INSERT_ONLY = (
    "entry entrysubject movement logindex tile checkpoint rejection reading statementtext".split()
)
STATE = (
    "lot subject stream key organization facility relationship audience grant nameopening".split()
)
VERIFIED = [*INSERT_ONLY, *STATE, "logstate", "pending", "lotopening"]


def grants(apps, editor):
    """Give the application and the verifier what they need on this database, and no more."""
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('ledger_app', 'ledger_verifier')"
        )
        roles = {row[0] for row in cursor.fetchall()}
        if "ledger_app" in roles:
            for table in INSERT_ONLY:
                cursor.execute(f"REVOKE ALL ON traceability_{table} FROM ledger_app")
                cursor.execute(f"GRANT SELECT, INSERT ON traceability_{table} TO ledger_app")
            for table in [*STATE, "logstate"]:
                cursor.execute(f"REVOKE DELETE, TRUNCATE ON traceability_{table} FROM ledger_app")
            cursor.execute("GRANT USAGE, SELECT ON SEQUENCE recorded_order TO ledger_app")
            cursor.execute("GRANT EXECUTE ON FUNCTION ledger_erase(text, text) TO ledger_app")
        if "ledger_verifier" in roles:
            for table in VERIFIED:
                cursor.execute(f"GRANT SELECT ON traceability_{table} TO ledger_verifier")


class Migration(migrations.Migration):
    dependencies = [("traceability", "0001_ledger")]

    operations = [
        migrations.RunSQL((SQL / "indexes.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "functions.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "append_only.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunPython(grants, migrations.RunPython.noop),
    ]
