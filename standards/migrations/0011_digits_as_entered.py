"""Booked amounts say how they were entered, also those that were followed before."""

from django.db import migrations, models


def note(apps, _schema_editor):
    cursor = apps.get_model("standards", "Cursor").objects.first()
    if cursor is None or cursor.size == 0:
        return
    from standards.noting import note_digits

    note_digits(cursor.size)


class Migration(migrations.Migration):
    dependencies = [("standards", "0010_transit_countries")]
    operations = [
        migrations.AddField(
            model_name="bookedamount",
            name="digits",
            field=models.SmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunPython(note, migrations.RunPython.noop),
    ]
