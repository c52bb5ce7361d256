"""The page on which people look back."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest
from webui.history.models import Draw

_ROWS_ON_A_PAGE = 50


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def history(request: AccountRequest) -> HttpResponse:
    """One's own draws, newest first. A page begins below a serial number, so the last is as fast as the first."""
    draws = Draw.objects.readable_by(request.user).newest_first()
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) <= 18:
        draws = draws.filter(serial__lt=int(before))
    found = list(draws[: _ROWS_ON_A_PAGE + 1])
    page = found[:_ROWS_ON_A_PAGE]
    older = page[-1].serial if len(found) > len(page) else None
    return render(request, "history/history.html", {"draws": page, "older": older, "is_first_page": not before})
