"""The site with bare views beside its pages, which return what a draw returns and do nothing for it."""

from __future__ import annotations

from webui.asgi import application  # isort: skip - prepares Django

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.benchmarks.answer import ANSWER
from webui.urls import urlpatterns

__all__ = ["application"]


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Nothing but the answer."""
    return JsonResponse(ANSWER)


@login_required
def logged_in(request: HttpRequest) -> JsonResponse:
    """The answer, for who is logged in and sends the form's token."""
    return JsonResponse(ANSWER)


urlpatterns += [path("bare", bare), path("bare/logged-in", logged_in)]
