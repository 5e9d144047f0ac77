"""Files of registers, uploads under comparison, reminders: inserted once but for the uploads."""

import django.db.models.deletion
from django.db import migrations, models

INSERT_ONLY = ("snapshotfile", "reminder", "remindermail")


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
        ("standards", "0005_credentials"),
    ]

    operations = [
        migrations.CreateModel(
            name="SnapshotDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("organization", models.CharField(max_length=32)),
                ("by", models.CharField(max_length=64)),
                ("uploaded_at", models.DateTimeField()),
                ("file_name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                ("said", models.JSONField()),
            ],
            options={
                "verbose_name": "uploaded copy of a register",
                "verbose_name_plural": "uploaded copies of registers",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotFile",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.BinaryField()),
            ],
            options={
                "verbose_name": "file of a register snapshot",
                "verbose_name_plural": "files of register snapshots",
            },
        ),
        migrations.AlterModelOptions(
            name="registrysnapshot",
            options={
                "ordering": ["-index"],
                "permissions": [("import_registrysnapshot", "Can import copies of registers")],
                "verbose_name": "register snapshot",
                "verbose_name_plural": "register snapshots",
            },
        ),
        migrations.AddField(
            model_name="registrysnapshot",
            name="retrieved_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("organization", models.CharField(max_length=32)),
                ("kind", models.CharField(max_length=20)),
                ("about", models.CharField(max_length=97)),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("scheme", models.CharField(blank=True, max_length=64)),
                ("due_on", models.DateField()),
                ("days_before", models.SmallIntegerField()),
                ("because", models.TextField()),
                ("reminded_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "ordering": ["due_on", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "kind", "about", "detail", "due_on", "days_before"),
                        name="an_organization_is_reminded_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("person", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField()),
                (
                    "reminder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="standards.reminder",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder by e-mail",
                "verbose_name_plural": "reminders by e-mail",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reminder", "person"), name="a_person_is_mailed_once_of_a_reminder"
                    )
                ],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
