"""The site for an ASGI server."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
django.setup(set_prefix=False)

from webui.bodies import capped  # noqa: E402 - needs Django's settings
from webui.live.service import hub, stop  # noqa: E402
from webui.live.streams import EventStreams  # noqa: E402
from webui.serving import Message, Pages, Receive, Send  # noqa: E402

_pages = Pages()
_streams = EventStreams(hub, stop)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Pages are Django's; the event streams are beside it, so that an open one holds no thread."""
    is_stream = scope["type"] == "http" and scope["path"] == "/live/events" and scope["method"] == "GET"
    await (_streams if is_stream else _pages)(scope, capped(scope, receive), send)
