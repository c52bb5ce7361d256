"""The page on which staff sees and steers the service."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webui.service import control
from webui.service.units import TITLES, VERBS, Result

LINES_SHOWN = 200
LONGEST_CURSOR = 300


class StaffRequest(HttpRequest):
    """A request of somebody who may steer the service."""

    user: User


def for_staff(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let those in who are staff and have the permission; others who are logged in are refused (403)."""

    @wraps(view)
    def wrapped(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not control.may_control(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return never_cache(login_required(wrapped))


@for_staff
@require_safe
def show(request: StaffRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "service/service.html", _seen("") | {"parts": _parts()})


@for_staff
@require_safe
def fresh(request: StaffRequest) -> HttpResponse:
    """What changes on the page by itself: the states, and the lines behind a cursor."""
    return render(request, "service/fresh.html", _seen(request.GET.get("after", "")[:LONGEST_CURSOR]))


@for_staff
@require_POST
def act(request: StaffRequest, part: str, verb: str) -> HttpResponse:
    """Do something to a program, and lead back to the page, which says what came of it."""
    if verb not in VERBS.get(part, ()):
        raise Http404(f"nobody can {verb} {part}")
    try:
        result = control.act(request.user, verb, part)
    except DatabaseError:
        result = Result("failed", "it cannot be written down, because the database does not take it; nothing was done")
    level = messages.SUCCESS if result.is_done else messages.WARNING
    messages.add_message(request, level, f"{TITLES[part]}, {verb}: {result}.")
    return redirect("service")


def _seen(after: str) -> dict[str, Any]:
    keeper = control.keeper()
    return {"states": keeper.states(), "journal": keeper.lines(after, LINES_SHOWN), "keeper": keeper.keeper}


def _parts() -> list[dict[str, Any]]:
    units = control.keeper().units()
    return [{"name": part, "title": TITLES[part], "unit": units[part], "verbs": verbs} for part, verbs in VERBS.items()]
