"""Functions that read lineage through indexes, and the index for declared origins."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0002_append_only")]

    operations = [
        migrations.RunSQL((SQL / "lineage.sql").read_text(), migrations.RunSQL.noop),
    ]
