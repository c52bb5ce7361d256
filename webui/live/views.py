"""The page on which people see the pipes at work."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest


@access.for_whom_may(access.DRAW, access.READ_ALL, access.CONTROL)
@require_safe
def live(request: AccountRequest) -> HttpResponse:
    """The picture."""
    return render(request, "live/live.html")
