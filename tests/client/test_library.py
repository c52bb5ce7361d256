"""The library against servers that misbehave."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from fifod import errors, fifos
from fifod.client import Client, ProtocolError, RequestError, TimedOut, UsageError, remove_reply_fifos
from fifod.courier import WINDOW
from tests.children import in_child
from tests.client.standin import Request, StandIn, answer, forks, reply, result

Serve = Callable[[Callable[[StandIn, Request], None]], StandIn]
SOON = 3.0
"""Seconds after which a client gives up that must have heard something before."""


def ignore(standin: StandIn, request: Request) -> None:
    pass


def at_second_try(first: Callable[[StandIn, Request], None]) -> Callable[[StandIn, Request], None]:
    """Misbehave towards the first request only."""

    def behave(standin: StandIn, request: Request) -> None:
        (first if len(standin.requests) == 1 else answer)(standin, request)

    return behave


def test_a_request_is_one_line_with_a_newline_before_it_a_reply_fifo_and_a_key(serve: Serve, client: Client) -> None:
    standin = serve(answer)
    client.integers(5, 1, 6, purpose="Würfel", secret=True, input={"count": 2, "sha256": "0" * 64})
    assert standin.raw.startswith(b"\n{") and standin.raw.endswith(b"}\n") and standin.raw.count(b"\n") == 2
    request = standin.requests[0]
    assert request["params"] == {"n": 5, "min": 1, "max": 6, "replacement": True, "base": 10}
    assert (request["purpose"], request["secret"], request["input"]["count"]) == ("Würfel", True, 2)
    assert len(bytes.fromhex(request["key"])) == 16
    assert len(bytes.fromhex(request["reply"])) == 16


def test_every_draw_has_a_key_of_its_own_and_a_question_has_none(serve: Serve, client: Client) -> None:
    standin = serve(answer)
    client.uuids(1)
    client.uuids(1)
    client.status()
    keys = [request.get("key") for request in standin.requests]
    assert keys[0] and keys[1] and keys[0] != keys[1] and keys[2] is None


def test_a_front_end_names_its_user_in_every_request(serve: Serve, runtime: str) -> None:
    standin = serve(answer)
    with Client(runtime, user="7:alice") as client:
        client.uuids(1)
        client.draws()
    assert [request["user"] for request in standin.requests] == ["7:alice", "7:alice"]


def test_replies_find_their_requests_in_whatever_order_they_come(serve: Serve, client: Client) -> None:
    def last_first(standin: StandIn, request: Request) -> None:
        if len(standin.requests) == 16:
            for earlier in reversed(standin.requests):
                answer(standin, earlier)

    serve(last_first)
    pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(16)]
    assert [each.wait().data for each in pending] == [[each.number] for each in pending]


def test_it_keeps_at_most_a_window_of_requests_in_flight(serve: Serve, client: Client) -> None:
    def in_windows(standin: StandIn, request: Request) -> None:
        if len(standin.requests) % WINDOW == 0:
            for earlier in standin.requests[-WINDOW:]:
                answer(standin, earlier)

    standin = serve(in_windows)
    pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(3 * WINDOW)]
    assert [each.wait().data for each in pending] == [[each.number] for each in pending]
    assert len(standin.requests) == 3 * WINDOW


def test_a_reply_may_come_byte_by_byte(serve: Serve, client: Client) -> None:
    def dribble(standin: StandIn, request: Request) -> None:
        for byte in result(request):
            standin.write(request, bytes([byte]))

    serve(dribble)
    assert client.integers(1).data == [1]


def test_a_reply_may_be_larger_than_a_pipe(serve: Serve, client: Client) -> None:
    values = list(range(200_000))
    serve(lambda standin, request: standin.write(request, result(request, values)))
    assert client.integers(200_000).data == values


def test_a_lost_request_is_sent_again_with_the_same_key(serve: Serve, client: Client) -> None:
    standin = serve(at_second_try(ignore))
    assert client.integers(1).data == [1]
    assert standin.requests[0] == standin.requests[1]


def test_a_daemon_that_closes_at_once_is_asked_again(serve: Serve, client: Client) -> None:
    def close(standin: StandIn, request: Request) -> None:
        standin.write(request, b"")
        standin.hang_up(request["reply"])

    standin = serve(at_second_try(close))
    assert client.integers(1).data == [1]
    assert standin.requests[0]["key"] == standin.requests[1]["key"]


def test_half_a_reply_of_a_dead_daemon_is_forgotten(serve: Serve, client: Client) -> None:
    def die_midway(standin: StandIn, request: Request) -> None:
        standin.write(request, result(request)[:40])
        standin.hang_up(request["reply"])

    serve(at_second_try(die_midway))
    assert client.integers(1).data == [1]


def test_half_a_reply_with_another_behind_it_is_asked_for_again(serve: Serve, client: Client) -> None:
    serve(at_second_try(lambda standin, request: standin.write(request, result(request)[:40] + result(request))))
    assert client.integers(1).data == [1]


@pytest.mark.parametrize(
    "noise",
    [b"hello", b"[]", b"", b"{}", b'{"id":null}', b'{"id":[1]}', b'{"id":7}', b"\xff\xfe", b"[" * 3000, b"9" * 5000],
    ids=lambda noise: repr(noise[:12]),
)
def test_garbage_before_a_reply_does_no_harm(serve: Serve, client: Client, noise: bytes) -> None:
    serve(lambda standin, request: standin.write(request, noise + b"\n" + result(request)))
    assert client.integers(1).data == [1]


def test_a_reply_that_comes_twice_is_taken_once(serve: Serve, client: Client) -> None:
    serve(lambda standin, request: standin.write(request, 2 * result(request)))
    assert [client.integers(1).data for _ in range(5)] == [[1], [2], [3], [4], [5]]


def test_no_answer_is_an_error_at_the_deadline(serve: Serve, runtime: str) -> None:
    serve(ignore)
    with Client(runtime, timeout=0.2) as client, pytest.raises(TimedOut, match="no reply to generateIntegers in time"):
        client.integers(1)


def test_nothing_but_garbage_is_named_at_the_deadline(serve: Serve, runtime: str) -> None:
    serve(lambda standin, request: standin.write(request, b"hello\n"))
    with Client(runtime, timeout=SOON) as client, pytest.raises(ProtocolError, match="hello"):
        client.integers(1)


@pytest.mark.parametrize("body", [{}, {"result": 5}, {"error": 5}, {"error": {"code": "x", "message": "y"}}])
def test_a_reply_without_result_or_error_is_refused(serve: Serve, client: Client, body: dict[str, Any]) -> None:
    serve(lambda standin, request: standin.write(request, json.dumps({"id": request["id"], **body}).encode() + b"\n"))
    with pytest.raises(ProtocolError):
        client.integers(1)


@pytest.mark.parametrize("kind", RequestError.__subclasses__())
def test_an_error_object_becomes_the_error_of_its_code(serve: Serve, client: Client, kind: type[RequestError]) -> None:
    error = {"code": kind.code, "message": "n is wrong", "data": ["n", 1, 9]}
    line = json.dumps({"error": error, "id": 1}).encode() + b"\n"
    serve(lambda standin, request: standin.write(request, line))
    with pytest.raises(kind) as raised:
        client.integers(0)
    assert (raised.value.code, raised.value.message, raised.value.data) == (kind.code, "n is wrong", ["n", 1, 9])


def test_an_unknown_code_is_kept(serve: Serve, client: Client) -> None:
    serve(lambda standin, request: standin.write(request, b'{"error":{"code":999,"message":"new"},"id":1}\n'))
    with pytest.raises(RequestError) as raised:
        client.integers(1)
    assert raised.value.code == 999


def test_a_client_closes_without_a_trace(serve: Serve, runtime: str) -> None:
    serve(ignore)
    before = os.listdir("/proc/self/fd")
    with Client(runtime) as client:
        pending = client.submit("generateUUIDs", {"n": 1})
        assert len(os.listdir(fifos.replies_path(runtime))) == 1
    assert os.listdir(fifos.replies_path(runtime)) == []
    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(UsageError, match="closed"):
        pending.wait()


def test_the_reply_fifo_is_open_to_its_owner_and_group_alone(serve: Serve, client: Client, runtime: str) -> None:
    serve(answer)
    client.integers(1)
    (name,) = os.listdir(fifos.replies_path(runtime))
    assert os.stat(os.path.join(fifos.replies_path(runtime), name)).st_mode & 0o7777 == 0o620


@forks
def test_a_forked_child_takes_no_reply_from_its_parent(serve: Serve, client: Client, runtime: str) -> None:
    def after_the_child(standin: StandIn, request: Request) -> None:
        if len(standin.requests) > 1:
            answer(standin, request)

    standin = serve(after_the_child)
    pending = client.submit("generateUUIDs", {"n": 1})

    def draw_and_close() -> None:
        assert client.uuids(1).data == [2]
        client.close()

    in_child(draw_and_close)
    standin.write(standin.requests[0], result(standin.requests[0]))
    assert pending.wait().data == [1]
    assert client.uuids(1).data == [2]


@forks
def test_a_process_removes_the_reply_fifos_of_its_clients_and_of_no_other(
    serve: Serve, client: Client, runtime: str
) -> None:
    serve(answer)
    client.uuids(1)

    def draw_and_remove() -> int:
        with Client(runtime) as another:
            another.uuids(1)
            remove_reply_fifos()
            return len(os.listdir(fifos.replies_path(runtime)))

    assert in_child(draw_and_remove) == 1
    remove_reply_fifos()
    assert os.listdir(fifos.replies_path(runtime)) == []
    assert client.uuids(1).data, "what is open stays open"


def test_a_stream_gives_its_reply_first_and_then_every_byte(serve: Serve, client: Client) -> None:
    noise = bytes(range(256)) * 2000

    def pour(standin: StandIn, request: Request) -> None:
        described = {"serialNumber": 5, "hash": "a" * 64, "ledger": "b" * 64, "completionTime": "2026-11-23 08:00:00Z"}
        standin.write(request, reply(request["id"], described) + noise[:1000])
        standin.write(request, noise[1000:])
        standin.hang_up(request["reply"])

    serve(pour)
    with client.stream(purpose="noise") as stream:
        assert stream.serial_number == 5
        received = b"".join(iter(lambda: stream.read(70_000), b""))
    assert received == noise


def test_a_stream_that_dries_up_is_an_error_at_the_deadline(serve: Serve, runtime: str) -> None:
    serve(answer)
    with Client(runtime, timeout=SOON) as client, client.stream() as stream, pytest.raises(TimedOut, match="no bytes"):
        stream.read()


def test_a_refused_stream_leaves_no_fifo(serve: Serve, runtime: str, client: Client) -> None:
    serve(lambda standin, request: standin.write(request, b'{"error":{"code":402,"message":"enough"},"id":1}\n'))
    with pytest.raises(errors.QuotaExceeded):
        client.stream()
    assert os.listdir(fifos.replies_path(runtime)) == []
