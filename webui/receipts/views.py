"""The pages of one draw."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest
from webui.receipts import receipt


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def show(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of one's own draw."""
    try:
        found = receipt.of(request.user, serial)
    except receipt.Unknown:
        raise Http404(f"no draw {serial} of this account") from None
    except receipt.Unavailable:
        return render(request, "receipts/unavailable.html", {"serial": serial}, status=503)
    return render(request, "receipts/receipt.html", {"receipt": found, "draw": found.draw})


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def save(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of one's own draw as a file, which `fifod-client verify` checks."""
    try:
        text = receipt.saved(request.user, serial)
    except receipt.Unknown:
        raise Http404(f"no draw {serial} of this account") from None
    except receipt.Unavailable:
        return render(request, "receipts/unsaved.html", {"serial": serial}, status=503)
    name = f'attachment; filename="fifod-draw-{serial}.json"'
    return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": name})
