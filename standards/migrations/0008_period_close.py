"""Who may close periods of accounts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0007_opening_stock"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="account",
            options={
                "ordering": ["account"],
                "permissions": [("close_account", "Can close periods of accounts")],
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
            },
        ),
    ]
