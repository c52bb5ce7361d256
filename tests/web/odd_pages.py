"""The site with more pages, which do what its own hardly ever do: wait, stream for ever, tell about their thread."""

import itertools
import threading
from collections.abc import Iterator

from django.db import connection
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.web import gates
from webui.asgi import application
from webui.urls import urlpatterns

__all__ = ["application"]

PIECE = b"x" * 65536

_connections: list[object] = []


def _count(**event: object) -> None:
    _connections.append(event["connection"])


connection_created.connect(_count)


def wait(request: HttpRequest) -> HttpResponse:
    """Answer when the test lets it."""
    gates.tell("waiting")
    return HttpResponse("done")


def thread(request: HttpRequest) -> HttpResponse:
    """Use the database; tell in which thread, and how many connections there have been."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"thread": threading.current_thread().name, "connections": len(_connections)})


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Bytes without end, until their reader goes."""
    return StreamingHttpResponse(_pieces())


def _pieces() -> Iterator[bytes]:
    try:
        while True:
            yield PIECE
    finally:
        gates.tell("closed")


def begin(request: HttpRequest) -> StreamingHttpResponse:
    """A streamed answer that goes on when the test lets it."""

    def pieces() -> Iterator[bytes]:
        gates.tell("begun")
        yield b"done"

    return StreamingHttpResponse(pieces())


def flood(request: HttpRequest) -> StreamingHttpResponse:
    """The same, without a word at the end."""
    return StreamingHttpResponse(itertools.repeat(PIECE))


def lines(request: HttpRequest) -> StreamingHttpResponse:
    """Many short pieces."""
    return StreamingHttpResponse(f"{number}\n" for number in range(100_000))


def break_off(request: HttpRequest) -> StreamingHttpResponse:
    """A streamed answer that fails on its way."""

    def pieces() -> Iterator[bytes]:
        yield PIECE
        raise RuntimeError("on purpose")

    return StreamingHttpResponse(pieces())


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    """What came, and from where."""
    came = {"length": len(request.body), "from": request.META["REMOTE_ADDR"], "secure": request.is_secure()}
    return JsonResponse(came)


urlpatterns += [
    path("odd/wait", wait),
    path("odd/thread", thread),
    path("odd/stream", stream),
    path("odd/begin", begin),
    path("odd/flood", flood),
    path("odd/lines", lines),
    path("odd/break-off", break_off),
    path("odd/echo", echo),
]
