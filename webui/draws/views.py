"""The pages on which people draw and look back."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fifod.errors import FifodError, KeyTaken
from webui import gateway
from webui.draws import problems, receipt
from webui.draws.forms import IntegersForm
from webui.history.models import Draw

_ROWS_ON_A_PAGE = 50


class AccountRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: AccountRequest) -> HttpResponse:
    """The form; sent, it draws and leads to the receipt, where a reload draws nothing."""
    if request.method != "POST":
        return _form_page(request, IntegersForm(), 200)
    form = IntegersForm(request.POST)
    if not form.is_valid():
        if "key" in form.errors:
            form.renew_key()
        return _form_page(request, form, 200)
    try:
        reply = gateway.draw_integers(request.user, **form.cleaned_data)
    except FifodError as error:
        return _refused(request, form, error)
    return redirect("receipt", reply.serial_number)


def _refused(request: AccountRequest, form: IntegersForm, error: FifodError) -> HttpResponse:
    problem = problems.of(error, set(form.fields) - {"key"})
    form.add_error(problem.field, problem.text)
    if isinstance(error, KeyTaken):
        form.renew_key()
    return _form_page(request, form, problem.status)


def _form_page(request: AccountRequest, form: IntegersForm, status: int) -> HttpResponse:
    return render(request, "draws/draw.html", {"form": form}, status=status)


@never_cache
@login_required
@require_safe
def show(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of one's own draw."""
    try:
        found = receipt.of(request.user, serial)
    except receipt.Unknown:
        raise Http404(f"no draw {serial} of this account") from None
    except receipt.Unavailable:
        return render(request, "draws/unavailable.html", {"serial": serial}, status=503)
    return render(request, "draws/receipt.html", {"receipt": found, "draw": found.draw})


@never_cache
@login_required
@require_safe
def save(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of one's own draw as a file, which `fifod-client verify` checks."""
    try:
        text = receipt.saved(request.user, serial)
    except receipt.Unknown:
        raise Http404(f"no draw {serial} of this account") from None
    except receipt.Unavailable:
        return render(request, "draws/unsaved.html", {"serial": serial}, status=503)
    name = f'attachment; filename="fifod-draw-{serial}.json"'
    return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": name})


@never_cache
@login_required
@require_safe
def history(request: AccountRequest) -> HttpResponse:
    """One's own draws, newest first. A page begins below a serial number, so the last is as fast as the first."""
    draws = Draw.objects.of_drawer(gateway.drawer(request.user)).newest_first()
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) <= 18:
        draws = draws.filter(serial__lt=int(before))
    found = list(draws[: _ROWS_ON_A_PAGE + 1])
    page = found[:_ROWS_ON_A_PAGE]
    older = page[-1].serial if len(found) > len(page) else None
    return render(request, "draws/history.html", {"draws": page, "older": older, "is_first_page": not before})
