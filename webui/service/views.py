"""What machines ask about the service."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from webui.service import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if daemon, recorder and database are well, else 503, with the state of each."""
    well, parts = health.report()
    return JsonResponse({"ok": well, **parts}, status=200 if well else 503)
