"""How much lots gave beyond what they held, also those that were counted since."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "shortfall.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0008_lineage_weighed")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
