"""What an account may do, asked of the database once a request in place of twice."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class AccountBackend(ModelBackend):
    """Django's accounts and permissions."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """An account's own permissions and those of its groups, together."""
        if not user_obj.is_active or user_obj.is_anonymous or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = _permissions(user_obj)
        held: set[str] = user_obj._perm_cache
        return held


def _permissions(account: Any) -> set[str]:
    named = Permission.objects.order_by().values_list("content_type__app_label", "codename")
    found = named.filter(user=account).union(named.filter(group__user=account)).order_by()
    return {f"{app}.{name}" for app, name in found}
