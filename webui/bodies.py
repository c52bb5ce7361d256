"""How much may be sent to which page: what is more is refused (413) before a page sees it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

USUAL = 64 * 1024
_DISCARDED_AT_MOST = 64 * 1024 * 1024
_TAKE_LISTS = re.compile(r"/|/check/|/(draws/[0-9]+|r/[^/]+)/list/")
_TOO_LARGE = "fifod.too_large"

Receive = Callable[[], Awaitable[dict[str, Any]]]


def limit(path: str) -> int:
    """How many bytes a page takes."""
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return most if _TAKE_LISTS.fullmatch(path) else USUAL


def capped(scope: dict[str, Any], receive: Receive) -> Receive:
    """`receive`, but what is too much is thrown away: Django would write all of it to the disk before it asks anybody.

    A browser that is cut off while it sends shows no answer, so quite some is read before that.
    """
    if scope["type"] != "http":
        return receive
    size, most = 0, limit(scope["path"])

    async def take() -> dict[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size <= most:
            return message
        scope[_TOO_LARGE] = True
        return {**message, "body": b"", "more_body": message.get("more_body", False) and size <= _DISCARDED_AT_MOST}

    return take


class BodyLimitMiddleware(MiddlewareMixin):
    """Refuses requests that bring too much, or say that they do."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer in the page's place if the body is too large."""
        size = request.META.get("CONTENT_LENGTH") or "0"
        was_cut = getattr(request, "scope", {}).get(_TOO_LARGE, False)
        if not was_cut and size.isdecimal() and int(size[:18]) <= limit(request.path_info):
            return None
        return _too_large(request)


def _too_large(request: HttpRequest) -> HttpResponse:
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        words = _("The request is too large. Nothing was drawn.")
        return JsonResponse({"error": {"messages": [words], "fields": {}}}, status=413)
    return render(request, "413.html", status=413)
