"""What an amendment must know of the lots it touches: what came to them in turn."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "turns.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0003_lineage")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
