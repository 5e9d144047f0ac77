"""Functions that read lineage with fewer look-ups."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "lineage_faster.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0004_turns")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
