"""The event streams: a small ASGI application beside Django's, in which an open stream holds no thread.

A stream's request goes through Django first (admission.py), and again every few seconds: whose session was ended, whose
account was closed or who lost the permission sees no more.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any
from urllib.parse import parse_qs

from webui.live.admission import Admission, Answer, Scope
from webui.live.hub import Full, Hub, Watcher
from webui.live.messages import HEARTBEAT, RETRY

ASK_AGAIN = 5.0
HEARTBEAT_EVERY = 15.0
PATIENCE = 30.0
"""Seconds that a browser may take nothing before its stream is ended."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class EventStreams:
    """Serves /live/events."""

    def __init__(self, hub: Hub, stop: Callable[[], None]) -> None:
        self._hub = hub
        self._stop = stop
        self._admission = Admission()
        self._ends_with_server = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._admission.ask(scope)
        if answer.account is None:
            await _send_whole(send, answer)
            return
        self._end_with_server()
        watcher = Watcher(answer.account, answer.drawer, _after(scope))
        try:
            self._hub.join(watcher)
        except Full as reason:
            await _send_whole(send, _unavailable(answer, str(reason)))
            return
        try:
            await self._serve(watcher, answer, scope, receive, send)
        finally:
            self._hub.leave(watcher)

    async def _serve(self, watcher: Watcher, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _without(answer.headers, b"content-length")
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send(send, f"retry: {RETRY}\n\n".encode())
        if self._hub.is_stopping:
            watcher.end("stopping")
        pouring = asyncio.ensure_future(_pour(watcher, send))
        others = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._guard(watcher, scope))]
        try:
            await asyncio.wait([pouring, others[0]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(pouring, *others)
        if watcher.has_ended:
            await _send(send, b"", more=False)

    async def _guard(self, watcher: Watcher, scope: Scope) -> None:
        try:
            await asyncio.sleep(ASK_AGAIN)
            while (await self._admission.ask(scope)).account == watcher.account:
                await asyncio.sleep(ASK_AGAIN)
        finally:
            watcher.end("access")

    def _end_with_server(self) -> None:
        """Have SIGTERM end the streams at once: the server would wait for them.

        It tells applications only when all connections are closed, so its signal handlers get one in front.
        """
        if self._ends_with_server or threading.current_thread() is not threading.main_thread():
            return
        self._ends_with_server = True
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            _put_in_front(number, lambda: loop.call_soon_threadsafe(self._stop))


def _put_in_front(number: int, act: Callable[[], object]) -> None:
    before = signal.getsignal(number)
    if not callable(before):
        return

    def handle(caught: int, frame: FrameType | None) -> None:
        act()
        before(caught, frame)

    signal.signal(number, handle)


async def _pour(watcher: Watcher, send: Send) -> None:
    """Send what there is, until the watcher's end or until nothing more is taken."""
    while not watcher.has_ended or watcher.waiting:
        # Not wait_for, which would make a task each time: with many watchers that is most of the work.
        try:
            async with asyncio.timeout(HEARTBEAT_EVERY):
                await watcher.awake.wait()
        except TimeoutError:
            watcher.waiting.append(HEARTBEAT)
        try:
            async with asyncio.timeout(PATIENCE):
                await _send(send, watcher.take())
        except TimeoutError:
            return


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancel(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _send(send: Send, content: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": more})


async def _send_whole(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await _send(send, answer.content, more=False)


def _unavailable(answer: Answer, reason: str) -> Answer:
    kept = _without(answer.headers, b"content-type", b"content-length")
    more = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"30")]
    return Answer(503, kept + more, reason.encode())


def _without(headers: list[tuple[bytes, bytes]], *names: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name not in names]


def _after(scope: Scope) -> int | None:
    """The draw that the browser saw last: as it says when it comes back by itself, or as the page says."""
    told = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
    told = told or parse_qs(scope["query_string"].decode("latin-1")).get("after", [""])[0]
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 18 else None
