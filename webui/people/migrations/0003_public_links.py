"""Administrators see all public links, and may revoke them."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_PERMISSIONS = ["view_publiclink", "delete_publiclink"]


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Give the role its permissions; if somebody has removed it, it stays away."""
    # Permissions are otherwise made after all migrations.
    create_permissions(installed.get_app_config("receipts"), verbosity=0)
    for role in _administrators(apps):
        role.permissions.add(*_permissions(apps))


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Take them back: 0001_roles would not know the role again."""
    for role in _administrators(apps):
        role.permissions.remove(*_permissions(apps))


def _administrators(apps: Apps) -> Any:
    return apps.get_model("auth", "Group").objects.filter(name="administrator")


def _permissions(apps: Apps) -> Any:
    found = apps.get_model("auth", "Permission").objects
    return found.filter(content_type__app_label="receipts", codename__in=_PERMISSIONS)


class Migration(migrations.Migration):
    dependencies = [("people", "0002_sessions"), ("receipts", "0002_public_link_names")]

    operations = [migrations.RunPython(allow, forbid)]
