"""The site as the benchmarks serve it: with a daemon, an account that is logged in, and bare views beside its pages."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.bench import CHECKOUT, Bench, run, running
from tests.benchmarks.servers import fifod

APPLICATION = "tests.benchmarks.bare:application"
PLAIN = "tests.benchmarks.plain:application"
SERVE = "import sys; from webui.server import serve; serve(sys.argv[1], int(sys.argv[2]))"
READY_DEADLINE = 30.0
LOG_SOMEBODY_IN = """
import json
from django.contrib.auth.models import Group, User
from django.test import Client
account = User.objects.create_user("somebody")
account.groups.set(Group.objects.filter(name="member"))
client = Client()
client.force_login(account)
print(json.dumps({name: cookie.value for name, cookie in client.cookies.items()}))
"""


@dataclass(frozen=True)
class Website:
    """A site that runs, and the cookies of somebody who is logged in and may draw."""

    port: int
    pid: int
    cookies: dict[str, str]
    token: str

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def website(bench: Bench, *, durability: str = "process") -> Iterator[Website]:
    """A site with a daemon of its own."""
    with (
        fifod(bench, durability=durability, more=f"front_ends = [{os.getuid()}]") as server,
        bench.directory() as directory,
    ):
        assert server.environment is not None
        environment = server.environment | {"FIFOD_DATABASE": str(directory / "web.sqlite3")}
        cookies = prepare(environment)
        with served(environment) as (port, pid):
            yield Website(port, pid, *_visited(port, cookies))


@contextmanager
def plain_website(bench: Bench) -> Iterator[Website]:
    """The same web server with another project, which has one view and nobody who logs in."""
    with served(bench.environment, PLAIN) as (port, pid):
        yield Website(port, pid, {}, "")


def prepare(environment: dict[str, str]) -> dict[str, str]:
    """Make the database, with somebody who is logged in; returns the cookies."""
    manage = [sys.executable, str(CHECKOUT / "manage.py")]
    run([*manage, "migrate", "--verbosity", "0"], environment)
    found: dict[str, str] = json.loads(run([*manage, "shell", "--verbosity", "0", "-c", LOG_SOMEBODY_IN], environment))
    return found


@contextmanager
def served(environment: dict[str, str], application: str = APPLICATION) -> Iterator[tuple[int, int]]:
    """The web server's port and process, as an installation runs it."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        os.set_inheritable(listener.fileno(), True)
        command = [sys.executable, "-c", SERVE, application, str(listener.fileno())]
        with running(command, environment, pass_fds=[listener.fileno()]) as child:
            yield listener.getsockname()[1], child.pid


def _visited(port: int, cookies: dict[str, str]) -> tuple[dict[str, str], str]:
    """Open the draw page, as a browser does before it draws: all cookies, and the token of its form."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Cookie": cookie_header(cookies)})
    with urllib.request.urlopen(request, timeout=READY_DEADLINE) as answer:
        page = answer.read().decode()
        given = dict(text.split(";")[0].split("=", 1) for text in answer.headers.get_all("Set-Cookie", []))
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if found is None:
        raise RuntimeError("the draw page has no form to send")
    return cookies | given, found[1]


def cookie_header(cookies: dict[str, str]) -> str:
    """Cookies as a browser sends them."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
