"""The site with bare views beside its pages, which return what a draw returns and do nothing for it."""

from __future__ import annotations

from webui.asgi import application  # isort: skip - prepares Django

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from webui.urls import urlpatterns

__all__ = ["application"]

# As a draw's: posts.py checks that it is alike.
ANSWER = {
    "serialNumber": 123456,
    "hash": "0" * 64,
    "ledger": "0" * 64,
    "completionTime": "2026-11-27 20:00:00Z",
    "method": "generateIntegers",
    "params": {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10},
    "purpose": "audit sample",
    "data": [11, 22, 33, 44, 55],
    "bitsUsed": 33,
    "receipt": "/draws/123456/",
}


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Nothing but the answer."""
    return JsonResponse(ANSWER)


@login_required
def logged_in(request: HttpRequest) -> JsonResponse:
    """The answer, for who is logged in and sends the form's token."""
    return JsonResponse(ANSWER)


urlpatterns += [path("bare", bare), path("bare/logged-in", logged_in)]
