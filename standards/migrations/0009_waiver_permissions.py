"""Who may see waivers, and who may grant and withdraw them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0008_period_close"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="clubpolicy",
            options={
                "ordering": ["club", "-index"],
                "permissions": [
                    ("view_waiver", "Can see waivers"),
                    ("grant_waiver", "Can grant and withdraw waivers"),
                ],
                "verbose_name": "policy",
                "verbose_name_plural": "policies",
            },
        ),
    ]
