"""The groups of the roles; who has an account already may go on drawing."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_ROLES = {
    "member": {"history": ["draw"]},
    "auditor": {"history": ["read_all", "view_draw", "view_recorderposition"]},
    "operator": {"service": ["control", "view_serviceact"]},
    "administrator": {
        "admin": ["view_logentry"],
        "auth": ["add_user", "change_user", "delete_user", "view_user", "view_group"],
        "history": ["draw", "read_all", "view_draw", "view_recorderposition"],
        "service": ["control", "view_serviceact"],
    },
}


def make_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Make the groups, and make every account a member."""
    for label in ("admin", "auth", "history", "service"):
        # Permissions are otherwise made after all migrations.
        create_permissions(installed.get_app_config(label), verbosity=0)
    group, permission, user = (apps.get_model("auth", name) for name in ("Group", "Permission", "User"))
    for name, wanted in _ROLES.items():
        given = {
            found
            for label, codenames in wanted.items()
            for found in permission.objects.filter(content_type__app_label=label, codename__in=codenames)
        }
        _step_aside(group, name, given)
        group.objects.get_or_create(name=name)[0].permissions.set(given)
    group.objects.get(name="member").user_set.add(*user.objects.all())


def _step_aside(group: Any, name: str, given: set[Any]) -> None:
    """Rename a group that somebody made under a role's name: nobody gets a right by having been in it, or loses one."""
    found = group.objects.filter(name=name).first()
    if found and set(found.permissions.all()) != given:
        found.name = f"{name} (before there were roles)"
        while group.objects.filter(name=found.name).exists():
            found.name += "'"
        found.save()


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("history", "0003_draw_permissions"),
        ("service", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
