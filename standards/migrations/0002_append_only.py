"""What the log says, and what officers decided, is inserted once (ADR 0002)."""

from django.db import migrations

INSERT_ONLY = (
    "certificate certificatestatus registrysnapshot clubpolicy packactivation packfile flagdecision"
).split()


def protect(apps, editor):
    """Refuse changes by trigger, and by grants where the roles exist."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = 'ledger_app'")
        has_app = cursor.fetchone() is not None
        for name in INSERT_ONLY:
            table = f"standards_{name}"
            cursor.execute(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()"
            )
            cursor.execute(
                f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
            )
            for trigger in ("append_only", "append_only_truncate"):
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
            if has_app:
                cursor.execute(f"REVOKE ALL ON {table} FROM ledger_app")
                cursor.execute(f"GRANT SELECT, INSERT ON {table} TO ledger_app")


class Migration(migrations.Migration):
    dependencies = [("standards", "0001_standards"), ("traceability", "0002_append_only")]

    operations = [migrations.RunPython(protect, migrations.RunPython.noop)]
