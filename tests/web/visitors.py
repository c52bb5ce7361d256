"""People at a site that runs as processes: they log in by form, and listen to event streams."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.waiting import DEADLINE, until
from tests.web.sites import PASSWORD, Site

_MAKE = """
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
hashed = make_password({password!r})  # once for all: it takes its time, as it must
for name, roles in {people!r}.items():
    account = User.objects.create(username=name, password=hashed)
    account.groups.set(Group.objects.filter(name__in=roles))
"""


def make_people(site: Site, **roles: list[str]) -> None:
    """Accounts with their roles."""
    site.manage("shell", "-v0", "-c", _MAKE.format(people=roles, password=PASSWORD))


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    name: str
    data: Any
    number: str


class Listener:
    """An open event stream, or the answer that came instead of one."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer
        self.raw = b""

    def next(self) -> Event | None:
        """The next event; None at the stream's end."""
        fields: dict[str, str] = {}
        while line := self._line():
            if line == "\n" and fields.get("event"):
                return Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            if line != "\n":
                name, _, value = line.partition(": ")
                fields[name] = value.rstrip("\n")
        return None

    def _line(self) -> str:
        line = self.answer.readline()
        self.raw += line
        return line.decode()

    def wait_for(self, name: str) -> Event:
        """The next event of a kind."""
        while event := self.next():
            if event.name == name:
                return event
        raise AssertionError(f"the stream ended without {name}")

    def draws(self, count: int) -> list[dict[str, Any]]:
        """So many draws, as they come."""
        found: list[dict[str, Any]] = []

        def have_come() -> bool:
            found.extend(self.wait_for("draws").data["draws"])
            return len(found) >= count

        until(have_come, f"{count} draws have come")
        return found


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, address: str, name: str = "") -> None:
        self.host = urlsplit(address).netloc
        self.cookies: dict[str, str] = {}
        if name:
            self.log_in(name)

    def log_in(self, name: str) -> None:
        """By form."""
        answer, _ = self.post("/login/", username=name, password=PASSWORD)
        assert answer.status == 302, f"{name} cannot log in: {answer.status}"

    def post(self, path: str, page: str = "", **fields: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a form, with the token of the page that it stands on; the answer and its content."""
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page or path)[1])
        assert token, f"{page or path} has no form"
        body = urlencode({"csrfmiddlewaretoken": token[1].decode(), **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        return self._ask("POST", path, body, headers)

    def get(self, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        """A page, and its content."""
        return self._ask("GET", path)

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        with self._asking(method, path, body, headers) as answer:
            return answer, answer.read()

    @contextmanager
    def _asking(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self.host, timeout=DEADLINE)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Cookie": cookies, **(headers or {})})
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            yield answer
        finally:
            connection.close()

    @contextmanager
    def listening(self, query: str = "", **headers: str) -> Iterator[Listener]:
        """The live view's stream."""
        path = f"/live/events{query}"
        with self._asking("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()}) as it:
            yield Listener(it)
