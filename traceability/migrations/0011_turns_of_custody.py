"""What an amendment must know of the lots it touches: also who had and who owned them in turn."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "turns_of_custody.sql"


class Migration(migrations.Migration):
    dependencies = [("traceability", "0010_known_to_parts")]

    operations = [migrations.RunSQL(SQL.read_text(), migrations.RunSQL.noop)]
