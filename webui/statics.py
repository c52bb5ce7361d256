"""Static files, compressed on their way: they hold no secrets, and the admin's scripts are long."""

import gzip
from collections.abc import Callable
from functools import lru_cache

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers
from whitenoise.middleware import WhiteNoiseMiddleware

_WORTH_IT = 512
_COMPRESSIBLE = ("text/", "application/json", "image/svg+xml")


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, which finds the files and answers whoever has them already."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    @staticmethod
    def serve(static_file: object, request: HttpRequest) -> HttpResponseBase:
        """Send one file."""
        answer: FileResponse = WhiteNoiseMiddleware.serve(static_file, request)
        if answer.status_code != 200 or not answer.headers["Content-Type"].startswith(_COMPRESSIBLE):
            return answer
        patch_vary_headers(answer, ["Accept-Encoding"])
        if request.method == "GET" and _takes_gzip(request) and int(answer.headers["Content-Length"]) >= _WORTH_IT:
            compressed = _compressed(b"".join(answer))
            answer.streaming_content = [compressed]
            answer.headers["Content-Length"] = str(len(compressed))
            answer.headers["Content-Encoding"] = "gzip"
        return answer


def _takes_gzip(request: HttpRequest) -> bool:
    offered = (word.partition(";") for word in request.headers.get("Accept-Encoding", "").split(","))
    return any(name.strip() == "gzip" and weight.replace(" ", "") not in _REFUSED for name, _, weight in offered)


_REFUSED = ("q=0", "q=0.0", "q=0.00", "q=0.000")


@lru_cache(maxsize=256)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
