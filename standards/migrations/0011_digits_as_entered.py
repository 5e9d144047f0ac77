"""Booked amounts say with how many significant digits they were entered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("standards", "0010_transit_countries")]
    operations = [
        migrations.AddField(
            model_name="bookedamount",
            name="digits",
            field=models.SmallIntegerField(default=0),
            preserve_default=False,
        ),
    ]
