"""How much may be sent to which page, by who says how much it is and by who does not."""

import asyncio
import socket
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.waiting import DEADLINE
from tests.web.pages import text
from tests.web.sites import Site
from webui import bodies

MIB = 1024 * 1024


def taken(path: str, *chunks: int) -> tuple[int, int, bool]:
    """How many bytes and messages of so many a page sees, and whether it is told that it was too much."""
    scope: dict[str, Any] = {"type": "http", "path": path}
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        size = left.pop(0)
        return {"type": "http.request", "body": b"x" * size, "more_body": bool(left)}

    async def read() -> tuple[int, int]:
        take, size, messages = bodies.capped(scope, receive), 0, 0
        while True:
            message = await take()
            size, messages = size + len(message["body"]), messages + 1
            if not message["more_body"]:
                return size, messages

    return *asyncio.run(read()), "fifod.too_large" in scope


def test_what_fits_comes_through_whole() -> None:
    assert taken("/", MIB, MIB) == (2 * MIB, 2, False)
    assert taken("/login/", 64 * 1024) == (64 * 1024, 1, False)


def test_what_is_too_much_is_thrown_away() -> None:
    assert taken("/", MIB, MIB, 1) == (2 * MIB, 3, True)
    assert taken("/login/", MIB) == (0, 1, True)


def test_nobody_is_listened_to_for_ever() -> None:
    assert taken("/", *[MIB] * 1000) == (2 * MIB, 65, True)


def test_other_events_are_left_alone() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    assert bodies.capped({"type": "lifespan"}, receive) is receive


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_said_in_words_to_who_is_logged_in(alice: User, browser: Client, language: str) -> None:
    page = browser.post("/", {"purpose": "x" * 3 * MIB}, headers={"accept-language": language})
    assert page.status_code == 413 and alice.username in text(page) and f'lang="{language}"' in page.content.decode()


def test_a_body_of_unknown_length_is_refused_too(site: Site) -> None:
    with site.serving() as address, socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as web:
        web.settimeout(DEADLINE)
        web.sendall(b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        web.sendall(b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n")
        assert web.recv(4096).startswith(b"HTTP/1.1 413")
