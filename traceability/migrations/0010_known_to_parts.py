"""Parts of lots are known to whoever had them, no longer to all who had the whole."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "known_to.sql"

RECOMPUTED = """
UPDATE traceability_lot l SET known_to = k.names
FROM (
    SELECT lot, ledger_known_to(lot) AS names
    FROM (
        SELECT DISTINCT lot FROM traceability_movement WHERE role = 'make' AND facts ? 'from'
    ) AS parts
) AS k
WHERE l.id = k.lot AND l.known_to IS DISTINCT FROM k.names
"""
"""Lots of which others may know less than they did: those that began as parts."""


class Migration(migrations.Migration):
    dependencies = [("traceability", "0009_shortfall")]

    operations = [
        migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(RECOMPUTED, migrations.RunSQL.noop),
    ]
