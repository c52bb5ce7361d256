"""The groups of the roles; who has an account already may go on drawing."""

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
        "auth": ["add_user", "change_user", "delete_user", "view_user", "add_group", "change_group", "delete_group"]
        + ["view_group", "view_permission"],
        "history": ["draw", "read_all", "view_draw", "view_recorderposition"],
        "service": ["control", "view_serviceact"],
    },
}


def make_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make what is missing, and give each group its permissions."""
    for label in ("auth", "history", "service"):
        # Permissions are otherwise made after all migrations.
        create_permissions(installed.get_app_config(label), verbosity=0)
    group, permission, user = (apps.get_model("auth", name) for name in ("Group", "Permission", "User"))
    for name, wanted in _ROLES.items():
        role, _ = group.objects.get_or_create(name=name)
        for label, codenames in wanted.items():
            found = permission.objects.filter(content_type__app_label=label, codename__in=codenames)
            role.permissions.add(*found)
    group.objects.get(name="member").user_set.add(*user.objects.all())


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("history", "0003_draw_permissions"),
        ("service", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
