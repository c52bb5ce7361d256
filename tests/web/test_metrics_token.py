"""The metrics are for who shows their token, and for nobody else."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from tests import needs
from tests.children import in_child
from tests.daemons import Daemon
from tests.waiting import DEADLINE
from tests.web.scraping import TOKEN, ask
from tests.web.sites import Site
from webui.service import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token_file")]

STRANGER = 61001


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="fifod metrics"'),
        ("", 'Bearer realm="fifod metrics"'),
        *(
            (wrong, 'Bearer realm="fifod metrics", error="invalid_token"')
            for wrong in (
                TOKEN,
                "Bearer",
                "Bearer ",
                f"Bearer {TOKEN[:-1]}",
                f"Bearer {TOKEN}x",
                f"Bearer {TOKEN.upper()}",
                f"Bearer {TOKEN} {TOKEN}",
                f"Bearer {TOKEN}, Bearer {TOKEN}",
                f"Basic {TOKEN}",
                f"Bearer\t{TOKEN}",
                f"Bearer {TOKEN}\x00",
                f"Bearer \xff\xfe{TOKEN}",
                "Bearer \ud800",
                f"Bearer {'x' * 100_000}",
                "Bearer " * 10_000,
            )
        ),
    ],
)
def test_without_the_right_token_nothing_is_told(
    shared: Daemon, client: Client, authorization: str | None, challenge: str
) -> None:
    answer = ask(client, authorization)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, challenge)
    assert b"fifod_" not in answer.content and TOKEN.encode() not in answer.content


@pytest.mark.parametrize("authorization", [f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_the_scheme_is_read_as_http_wants_it(shared: Daemon, client: Client, authorization: str) -> None:
    assert ask(client, authorization).status_code == 200


def test_a_login_is_no_token(shared: Daemon, browser: Client) -> None:
    assert ask(browser, None).status_code == 401


def test_no_token_is_taken_from_the_address(shared: Daemon, client: Client) -> None:
    assert client.get(f"/metrics?token={TOKEN}&access_token={TOKEN}").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_takes_get_and_head_only(shared: Daemon, client: Client, method: str) -> None:
    answer = ask(client, method=method)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD") and b"fifod_" not in answer.content


def test_head_gives_no_body_and_asks_for_the_token_too(shared: Daemon, client: Client) -> None:
    answer = ask(client, method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert ask(client, None, "HEAD").status_code == 401


def test_it_is_kept_by_nobody_and_allows_no_page_anything(shared: Daemon, client: Client) -> None:
    answer = ask(client)
    assert "no-store" in answer["Cache-Control"] and answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert not answer.cookies


def test_a_new_token_holds_at_once(shared: Daemon, client: Client, token_file: Path) -> None:
    token_file.write_text("n" * 32)
    assert ask(client).status_code == 401
    assert ask(client, f"Bearer {'n' * 32}").status_code == 200


def test_without_a_token_file_there_are_no_metrics(shared: Daemon, client: Client, token_file: Path) -> None:
    token_file.unlink()
    for authorization in (None, f"Bearer {TOKEN}", "Bearer "):
        answer = ask(client, authorization)
        assert answer.status_code == 404 and b"FIFOD_METRICS_TOKEN_FILE" in answer.content


def unfit(file: Path, kind: str) -> None:
    file.unlink()
    match kind:
        case "empty":
            file.touch()
        case "white space":
            file.write_bytes(b" \n" * 40)
        case "short":
            file.write_text("x" * 31 + "\n")
        case "two words":
            file.write_text(f"{TOKEN} {TOKEN}\n")
        case "no ASCII":
            file.write_text("ü" * 40)
        case "FIFO":
            os.mkfifo(file)
        case "directory":
            file.mkdir()
        case "device":
            file.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "kind", ["empty", "white space", "short", "two words", "no ASCII", "FIFO", "directory", "device"]
)
def test_with_an_unfit_token_it_is_closed_to_all_and_the_log_says_why(
    shared: Daemon, client: Client, token_file: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = token_file.read_text()
    unfit(token_file, kind)
    for authorization in (None, "", "Bearer ", f"Bearer {content}".strip(), f"Bearer {'x' * 31}", "Bearer \0"):
        answer = ask(client, authorization)
        assert answer.status_code == 503 and b"FIFOD_METRICS_TOKEN_FILE" in answer.content
        assert str(token_file) not in answer.content.decode(), "whoever asks need not know where it is"
    assert f"the token file {token_file}" in caplog.text


def test_a_token_that_the_site_may_not_read_closes_it(token_file: Path) -> None:
    needs.root()
    token_file.chmod(0o600)

    def read() -> str:
        try:
            return str(bearer.is_admitted(f"Bearer {TOKEN}", token_file))
        except bearer.NoToken as reason:
            return f"{reason.status} {reason}"

    assert in_child(read, STRANGER) == f"503 cannot read the token file {token_file}: Permission denied"


def test_no_token_gets_into_the_log(shared: Daemon, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    ask(client, f"Bearer {TOKEN}")
    ask(client, f"Bearer {TOKEN[:-1]}")
    ask(client, f"Basic {TOKEN}")
    assert "Unauthorized: /metrics" in caplog.text and TOKEN[:-1] not in caplog.text


@pytest.fixture
def port(site: Site, token_file: Path) -> Iterator[int]:
    """A real web server's port; there is no daemon behind it."""
    site.environment["FIFOD_METRICS_TOKEN_FILE"] = str(token_file)
    with site.serving() as address:
        yield int(address.rpartition(":")[2])


def talk(port: int, *lines: bytes) -> bytes:
    """All that a server answers to a request that is written as it is."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as connection:
        connection.sendall(b"\r\n".join((*lines, b"Host: 127.0.0.1", b"Connection: close", b"", b"")))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_over_the_wire_it_gives_and_refuses_the_same(port: int) -> None:
    shown = b"Authorization: Bearer " + TOKEN.encode()
    assert b"\nfifod_up 0.0\n" in talk(port, b"GET /metrics HTTP/1.1", shown)
    head = talk(port, b"HEAD /metrics HTTP/1.1", shown)
    assert head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n")
    for wrong in (
        b"X: y",
        shown[:-1],
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: " + b"b" * 20_000,
        shown + b"\r\n" + shown,
    ):
        answer = talk(port, b"GET /metrics HTTP/1.1", wrong)
        assert answer.startswith(b"HTTP/1.1 401 ") and b"fifod_" not in answer, wrong[:60]
