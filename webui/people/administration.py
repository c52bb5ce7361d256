"""Django's admin as this site has it: open to whoever may see something in it, with the login of the site."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

View = Callable[..., HttpResponseBase]


class Administration(AdminSite):
    """The admin, where permissions alone decide: Django's "staff status" plays no part."""

    site_header = _("fifod administration")
    site_title = "fifod"
    index_title = _("Accounts and draws")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may see at least one of the tables."""
        return any(table.has_view_permission(request) for table in self._registry.values())

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Lead strangers to the login, and refuse (403) accounts that have nothing to see here."""
        guarded: View = super().admin_view(view, cacheable)

        @wraps(guarded)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return wrapped

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead to the one login that the site has."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead to the one page that the site has for this."""
        return redirect("password_change")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Likewise."""
        return redirect("account")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Log out as the button on every other page does."""
        return LogoutView.as_view()(request)
