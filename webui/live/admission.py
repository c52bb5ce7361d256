"""Who may open a stream: asked of Django itself, with all that stands before a page, in threads of its own."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.http import HttpResponseBase

from webui import gateway

Scope = dict[str, Any]
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="admission")


@dataclass(frozen=True)
class Answer:
    """What Django says: for who is let in, an answer without content, which the stream then fills."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes
    account: int | None = None
    drawer: str = ""


class Admission:
    """Takes a request through the middleware to the view `live_events`, as if it were for a page."""

    def __init__(self) -> None:
        self._handler = WSGIHandler()

    async def ask(self, scope: Scope) -> Answer:
        """The answer to a stream's request, at this moment."""
        return await asyncio.get_running_loop().run_in_executor(_threads, self._ask, scope)

    def _ask(self, scope: Scope) -> Answer:
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(scope, io.BytesIO())
        response = self._handler.get_response(request)
        try:
            return self._answer(request, response)
        finally:
            response.close()  # as Django's own handlers do: signals end what a request began

    @staticmethod
    def _answer(request: ASGIRequest, response: HttpResponseBase) -> Answer:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"set-cookie", morsel.OutputString().encode()) for morsel in response.cookies.values()]
        content = b"" if response.streaming else bytes(getattr(response, "content", b""))
        if response.status_code != 200:
            return Answer(response.status_code, headers, content)
        account = request.user
        assert account.pk is not None
        return Answer(200, headers, content, account.pk, gateway.drawer(account))
