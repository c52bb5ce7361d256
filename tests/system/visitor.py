"""A browser without a screen that runs inside a machine: does what it is told on the site, one step after another.

Steps come as a JSON list on standard input, what came of each goes as JSON to standard output. It imports nothing of
this project, since it is given to the machine as a text.
"""

import http.cookiejar
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class Visitor:
    """Somebody with cookies of his own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.page = ""
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def get(self, path: str) -> dict[str, Any]:
        """Open a page."""
        return self._open(urllib.request.Request(self.address + path))

    def send(self, path: str, **fields: str) -> dict[str, Any]:
        """Send a form without the site's token, as a stranger's page could."""
        return self._open(urllib.request.Request(self.address + path, urllib.parse.urlencode(fields).encode()))

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        """Send a form as the page that was opened last would."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        return self.send(path, csrfmiddlewaretoken=token[1] if token else "none", **fields)

    def log_in(self, name: str, password: str) -> dict[str, Any]:
        """Log in."""
        self.get("/login/")
        return self.post("/login/", username=name, password=password)

    def _open(self, request: urllib.request.Request) -> dict[str, Any]:
        began = time.monotonic()
        try:
            with self.opener.open(request, timeout=60) as answer:
                status, url, self.page = answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, url, self.page = error.code, error.url, error.read().decode()
        took = time.monotonic() - began
        return {"status": status, "path": url.removeprefix(self.address), "page": self.page, "seconds": took}


def main() -> None:
    """Take the steps."""
    visitor = Visitor(sys.argv[1])
    steps = json.load(sys.stdin)
    json.dump([getattr(visitor, name)(*arguments) for name, *arguments in steps], sys.stdout)


if __name__ == "__main__":
    main()
