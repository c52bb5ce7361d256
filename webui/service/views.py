"""What machines ask about the service."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from webui.service import bearer, health
from webui.service.metrics import Metrics

log = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
_REALM = 'Bearer realm="fifod metrics"'


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if daemon, recorder and database are well, else 503, with the state of each."""
    well, parts = health.report()
    return JsonResponse({"ok": well, **parts}, status=200 if well else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics in Prometheus's text format, for who shows the token."""
    authorization = request.headers.get("Authorization", "")
    try:
        if not bearer.is_admitted(authorization, settings.METRICS_TOKEN_FILE):
            return _unauthorized(bool(authorization))
    except bearer.NoToken as reason:
        log.warning("the metrics are closed to all: %s", reason)
        text = "The metrics are closed: the site has no good token in FIFOD_METRICS_TOKEN_FILE; its log says more.\n"
        return HttpResponse(text, _PLAIN, reason.status)
    return HttpResponse(generate_latest(Metrics()), CONTENT_TYPE_PLAIN_0_0_4)


def _unauthorized(was_wrong: bool) -> HttpResponse:
    answer = HttpResponse("The metrics are for who shows their token: Authorization: Bearer TOKEN\n", _PLAIN, 401)
    answer.headers["WWW-Authenticate"] = f'{_REALM}, error="invalid_token"' if was_wrong else _REALM
    return answer
