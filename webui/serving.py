"""The pages for an ASGI server: Django's answers, made by threads that stay.

Django's own ASGI handler gives each request a new thread, and so a new database connection and a new way to the daemon.
Here a few threads stay and keep theirs. A request is read first, at its sender's pace; then one of the threads makes
the answer; then it is sent at its reader's pace. So threads wait for nobody on the network. A streamed answer is made
piece by piece as it is taken, by a thread of its own.
"""

import asyncio
import functools
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import connections
from django.http import FileResponse, HttpResponse, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

THREADS = 24
"""As many draws can wait for the daemon at once."""
THREADS_OF_WATCHERS = 2
WATCHED = frozenset({"/healthz", "/metrics"})
"""What supervisors ask; they must get an answer above all when everything else waits."""
STREAMS = 6
PIECE = 64 * 1024
SECONDS_FOR_A_PIECE = 60.0


class Pages(BaseHandler):
    """The ASGI application."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()
        self._threads = ThreadPoolExecutor(THREADS, "pages")
        self._threads_of_watchers = ThreadPoolExecutor(THREADS_OF_WATCHERS, "watchers")
        self._streams = asyncio.Semaphore(STREAMS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"cannot serve {scope['type']}: these are pages, for HTTP")
        threads = self._threads_of_watchers if scope["path"] in WATCHED else self._threads
        with tempfile.SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE) as body:
            length = await _read(receive, body)
            if length is None:
                return
            response = await asyncio.get_running_loop().run_in_executor(threads, self._answer, scope, body, length)
        if isinstance(response, StreamingHttpResponse):
            async with self._streams:
                await _stream(response, scope["method"] == "HEAD", receive, send)
        elif isinstance(response, HttpResponse):
            await _send_whole(response, send)

    def _answer(self, scope: Message, body: IO[bytes], length: int) -> HttpResponseBase:
        request_started.send(sender=self.__class__, scope=scope)
        try:
            request = ASGIRequest(scope, body)
        except UnicodeDecodeError:
            return HttpResponseBadRequest()
        request.META.setdefault("CONTENT_LENGTH", str(length))  # a body that came in pieces has limits, too
        response = self.get_response(request)
        if isinstance(response, FileResponse):
            response = _read_file(response)
        if not response.streaming:
            response.close()
        return response


async def _read(receive: Receive, body: IO[bytes]) -> int | None:
    """Read the request's body to its end, which bodies.py bounds; how long it is, or None if its sender left."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            break
    length = body.tell()
    body.seek(0)
    return length


def _read_file(response: FileResponse) -> HttpResponse:
    """Static files are small."""
    whole = HttpResponse(b"".join(response), status=response.status_code)
    whole.headers, whole.cookies = response.headers, response.cookies
    response.close()
    return whole


def _start(response: HttpResponse | StreamingHttpResponse) -> Message:
    headers = [(name.lower().encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    headers += [(b"set-cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


async def _send_whole(response: HttpResponse, send: Send) -> None:
    await send(_start(response))
    await send({"type": "http.response.body", "body": response.content})


async def _stream(response: StreamingHttpResponse, is_head: bool, receive: Receive, send: Send) -> None:
    thread = ThreadPoolExecutor(1, "stream")
    next_piece = functools.partial(asyncio.get_running_loop().run_in_executor, thread, _piece, iter(response))
    gone = asyncio.ensure_future(receive())  # behind the request's end, only that of the connection can come
    try:
        await send(_start(response))
        while not is_head and not gone.done() and (piece := await next_piece()):
            async with asyncio.timeout(SECONDS_FOR_A_PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        gone.cancel()
        thread.submit(_finish, response)
        thread.shutdown(wait=False)


def _piece(parts: Iterator[bytes]) -> bytes:
    """What comes next, in pieces that are worth a packet or more; b"" at the end."""
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= PIECE:
            break
    return bytes(piece)


def _finish(response: StreamingHttpResponse) -> None:
    response.close()
    connections.close_all()
