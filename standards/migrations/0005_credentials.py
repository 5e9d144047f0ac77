"""Credentials in full, rows of registers where they are looked up, and declarations."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


INSERT_ONLY = ("declaration", "registryrow")


def protect(apps, editor):
    """Refuse changes by trigger, and by grants where the roles exist (as migration 0002)."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = 'ledger_app'")
        has_app = cursor.fetchone() is not None
        for name in INSERT_ONLY:
            table = f"standards_{name}"
            for trigger, events, each in (
                ("append_only", "UPDATE OR DELETE", "ROW"),
                ("append_only_truncate", "TRUNCATE", "STATEMENT"),
            ):
                cursor.execute(
                    f"CREATE TRIGGER {trigger} BEFORE {events} ON {table} "
                    f"FOR EACH {each} EXECUTE FUNCTION ledger_refuse_change()"
                )
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
            if has_app:
                cursor.execute(f"REVOKE ALL ON {table} FROM ledger_app")
                cursor.execute(f"GRANT SELECT, INSERT ON {table} TO ledger_app")


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0004_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="certificate",
            name="evidence",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="certificate",
            name="next_action_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="certificate",
            name="stated_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="certificatestatus",
            name="stated_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="registrysnapshot",
            name="left_out",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="registrysnapshot",
            name="unmatched",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(blank=True, max_length=2), default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="Declaration",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.CharField(max_length=64)),
                ("declaration", models.CharField(db_index=True, max_length=97)),
                ("author", models.CharField(db_index=True, max_length=32)),
                ("form", models.CharField(max_length=64)),
                (
                    "lots",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=97), size=None
                    ),
                ),
                (
                    "recipients",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), size=None
                    ),
                ),
                ("effective_on", models.DateField()),
                ("stated_on", models.DateField()),
                ("withdrawn", models.BooleanField()),
                ("record", models.JSONField()),
            ],
            options={
                "verbose_name": "declaration",
                "verbose_name_plural": "declarations",
                "ordering": ["-index"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["lots"], name="declarations_about_lots"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["recipients"], name="declarations_for_readers"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RegistryRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.IntegerField()),
                ("subject", models.CharField(db_index=True, max_length=97)),
                ("name", models.CharField(max_length=500)),
                ("status", models.CharField(blank=True, max_length=500)),
                ("level", models.CharField(blank=True, max_length=500)),
                (
                    "materials",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), null=True, size=None
                    ),
                ),
                ("listed_from", models.DateField(null=True)),
                ("listed_until", models.DateField(null=True)),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="standards.registrysnapshot",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a register",
                "verbose_name_plural": "rows of registers",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("snapshot", "place"), name="a_register_has_one_row_at_a_place"
                    )
                ],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
