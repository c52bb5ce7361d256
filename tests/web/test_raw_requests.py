"""Requests that no browser sends, to the real server: none gets a file, a fault of the site, or another's place."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.daemons import reachable_directory, remove
from tests.waiting import DEADLINE
from tests.web.sites import Site

SECRETS = (b"DJANGO_SETTINGS_MODULE", b"SQLite format", b"root:x:0:0", b"BEGIN", b"Traceback", b"[project]")
HUNG_UP = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
CONFUSED = (400, 404, 405, 413, 414, 431, 501)
HALF_OPEN = 200


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a site without a daemon."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    with site.serving() as address:
        yield urlsplit(address).port or 0
    remove(place)


def send(port: int, request: bytes) -> bytes:
    """All that the server has to say to some bytes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        try:
            connection.sendall(request)
            while more := connection.recv(65536):
                answer += more
        except ConnectionError:
            pass  # the server hung up before it had taken everything
    return answer


def ask(port: int, target: str | bytes, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """One request, after which the connection is closed."""
    head = target.encode() if isinstance(target, str) else target
    lines = ["Host: localhost", "Connection: close", *headers]
    return send(port, b"%s %s HTTP/1.1\r\n%s\r\n\r\n" % (method.encode(), head, "\r\n".join(lines).encode()) + body)


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


@pytest.mark.parametrize(
    "target",
    [
        "/static/../settings.py",
        "/static/..%2f..%2fsettings.py",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/static/..%5c..%5csettings.py",
        "/static/webui/%2e%2e%2f%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/webui/site.css%00.html",
        "/static/webui/",
        "/static/",
        "/static",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/web.sqlite3",
        "/var/lib/web.sqlite3",
        "/.git/config",
        "/manage.py",
        "/%00",
        "/draws/%00/",
        "/draws/..%2f..%2fadmin/",
        "/draws/%ff/",
        "/draws/1%0d%0aSet-Cookie:%20a=b/",
        "/draws/%EF%BC%91/",
        "/draws/-1/",
        "/draws/1e3/",
        f"/draws/{'9' * 400}/",
        "/service/../admin/",
        "/service/%2e%2e/admin/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "//evil.example/%2f..",
        "/login//evil.example",
        "/admin//evil.example/%2e%2e",
        "http://evil.example/",
        "http://evil.example@localhost/",
        "*",
        "evil.example:443",
        "/" + "a" * 20_000,
        "/?" + "a=b&" * 5_000,
    ],
)
def test_a_path_leads_to_no_file_and_to_nobody_else(port: int, target: str) -> None:
    answer = ask(port, target)
    assert status(answer) < 500, answer[:300]
    assert not any(secret in answer for secret in SECRETS)
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie: a=b" not in head and b"location: http" not in head
    assert not any(line.startswith((b"location: //", b"location: /\\")) for line in head.split(b"\r\n")), head


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET  /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
        b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x10\r\n\r\n",
        b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 1000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_is_refused_or_hung_up_on(port: int, request_: bytes) -> None:
    # The connection is closed for writing behind it, so a server that waits for more learns that none comes.
    answer = b""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        try:
            connection.sendall(request_)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                answer += more
        except OSError as error:
            assert error.errno in HUNG_UP
    assert not answer or status(answer) in CONFUSED, answer[:200]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    ],
)
def test_what_is_odd_but_plain_leads_a_stranger_to_the_login(port: int, request_: bytes) -> None:
    answer = send(port, request_)
    assert status(answer) == 302 and b"\r\nlocation: /login/?next=/\r\n" in answer


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "FOO"])
def test_other_verbs_give_nothing_back(port: int, method: str) -> None:
    answer = ask(port, "/login/", "X-Secret: 12345", method=method)
    assert status(answer) in (400, 403, 405) and b"12345" not in answer


def test_a_body_beyond_all_limits_is_refused_though_its_length_is_not_said(port: int) -> None:
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    head = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = send(port, head + piece * 40 + b"0\r\n\r\n")
    assert not answer or status(answer) in (400, 403, 413)


def test_many_who_never_finish_their_requests_keep_nobody_out(port: int) -> None:
    with ExitStack() as held:
        for number in range(HALF_OPEN):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", port), DEADLINE))
            start = (
                b"GET / HT"
                if number % 2
                else b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab"
            )
            connection.sendall(start)
        assert status(ask(port, "/login/")) == 200


def test_no_answer_names_what_it_is_made_with(port: int) -> None:
    for target in ("/login/", "/no/such/page", "/static/webui/site.css"):
        head = ask(port, target).partition(b"\r\n\r\n")[0].lower()
        assert b"django" not in head and b"python" not in head and b"x-powered-by" not in head
        assert b"\r\nserver:" not in head


def test_settings_are_not_beside_the_static_files() -> None:
    static = Path(__file__).parent.parent.parent / "webui" / "static"
    assert {path.suffix for path in static.rglob("*") if path.is_file()} <= {".css", ".js", ".svg", ".png", ".webp"}
