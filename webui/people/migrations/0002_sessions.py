import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def end_old_sessions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove those in Django's own table, which nothing reads or clears any more: everybody logs in once more."""
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_roles"),
        ("sessions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LoginAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("time", models.DateTimeField(db_index=True)),
                ("name", models.CharField(max_length=64, verbose_name="digest of the name")),
                ("place", models.CharField(max_length=45, verbose_name="address")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["name", "time"], name="attempt_name"),
                    models.Index(fields=["place", "time"], name="attempt_place"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("session_key", models.CharField(max_length=40, unique=True)),
                ("address", models.CharField(max_length=45)),
                ("agent", models.CharField(max_length=300)),
                ("begun", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "abstract": False,
                "indexes": [models.Index(fields=["account", "address"], name="session_account_address")],
            },
        ),
        migrations.RunPython(end_old_sessions, migrations.RunPython.noop),
    ]
