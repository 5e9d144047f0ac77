"""Functions that read lineage with many look-ups in one."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "lineage_together.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0006_lineage_streamed")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
