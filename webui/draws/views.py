"""The page on which people draw."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from fifod import names
from fifod.errors import FifodError, KeyTaken
from webui import access, gateway
from webui.access import AccountRequest
from webui.draws import problems
from webui.draws.forms import IntegersForm


@access.for_whom_may(access.DRAW)
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
    given = dict(form.cleaned_data)
    purpose, key = given.pop("purpose"), given.pop("key")
    try:
        reply = gateway.draw(request.user, names.INTEGERS, given, purpose=purpose, key=key)
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
