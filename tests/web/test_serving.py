"""How the pages are served (webui/serving.py): a real server, with pages that wait, stream and fail."""

import asyncio
import http.client
import json
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.http import StreamingHttpResponse

from tests.daemons import reachable_directory, remove
from tests.waiting import DEADLINE
from tests.web import gates, sites
from tests.web.gates import Gate
from tests.web.sites import Site
from webui import serving

ODD = "tests.web.odd_pages:application"
SLOW = 32
LIMIT = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
MORE_THAN_SOCKETS_HOLD = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The site's processes, with a database that is ready."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    yield site
    remove(place)


@pytest.fixture(scope="module")
def gate(site: Site) -> Iterator[Gate]:
    """Where the odd pages wait."""
    gate = Gate(site.state)
    site.environment[gates.VARIABLE] = gate.address
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def address(site: Site, gate: Gate) -> Iterator[str]:
    """Of a server with odd pages."""
    with site.serving(ODD) as address:
        yield address


def connect(address: str) -> http.client.HTTPConnection:
    """A connection to the server."""
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=DEADLINE)


def get(address: str, path: str, method: str = "GET", **more: Any) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = connect(address)
    try:
        connection.request(method, path, **more)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_health_is_told_while_every_thread_waits_and_more_requests_do(address: str, gate: Gate) -> None:
    with ThreadPoolExecutor(SLOW) as people:
        answers = [people.submit(get, address, "/odd/wait") for _ in range(SLOW)]
        for _ in range(serving.THREADS):
            gate.hear("waiting")
        assert json.loads(get(address, "/healthz")[1])["database"]["ok"]
        assert not gate.has_news(), "threads are bounded"
        gate.let_on()
        for _ in range(SLOW - serving.THREADS):
            gate.hear("waiting")
        gate.let_on()
        assert [answer.result(DEADLINE) for answer in answers] == [(200, b"done")] * SLOW


def test_threads_stay_and_keep_their_connection_to_the_database(address: str) -> None:
    with ThreadPoolExecutor(8) as people:
        told = [json.loads(body) for _, body in people.map(lambda _: get(address, "/odd/thread"), range(100))]
    assert len({one["thread"] for one in told}) <= serving.THREADS
    assert max(one["connections"] for one in told) <= serving.THREADS + serving.THREADS_OF_WATCHERS


def test_a_streamed_answer_is_made_no_faster_than_it_is_read_and_ended_with_its_reader(
    address: str, gate: Gate
) -> None:
    connection = connect(address)
    connection.request("GET", "/odd/stream")
    answer = connection.getresponse()
    assert len(answer.read(MORE_THAN_SOCKETS_HOLD)) == MORE_THAN_SOCKETS_HOLD
    assert not gate.has_news()
    answer.close()
    connection.close()
    gate.hear("closed")


def test_readers_who_do_not_read_hold_up_streams_only(address: str) -> None:
    connections = [connect(address) for _ in range(serving.STREAMS + serving.THREADS)]
    for connection in connections:
        connection.request("GET", "/odd/flood")
    assert get(address, "/odd/thread")[0] == 200
    for connection in connections:
        connection.close()


def test_so_many_streams_run_at_a_time_and_the_others_after_them(address: str, gate: Gate) -> None:
    more = 3
    with ThreadPoolExecutor(serving.STREAMS + more) as people:
        answers = [people.submit(get, address, "/odd/begin") for _ in range(serving.STREAMS + more)]
        for _ in range(serving.STREAMS):
            gate.hear("begun")
        assert get(address, "/odd/thread")[0] == 200
        assert not gate.has_news()
        gate.let_on()
        for _ in range(more):
            gate.hear("begun")
        gate.let_on()
        assert [answer.result(DEADLINE) for answer in answers] == [(200, b"done")] * len(answers)


def test_a_reader_who_takes_nothing_for_long_loses_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SECONDS_FOR_A_PIECE", 0.01)
    sent: list[str] = []

    async def receive() -> serving.Message:
        return await asyncio.Future()  # its connection stays

    async def send(message: serving.Message) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.Future()

    with pytest.raises(TimeoutError):
        asyncio.run(serving._stream(StreamingHttpResponse([b"x", b"y"]), False, receive, send))
    assert sent == ["http.response.start", "http.response.body"]


def test_a_stream_of_many_short_pieces_comes_whole(address: str) -> None:
    assert get(address, "/odd/lines")[1] == b"".join(b"%d\n" % number for number in range(100_000))


def test_a_stream_that_fails_is_not_taken_for_whole(address: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        get(address, "/odd/break-off")
    assert get(address, "/odd/thread")[0] == 200


def test_the_head_of_a_stream_without_end_is_had(address: str, gate: Gate) -> None:
    assert get(address, "/odd/stream", "HEAD") == (200, b"")


@pytest.mark.parametrize("length", [0, 1, 60_000])
def test_bodies_come_whole_in_pieces_or_not(address: str, length: int) -> None:
    body = b"x" * length
    for sent in (body, iter([body])):
        _, answer = get(address, "/odd/echo", "POST", body=sent, headers={"Content-Type": "text/plain"})
        assert json.loads(answer)["length"] == length


def test_a_body_in_pieces_may_be_no_longer_than_another(address: str) -> None:
    body = b"x" * (LIMIT + 1)
    headers = {"Content-Type": "text/plain"}
    answers = {get(address, "/odd/echo", "POST", body=sent, headers=headers)[0] for sent in (body, iter([body]))}
    assert len(answers) == 1 and answers < {400, 413}


def test_the_senders_address_is_the_connections_whatever_headers_say(address: str) -> None:
    headers = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https", "X_Forwarded_Proto": "https"}
    came = json.loads(get(address, "/odd/echo", "POST", headers=headers)[1])
    assert came == {"length": 0, "from": "127.0.0.1", "secure": False}


def test_half_a_request_is_not_answered(address: str, gate: Gate) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port or 0), DEADLINE) as connection:
        connection.sendall(b"POST /odd/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
    assert get(address, "/odd/thread")[0] == 200
    assert not gate.has_news()


def test_a_static_file_comes_whole_with_its_length(address: str) -> None:
    connection = connect(address)
    connection.request("GET", "/static/webui/site.css")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/css")
    assert len(answer.read()) == int(answer.headers["Content-Length"]) > 0
    connection.close()


def test_what_is_being_answered_is_answered_when_the_server_is_told_to_stop(site: Site, gate: Gate) -> None:
    with ThreadPoolExecutor(1) as person, site.serving(ODD) as address:
        answer = person.submit(get, address, "/odd/wait")
        gate.hear("waiting")
        site.server.send_signal(signal.SIGTERM)
        gate.let_on()
        assert answer.result(DEADLINE) == (200, b"done")


def test_who_had_just_connected_is_answered_when_the_server_is_told_to_stop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second is enough for a request that is on its way, but not for every test on a busy machine.
    patient = f"from webui import server; server.SECONDS_TO_ASK = {DEADLINE}"
    monkeypatch.setattr(sites, "SERVE", f"{patient}; {sites.SERVE}")
    with site.serving() as address:
        regular, fresh = connect(address), connect(address)
        assert not asks_for_the_last_time(regular)
        fresh.connect()
        site.server.send_signal(signal.SIGTERM)
        while not asks_for_the_last_time(regular):
            pass
        assert asks_for_the_last_time(fresh)
        assert site.server.wait(DEADLINE) == -signal.SIGTERM


def asks_for_the_last_time(connection: http.client.HTTPConnection) -> bool:
    """Ask for a page; whether the answer says that it is the connection's last."""
    connection.request("GET", "/login/")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read()
    return answer.headers["Connection"] == "close"
