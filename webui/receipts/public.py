"""A draw's pages for those without a login, who were given a public link.

Everything here but the record itself stays closed: no names of other draws, no way to the account, no trace of the
address in other sites' logs, in search engines or in caches. A link that was revoked and one that never was get the
same answer.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from webui.receipts import links, others, receipt, views
from webui.receipts.forms import ListForm, SeedForm
from webui.receipts.receipt import Receipt

_HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
View = Callable[[HttpRequest, str, Receipt], HttpResponse]


def _opened(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Give a view the receipt that a token opens, and its answers the headers that keep the token from others."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        answer = _answer(view, request, token)
        for name, value in _HEADERS.items():
            answer.headers[name] = value
        return answer

    return wrapped


def _answer(view: View, request: HttpRequest, token: str) -> HttpResponse:
    serial = links.serial_of(token)
    try:
        if serial is None:
            raise receipt.Unknown
        return view(request, token, receipt.receipt(serial))
    except receipt.Unknown:
        return render(request, "receipts/gone.html", status=404)
    except receipt.Unavailable:
        return render(request, "receipts/closed.html", status=503)


@_opened
@require_safe
def show(request: HttpRequest, token: str, found: Receipt) -> HttpResponse:
    """The receipt."""
    return _page(request, token, found, ListForm(found))


def _page(request: HttpRequest, token: str, found: Receipt, form: ListForm) -> HttpResponse:
    known = {
        "receipt": found,
        "draw": found.draw,
        "company": others.of(found.draw),
        "list_form": form,
        "seed_form": SeedForm(found),
        "token": token,
        "address": request.build_absolute_uri(reverse("public", args=[token])),
        "is_public": True,
    }
    return render(request, "receipts/public.html", known)


@_opened
@require_safe
def examine(request: HttpRequest, token: str, found: Receipt) -> HttpResponse:
    """The check, step by step."""
    return views.checked(request, found, SeedForm(found), **_place(token))


def _place(token: str) -> dict[str, Any]:
    return {
        "back": reverse("public", args=[token]),
        "seed_address": reverse("public_prove", args=[token]),
        "base": "receipts/public_base.html",
        "is_public": True,
    }


@_opened
@require_safe
def save(request: HttpRequest, token: str, found: Receipt) -> HttpResponse:
    """The receipt as a file."""
    return views.as_file(found)


# As for `compare` below: nothing is changed, so there is nothing to forge.
@csrf_exempt
@sensitive_post_parameters("seed")
@_opened
@require_POST
def prove(request: HttpRequest, token: str, found: Receipt) -> HttpResponse:
    """The check of a secret draw with its seed, or the receipt with both as a file."""
    return views.proved(request, found, **_place(token))


# Nothing is changed and nobody is logged in here, so there is nothing to forge; and a browser that sends no referrer
# names no origin either, which Django would refuse.
@csrf_exempt
@_opened
@require_POST
def compare(request: HttpRequest, token: str, found: Receipt) -> HttpResponse:
    """Compare a list with the one that the draw was about."""
    form = ListForm(found, request.POST, request.FILES)
    if not request.headers.get("HX-Request"):
        return _page(request, token, found, form)
    known = {"draw": found.draw, "list_form": form, "list_address": request.path, "is_public": True}
    return render(request, "receipts/partials/list.html", known)
