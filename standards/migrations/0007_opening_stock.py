"""What an account's opening statement says of stock from outside the ledger."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0006_registers"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="opening",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="account",
            name="documents",
            field=models.JSONField(default=list),
        ),
    ]
