"""The page on which people see the pipes at work, and the clients that they run on it."""

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fifod import names
from webui import access, gateway
from webui.access import AccountRequest
from webui.history.models import Draw
from webui.live import commands
from webui.live.clients import MOST_OF_ONE_ACCOUNT, NameTaken, NoRoom, Place
from webui.live.forms import MOST_VALUES, DrawForm, NameForm, first_error
from webui.live.service import clients, hub

_NEWEST = 10
_UNWATCHED, _BUSY, _FULL = 409, 409, 503


@access.for_whom_may(access.DRAW, access.READ_ALL, access.CONTROL)
@require_safe
def live(request: AccountRequest) -> HttpResponse:
    """The picture."""
    newest = Draw.objects.of_drawer(gateway.drawer(request.user)).newest_first()[:_NEWEST]
    told = {
        "newest": newest,
        "most_newest": _NEWEST,
        "methods": names.DRAW_METHODS,
        "most_values": MOST_VALUES,
        "most_clients": MOST_OF_ONE_ACCOUNT,
        "commands": commands.lines(settings.RUNTIME_DIR, settings.LEDGER_DIR),
    }
    return render(request, "live/live.html", told)


@access.for_whom_may(access.DRAW, access.READ_ALL, access.CONTROL)
@require_safe
def events(request: AccountRequest) -> HttpResponse:
    """Whether the stream may be opened, and with which headers; what it holds comes from streams.py."""
    return HttpResponse(content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@access.for_whom_may(access.DRAW)
@require_POST
def add(request: AccountRequest) -> HttpResponse:
    """One more client."""
    form = NameForm(request.POST)
    if not form.is_valid():
        return _refused(first_error(form))
    if not hub.is_watched_by(request.user.pk):
        return _refused(_("Clients run while you watch. Reload this page, then add it again."), _UNWATCHED)
    try:
        client = clients.add(request.user, form.cleaned_data["name"], Place(settings.RUNTIME_DIR, settings.LEDGER_DIR))
    except NameTaken:
        return _refused(_("One of your clients has this name already. Give the new one another."))
    except NoRoom as error:
        return _refused(_no_room(error), _FULL)
    return JsonResponse(client.as_json())


def _no_room(error: NoRoom) -> str:
    if error.of_account:
        return _("You have %(most)d clients, which is as many as one may have. Remove one first.") % {
            "most": MOST_OF_ONE_ACCOUNT
        }
    return _("Other people run as many clients as this site can take. Try again later.")


@access.for_whom_may(access.DRAW)
@require_POST
def send(request: AccountRequest) -> HttpResponse:
    """Have one client draw, or all at once."""
    form = DrawForm(request.POST)
    if not form.is_valid():
        return _refused(first_error(form))
    wanted = form.cleaned_data["client"]
    chosen = [client for client in clients.of(request.user.pk) if wanted in (None, client.number)]
    if not chosen:
        raise Http404
    if all(client.is_busy for client in chosen):
        return _refused(_("It still waits for its reply."), _BUSY)
    clients.send(chosen, form.params)
    return JsonResponse({"sent": len(chosen)})


@access.for_whom_may(access.DRAW)
@require_POST
def remove(request: AccountRequest, number: int) -> HttpResponse:
    """Take a client away."""
    for client in clients.of(request.user.pk):
        if client.number == number:
            clients.remove(client)
            return JsonResponse({})
    raise Http404


def _refused(reason: str, status: int = 400) -> HttpResponse:
    return JsonResponse({"error": reason}, status=status)
