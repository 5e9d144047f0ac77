"""Accounts, claims, credits, closes: what the log says is inserted once (ADR 0002)."""

import django.contrib.postgres.fields
from django.db import migrations, models

INSERT_ONLY = ("account", "claim", "credit", "accountclose", "closedperiod")


def protect(apps, editor):
    """Refuse changes by trigger, and by grants where the roles exist."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = 'ledger_app'")
        has_app = cursor.fetchone() is not None
        for name in INSERT_ONLY:
            table = f"standards_{name}"
            cursor.execute(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()"
            )
            cursor.execute(
                f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
            )
            for trigger in ("append_only", "append_only_truncate"):
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
            if has_app:
                cursor.execute(f"REVOKE ALL ON {table} FROM ledger_app")
                cursor.execute(f"GRANT SELECT, INSERT ON {table} TO ledger_app")


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0003_plausibility"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountClose",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.CharField(max_length=64)),
                ("account", models.CharField(db_index=True, max_length=97)),
                ("until", models.DateField()),
                ("known_at", models.BigIntegerField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name": "close",
                "verbose_name_plural": "closes",
                "ordering": ["account", "index"],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.CharField(max_length=64)),
                ("claim", models.CharField(db_index=True, max_length=97)),
                ("account", models.CharField(blank=True, db_index=True, max_length=97)),
                ("holder", models.CharField(max_length=32)),
                ("effective", models.CharField(max_length=80)),
                ("is_withdrawal", models.BooleanField()),
                ("lot", models.CharField(blank=True, db_index=True, max_length=97)),
                ("recipient", models.CharField(blank=True, max_length=500)),
                ("is_recipient_known", models.BooleanField(default=False)),
                ("element", models.CharField(blank=True, max_length=10)),
                ("scheme", models.CharField(blank=True, max_length=64)),
                ("tier", models.CharField(blank=True, max_length=500)),
                ("model", models.CharField(blank=True, max_length=24)),
                ("code", models.CharField(blank=True, max_length=12)),
                ("wording", models.TextField(blank=True)),
                ("mg", models.BigIntegerField(default=0)),
                (
                    "tranches",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=97), default=list, size=None
                    ),
                ),
                (
                    "credits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=97), default=list, size=None
                    ),
                ),
                ("because", models.TextField(blank=True)),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
                "ordering": ["-index"],
            },
        ),
        migrations.CreateModel(
            name="ClosedPeriod",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account", models.CharField(db_index=True, max_length=97)),
                ("until", models.DateField()),
                ("digest", models.CharField(max_length=64)),
                ("state", models.JSONField()),
            ],
            options={
                "verbose_name": "closed period",
                "verbose_name_plural": "closed periods",
                "ordering": ["account", "index"],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.CharField(max_length=64)),
                ("serial", models.CharField(db_index=True, max_length=97)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("issued", "issued"),
                            ("transferred", "transferred"),
                            ("retired", "retired"),
                        ],
                        max_length=12,
                    ),
                ),
                ("author", models.CharField(db_index=True, max_length=32)),
                ("effective", models.CharField(max_length=80)),
                ("holder", models.CharField(blank=True, db_index=True, max_length=32)),
                ("account", models.CharField(blank=True, db_index=True, max_length=97)),
                ("element", models.CharField(blank=True, max_length=10)),
                ("scheme", models.CharField(blank=True, max_length=64)),
                ("tier", models.CharField(blank=True, max_length=500)),
                ("registry", models.CharField(blank=True, max_length=500)),
                ("vintage", models.CharField(blank=True, max_length=4)),
                ("mg", models.BigIntegerField(default=0)),
                ("because", models.TextField(blank=True)),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": ["serial", "index"],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.CharField(max_length=64)),
                ("account", models.CharField(max_length=97, unique=True)),
                ("holder", models.CharField(db_index=True, max_length=32)),
                (
                    "facilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=97), size=None
                    ),
                ),
                ("element", models.CharField(max_length=10)),
                ("scheme", models.CharField(max_length=64)),
                ("tier", models.CharField(max_length=500)),
                ("method", models.CharField(max_length=16)),
                ("begins", models.DateField()),
                ("months", models.SmallIntegerField()),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "ordering": ["account"],
                "indexes": [
                    models.Index(fields=["element", "scheme"], name="accounts_of_a_market")
                ],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
