"""Who may do what: the permissions that roles are made of, and how views ask for them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.views.decorators.cache import never_cache

DRAW = "history.draw"
READ_ALL = "history.read_all"
CONTROL = "service.control"

MEMBER, AUDITOR, OPERATOR, ADMINISTRATOR = "member", "auditor", "operator", "administrator"

View = Callable[..., HttpResponseBase]


class AccountRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


_HOMES = ((DRAW, "draw"), (READ_ALL, "history"), (CONTROL, "service"))
"""What somebody needs for a page to be the one where they begin."""


def home(account: User) -> str:
    """The name of the page where somebody begins."""
    return next((page for permission, page in _HOMES if account.has_perm(permission)), "account")


def for_whom_may(*permissions: str) -> Callable[[View], View]:
    """Let those in who have one of the permissions: strangers are led to the login, others refused (403).

    At the site's first address nobody is refused, but led to where they begin: there one comes after the login.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: AccountRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(map(request.user.has_perm, permissions)):
                return _elsewhere(request)
            return view(request, *args, **kwargs)

        return never_cache(login_required(wrapped))

    return decorate


def _elsewhere(request: AccountRequest) -> HttpResponseBase:
    if request.method in ("GET", "HEAD") and request.path == resolve_url(settings.LOGIN_REDIRECT_URL):
        return redirect(home(request.user))
    raise PermissionDenied
