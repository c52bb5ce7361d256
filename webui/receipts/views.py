"""The pages of one draw, for those who may read it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from webui import access
from webui.access import AccountRequest
from webui.receipts import check, links, others, receipt
from webui.receipts.forms import ListForm, SeedForm
from webui.receipts.receipt import Receipt

View = Callable[[AccountRequest, Receipt], HttpResponse]


def _readable(view: View) -> Callable[[AccountRequest, int], HttpResponse]:
    """Give a view the receipt of a draw that the account may read."""

    @wraps(view)
    def wrapped(request: AccountRequest, serial: int) -> HttpResponse:
        try:
            return view(request, receipt.of(request.user, serial))
        except receipt.Unknown:
            raise Http404(f"no draw {serial} that this account may read") from None
        except receipt.Unavailable:
            return render(request, "receipts/unavailable.html", {"serial": serial}, status=503)

    return wrapped


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
@_readable
def show(request: AccountRequest, found: Receipt) -> HttpResponse:
    """The receipt of a draw."""
    return page(request, found)


def page(request: AccountRequest, found: Receipt, **more: object) -> HttpResponse:
    """The page that shows a receipt."""
    known = {
        "receipt": found,
        "draw": found.draw,
        "address": request.build_absolute_uri(reverse("receipt", args=[found.draw.serial])),
        "company": others.of(found.draw),
        "sees_all": request.user.has_perm(access.READ_ALL),
        "is_owner": receipt.is_by(request.user, found.draw),
        "list_form": ListForm(found),
        "seed_form": SeedForm(found),
        **_links(request, found.draw.serial),
    }
    return render(request, "receipts/receipt.html", known | more)


def _links(request: AccountRequest, serial: int) -> dict[str, Any]:
    return {"links": links.of(request.user, serial), "link_limit": links.MAX_LINKS}


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
@_readable
def examine(request: AccountRequest, found: Receipt) -> HttpResponse:
    """The check of a draw, step by step: a page of its own, or what takes its place on the receipt."""
    return checked(request, found, SeedForm(found), **_place(found))


@access.for_whom_may(access.DRAW, access.READ_ALL)
@sensitive_post_parameters("seed")
@require_POST
@_readable
def prove(request: AccountRequest, found: Receipt) -> HttpResponse:
    """The check of a secret draw with its seed, or the receipt with both as a file."""
    try:
        return proved(request, found, **_place(found))
    except receipt.Unavailable:
        return render(request, "receipts/unsaved.html", {"serial": found.draw.serial}, status=503)


def _place(found: Receipt) -> dict[str, Any]:
    serial = found.draw.serial
    return {
        "back": reverse("receipt", args=[serial]),
        "seed_address": reverse("prove", args=[serial]),
        "base": "base.html",
    }


def proved(request: HttpRequest, found: Receipt, **place: object) -> HttpResponse:
    """What comes of a seed that was sent. Raises Unavailable if a file is asked for that cannot be made."""
    form = SeedForm(found, request.POST)
    if "save" in request.POST and (opened := form.opened):
        return as_file(opened)
    return checked(request, found, form, **place)


def checked(request: HttpRequest, found: Receipt, form: SeedForm, **place: object) -> HttpResponse:
    """A check with the seed of a form, if that has the right one."""
    shown = form.opened or found
    known = {"check": check.of(shown), "receipt": shown, "draw": shown.draw, "seed_form": form, **place}
    return render(request, _check_template(request), known)


def _check_template(request: HttpRequest) -> str:
    """The page of a check, or just what a script puts in its place."""
    return "receipts/partials/check.html" if request.headers.get("HX-Request") else "receipts/checked.html"


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
@_readable
def save(request: AccountRequest, found: Receipt) -> HttpResponse:
    """The receipt of a draw as a file, which `fifod-client verify` checks."""
    try:
        return as_file(found)
    except receipt.Unavailable:
        return render(request, "receipts/unsaved.html", {"serial": found.draw.serial}, status=503)


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_POST
@_readable
def compare(request: AccountRequest, found: Receipt) -> HttpResponse:
    """Compare a list with the one that the draw was about, and show whose positions were drawn."""
    form = ListForm(found, request.POST, request.FILES)
    if not request.headers.get("HX-Request"):
        return page(request, found, list_form=form)
    known = {"draw": found.draw, "list_form": form, "list_address": request.path}
    return render(request, "receipts/partials/list.html", known)


@access.for_whom_may(access.DRAW)
@require_POST
def open_to_public(request: AccountRequest, serial: int) -> HttpResponse:
    """Make a public link to one's own draw, and show it for the only time."""
    found = _own(request, serial)
    try:
        token = links.make(request.user, serial)
    except links.TooMany:
        return _with_links(request, found)
    return _with_links(request, found, new_link=request.build_absolute_uri(reverse("public", args=[token])))


@access.for_whom_may(access.DRAW)
@require_POST
def close_to_public(request: AccountRequest, serial: int, number: int) -> HttpResponse:
    """Revoke a public link to one's own draw."""
    found = _own(request, serial)
    links.revoke(request.user, serial, number)
    return _with_links(request, found) if request.headers.get("HX-Request") else redirect("receipt", serial)


def _with_links(request: AccountRequest, found: Receipt, **more: object) -> HttpResponse:
    """The links in their place on the page, or the page anew."""
    if not request.headers.get("HX-Request"):
        return page(request, found, **more)
    known = {"draw": found.draw, **_links(request, found.draw.serial), **more}
    return render(request, "receipts/partials/links.html", known)


def as_file(found: Receipt) -> HttpResponse:
    """A receipt to be saved."""
    name = f"fifod-draw-{found.draw.serial}{'-with-seed' if found.is_opened else ''}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(receipt.saved(found), content_type="application/json", headers=headers)


def _own(request: AccountRequest, serial: int) -> Receipt:
    """The receipt of a draw that the account made itself; that it may read others' is not enough."""
    try:
        found = receipt.of(request.user, serial)
    except (receipt.Unknown, receipt.Unavailable):
        found = None
    if found is None or not receipt.is_by(request.user, found.draw):
        raise Http404(f"no draw {serial} by this account")
    return found
