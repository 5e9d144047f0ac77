"""What statements name and book, questions about them, and replies, which are inserted once."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def protect_replies(apps, editor):
    """Refuse changes of replies by trigger, and by grants where the roles exist (ADR 0002)."""
    table = "standards_flagreply"
    with editor.connection.cursor() as cursor:
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
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = 'ledger_app'")
        if cursor.fetchone() is not None:
            cursor.execute(f"REVOKE ALL ON {table} FROM ledger_app")
            cursor.execute(f"GRANT SELECT, INSERT ON {table} TO ledger_app")


class Migration(migrations.Migration):
    dependencies = [
        ("standards", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BookedAmount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("index", models.BigIntegerField()),
                ("place", models.BigIntegerField()),
                ("entry", models.CharField(db_index=True, max_length=64)),
                ("lot", models.CharField(db_index=True, max_length=97)),
                ("facility", models.CharField(max_length=97)),
                ("country", models.CharField(max_length=2)),
                ("material", models.CharField(max_length=64)),
                ("element", models.CharField(blank=True, max_length=10)),
                ("low", models.BigIntegerField()),
                ("high", models.BigIntegerField()),
                ("unit", models.CharField(max_length=5)),
                ("basis", models.CharField(max_length=12)),
                ("year", models.SmallIntegerField()),
                ("month", models.SmallIntegerField()),
                ("is_weighed", models.BooleanField()),
                ("is_made", models.BooleanField()),
                ("is_mined", models.BooleanField()),
                ("until", models.BigIntegerField(null=True)),
            ],
            options={
                "verbose_name": "booked amount",
                "verbose_name_plural": "booked amounts",
            },
        ),
        migrations.CreateModel(
            name="FlagReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by", models.CharField(max_length=64)),
                ("text", models.TextField()),
                (
                    "evidence",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("replied_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "reply to a question",
                "verbose_name_plural": "replies to questions",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Particular",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("index", models.BigIntegerField()),
                ("place", models.BigIntegerField()),
                ("entry", models.CharField(db_index=True, max_length=64)),
                ("author", models.CharField(max_length=32)),
                ("kind", models.CharField(max_length=12)),
                ("value", models.CharField(max_length=500)),
                ("matter", models.CharField(max_length=200)),
                (
                    "lots",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=97), size=None
                    ),
                ),
                ("begins", models.BooleanField()),
                ("named_at", models.DateTimeField()),
                ("until", models.BigIntegerField(null=True)),
            ],
            options={
                "verbose_name": "particular",
                "verbose_name_plural": "particulars",
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule_id", models.CharField(max_length=40)),
                ("entry", models.CharField(max_length=64)),
                ("organization", models.CharField(db_index=True, max_length=32)),
                ("because", models.TextField()),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "question about a statement",
                "verbose_name_plural": "questions about statements",
                "ordering": ["-id"],
                "permissions": [("reply_question", "Can reply to questions")],
            },
        ),
        migrations.AddField(
            model_name="flag",
            name="questions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="flag",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("status", "closed"), _negated=True),
                fields=["questions"],
                name="flag_rests_on_question",
            ),
        ),
        migrations.AddIndex(
            model_name="bookedamount",
            index=models.Index(fields=["facility", "year", "place"], name="amount_of_facility"),
        ),
        migrations.AddIndex(
            model_name="bookedamount",
            index=models.Index(
                condition=models.Q(("is_mined", True)),
                fields=["country", "element", "year", "place"],
                name="amount_mined_in_country",
            ),
        ),
        migrations.AddConstraint(
            model_name="bookedamount",
            constraint=models.UniqueConstraint(
                fields=("index", "lot", "element"), name="an_entry_books_a_lot_once"
            ),
        ),
        migrations.AddIndex(
            model_name="particular",
            index=models.Index(fields=["kind", "value"], name="particular_by_value"),
        ),
        migrations.AddIndex(
            model_name="particular",
            index=models.Index(fields=["kind", "matter"], name="particular_by_matter"),
        ),
        migrations.AddConstraint(
            model_name="particular",
            constraint=models.UniqueConstraint(
                fields=("index", "kind", "value"), name="an_entry_names_a_particular_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(
                fields=("rule_id", "entry"), name="a_statement_is_doubted_once_by_a_rule"
            ),
        ),
        migrations.AddField(
            model_name="flagreply",
            name="question",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replies",
                to="standards.question",
            ),
        ),
        migrations.RunPython(protect_replies, migrations.RunPython.noop),
    ]
