"""Amounts booked before it was noted how they were entered get it noted.

Apart from the column, since notes are taken by another role than alters the table.
"""

from django.db import migrations


def note(apps, _schema_editor):
    cursor = apps.get_model("standards", "Cursor").objects.first()
    if cursor is None or cursor.size == 0:
        return
    from standards.noting import note_digits

    note_digits(cursor.size)


class Migration(migrations.Migration):
    dependencies = [("standards", "0011_digits_as_entered")]
    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
