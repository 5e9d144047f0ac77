"""Functions that read lineage as it is found."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "lineage_streamed.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0005_lineage_faster")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
