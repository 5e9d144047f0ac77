"""The countries that shipments pass become particulars, also of what was followed before."""

from django.db import migrations


def note(apps, _schema_editor):
    cursor = apps.get_model("standards", "Cursor").objects.first()
    if cursor is None or cursor.size == 0:
        return
    from standards.noting import note_transit

    note_transit(cursor.size)


class Migration(migrations.Migration):
    dependencies = [("standards", "0009_waiver_permissions")]
    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
