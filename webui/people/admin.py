"""Accounts in Django's admin."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(_UserAdmin):
    """Accounts, whose names stay what they are: a draw's record says who drew, and nothing in it can be renamed."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The name, once the account exists."""
        given = super().get_readonly_fields(request, obj)
        return given if obj is None else (*given, "username")
