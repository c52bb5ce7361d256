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
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webui.service import control, facts, verification
from webui.service.filters import LEVELS, Filter
from webui.service.units import TITLES, VERB_TITLES, VERBS, Result, failed
from webui.service.words import gettext_noop, shown

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
    return render(request, "service/service.html", _seen(request, "") | {"parts": _parts()})


@for_staff
@require_safe
def fresh(request: StaffRequest) -> HttpResponse:
    """What changes on the page by itself: the states, and the lines behind a cursor."""
    return render(request, "service/fresh.html", _seen(request, request.GET.get("after", "")[:LONGEST_CURSOR]))


@for_staff
@require_POST
def act(request: StaffRequest, part: str, verb: str) -> HttpResponse:
    """Do something to a program, and lead back to the page, which says what came of it."""
    if verb not in VERBS.get(part, ()):
        raise Http404(f"nobody can {verb} {part}")
    return _done(request, part, verb, lambda account: control.act(account, verb, part))


@for_staff
@require_POST
def verify(request: StaffRequest) -> HttpResponse:
    """Begin a check of the whole ledger."""
    return _done(request, "ledger", "verify", verification.start)


@for_staff
@require_POST
def cancel(request: StaffRequest) -> HttpResponse:
    """End the check of the ledger early, whoever began it."""
    return _done(request, "ledger", "cancel", verification.cancel)


def _done(request: StaffRequest, part: str, verb: str, do: Callable[[User], Result]) -> HttpResponse:
    try:
        result = do(request.user)
    except DatabaseError:
        result = failed(
            gettext_noop("it cannot be written down, because the database does not take it; nothing was done")
        )
    level = messages.SUCCESS if result.is_done else messages.WARNING
    words = {"part": TITLES[part], "verb": VERB_TITLES[verb], "result": shown(str(result))}
    messages.add_message(request, level, _("%(part)s, %(verb)s: %(result)s.") % words)
    return redirect("service")


def _seen(request: StaffRequest, after: str) -> dict[str, Any]:
    keeper, wanted = control.keeper(), Filter.of(request.GET)
    journal = keeper.lines(after, LINES_SHOWN)
    return {
        "states": keeper.states(),
        "journal": journal,
        "lines": [(line, wanted.takes(line)) for line in journal.lines],
        "filter": wanted,
        "units": wanted.units(journal),
        "levels": LEVELS,
        "keeper": keeper.keeper,
        "facts": facts.gathered(),
        "check": verification.newest(),
    }


def _parts() -> list[dict[str, Any]]:
    units = control.keeper().units()
    return [{"name": part, "title": TITLES[part], "unit": units[part], "verbs": verbs} for part, verbs in VERBS.items()]
