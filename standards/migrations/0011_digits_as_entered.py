"""Booked amounts say how many digits they were entered with."""

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
