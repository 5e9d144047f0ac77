"""Functions that read documents of lots with the weighings these are of."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "lineage_weighed.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0007_lineage_together")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
