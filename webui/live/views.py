"""The page on which people see the pipes at work."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webui import access, gateway
from webui.access import AccountRequest
from webui.history.models import Draw

_NEWEST = 10


@access.for_whom_may(access.DRAW, access.READ_ALL, access.CONTROL)
@require_safe
def live(request: AccountRequest) -> HttpResponse:
    """The picture."""
    newest = Draw.objects.of_drawer(gateway.drawer(request.user)).newest_first()[:_NEWEST]
    return render(request, "live/live.html", {"newest": newest})


@access.for_whom_may(access.DRAW, access.READ_ALL, access.CONTROL)
@require_safe
def events(request: AccountRequest) -> HttpResponse:
    """Whether the stream may be opened, and with which headers; what it holds comes from streams.py."""
    return HttpResponse(content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
