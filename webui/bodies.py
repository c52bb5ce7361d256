"""How much may be sent to which page: what is more is refused (413) before it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

USUAL = 64 * 1024


class BodyLimitMiddleware(MiddlewareMixin):
    """Refuses requests that say that they bring too much."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer in the page's place if the body is too large."""
        size = request.META.get("CONTENT_LENGTH") or "0"
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if request.path_info in ("/", "/check/") else USUAL
        if size.isdecimal() and int(size[:18]) <= limit:
            return None
        return _too_large(request)


def _too_large(request: HttpRequest) -> HttpResponse:
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        words = _("The request is too large. Nothing was drawn.")
        return JsonResponse({"error": {"messages": [words], "fields": {}}}, status=413)
    return render(request, "413.html", status=413)
