"""The pages of one draw, for those who may read it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest
from webui.receipts import check, others, receipt
from webui.receipts.receipt import Receipt


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def show(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of a draw."""
    try:
        found = _found(request, serial)
    except receipt.Unavailable:
        return render(request, "receipts/unavailable.html", {"serial": serial}, status=503)
    return page(request, found)


def page(request: AccountRequest, found: Receipt) -> HttpResponse:
    """The page that shows a receipt."""
    known = {
        "receipt": found,
        "draw": found.draw,
        "company": others.of(found.draw),
        "sees_all": request.user.has_perm(access.READ_ALL),
        "is_owner": receipt.is_by(request.user, found.draw),
    }
    return render(request, "receipts/receipt.html", known)


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def examine(request: AccountRequest, serial: int) -> HttpResponse:
    """The check of a draw, step by step: a page of its own, or what takes its place on the receipt."""
    try:
        found = _found(request, serial)
    except receipt.Unavailable:
        return render(request, "receipts/unavailable.html", {"serial": serial}, status=503)
    known = {"check": check.of(found), "draw": found.draw, "back": reverse("receipt", args=[serial])}
    return render(request, check_template(request), known)


def check_template(request: HttpRequest) -> str:
    """The page of a check, or just what a script puts in its place."""
    return "receipts/partials/check.html" if request.headers.get("HX-Request") else "receipts/checked.html"


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def save(request: AccountRequest, serial: int) -> HttpResponse:
    """The receipt of a draw as a file, which `fifod-client verify` checks."""
    try:
        return as_file(_found(request, serial))
    except receipt.Unavailable:
        return render(request, "receipts/unsaved.html", {"serial": serial}, status=503)


def as_file(found: Receipt) -> HttpResponse:
    """A receipt to be saved."""
    name = f'attachment; filename="fifod-draw-{found.draw.serial}.json"'
    headers = {"Content-Disposition": name}
    return HttpResponse(receipt.saved(found), content_type="application/json", headers=headers)


def _found(request: AccountRequest, serial: int) -> Receipt:
    try:
        return receipt.of(request.user, serial)
    except receipt.Unknown:
        raise Http404(f"no draw {serial} that this account may read") from None
