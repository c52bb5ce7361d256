"""Who may do what: the permissions that roles are made of, and how views ask for them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

DRAW = "history.draw"
READ_ALL = "history.read_all"
CONTROL = "service.control"

MEMBER, AUDITOR, OPERATOR, ADMINISTRATOR = "member", "auditor", "operator", "administrator"

View = Callable[..., HttpResponseBase]


class AccountRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


def for_whom_may(*permissions: str) -> Callable[[View], View]:
    """Let those in who have one of the permissions: strangers are led to the login, others refused (403)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: AccountRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return never_cache(login_required(wrapped))

    return decorate
