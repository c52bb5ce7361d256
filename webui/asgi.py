"""The site for an ASGI server."""

import os
import warnings
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")
# Static files are small, and reading one at once is what is wanted.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
_pages: Any = get_asgi_application()

from webui.live.service import hub, stop  # noqa: E402 - needs Django's settings
from webui.live.streams import EventStreams  # noqa: E402

_streams = EventStreams(hub, stop)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Pages are Django's; the event streams are beside it, so that an open one holds no thread."""
    is_stream = scope["type"] == "http" and scope["path"] == "/live/events" and scope["method"] == "GET"
    await (_streams if is_stream else _pages)(scope, receive, send)
