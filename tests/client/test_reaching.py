"""The library's way to a daemon that is absent, busy, forbidden, or comes and goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fifod import fifos
from fifod.client import Client, NoPermission, NotRunning, TimedOut, UsageError
from tests import needs
from tests.children import in_child
from tests.client.standin import Request, StandIn, answer, forks, result

Serve = Callable[[Callable[[StandIn, Request], None]], StandIn]


def test_without_a_runtime_directory_it_says_what_to_do(tmp_path: Path) -> None:
    with Client(str(tmp_path / "none")) as client, pytest.raises(NotRunning, match="start it"):
        client.integers(1)


def test_a_fifo_that_nobody_reads_means_not_running(runtime: str) -> None:
    os.mkfifo(fifos.request_path(runtime))
    with Client(runtime) as client, pytest.raises(NotRunning, match="nobody reads"):
        client.integers(1)


def test_a_regular_file_as_request_fifo_means_not_running(runtime: str) -> None:
    Path(fifos.request_path(runtime)).touch()
    with Client(runtime) as client, pytest.raises(NotRunning, match="not a FIFO"):
        client.integers(1)
    assert Path(fifos.request_path(runtime)).read_bytes() == b""


def test_a_daemon_without_replies_directory_means_not_running(runtime: str) -> None:
    reader = fifos.open_request_fifo(fifos.request_path(runtime))
    with Client(runtime) as client, pytest.raises(NotRunning, match="no replies directory"):
        client.integers(1)
    os.close(reader)


def test_tries_without_room_for_a_reply_fifo_keep_one_descriptor_at_most(runtime: str) -> None:
    reader = fifos.open_request_fifo(fifos.request_path(runtime))
    with Client(runtime) as client:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(NotRunning, match="no replies directory"):
                client.integers(1)
        assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert len(os.listdir("/proc/self/fd")) == before
    os.close(reader)


@forks
@pytest.mark.parametrize("what", ["requests", "replies"])
def test_a_stranger_is_told_that_he_has_no_permission(serve: Serve, runtime: str, what: str) -> None:
    needs.root()
    serve(answer)
    os.chmod(os.path.join(runtime, what), 0o700)

    def be_refused() -> str:
        with pytest.raises(NoPermission) as raised, Client(runtime) as client:
            client.integers(1)
        return raised.value.message

    assert what in in_child(be_refused, uid=65534)


def test_a_line_that_a_pipe_would_cut_is_refused_before_sending(serve: Serve, client: Client) -> None:
    standin = serve(answer)
    with pytest.raises(UsageError, match="4096"):
        client.strings(1, 5, "x" * 4096)
    assert standin.raw == b""


def test_the_longest_line_is_sent_in_one_piece(serve: Serve, client: Client) -> None:
    standin = serve(answer)
    room = 4096
    for _ in range(2):
        try:
            client.call("generateStrings", {"characters": "x" * room})
        except UsageError as error:
            room -= int(error.message.split(" has ")[1].split()[0]) - 4096
    assert len(standin.raw) == 4096


@pytest.mark.parametrize("purpose", ["\ud800", "a\udcffb"])
def test_text_that_is_not_unicode_is_refused(serve: Serve, client: Client, purpose: str) -> None:
    serve(answer)
    with pytest.raises(UsageError, match="Unicode"):
        client.integers(1, purpose=purpose)


def test_a_number_that_is_not_finite_is_refused(serve: Serve, client: Client) -> None:
    serve(answer)
    with pytest.raises(UsageError, match="finite"):
        client.gaussians(1, mean=float("inf"))


def fill(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, b"\n" * 4096)
    except BlockingIOError:
        pass


def test_a_request_fifo_that_stays_full_is_an_error_at_the_deadline(serve: Serve, runtime: str) -> None:
    reader = fifos.open_request_fifo(fifos.request_path(runtime))
    os.close(fifos.open_replies_directory(fifos.replies_path(runtime)))
    fill(reader)
    with Client(runtime, timeout=0.2) as client, pytest.raises(TimedOut, match="request FIFO stayed full"):
        client.integers(1)
    os.close(reader)


def test_a_request_waits_until_the_full_request_fifo_has_room(serve: Serve, runtime: str, client: Client) -> None:
    reader = fifos.open_request_fifo(fifos.request_path(runtime))
    os.close(fifos.open_replies_directory(fifos.replies_path(runtime)))
    fill(reader)
    pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(3)]
    serve(answer)
    assert [each.wait().data for each in pending] == [[1], [2], [3]]
    os.close(reader)


def test_requests_in_flight_survive_a_restart(runtime: str, client: Client) -> None:
    with StandIn(runtime, lambda standin, request: standin.write(request, result(request)[:30])):
        pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(16)]
    with StandIn(runtime, answer) as second:
        assert [each.wait().data for each in pending] == [[each.number] for each in pending]
        assert len({request["key"] for request in second.requests}) == 16


def test_a_daemon_that_stays_away_is_named_at_the_deadline(runtime: str) -> None:
    with Client(runtime, timeout=3) as client:
        with StandIn(runtime, answer):
            client.integers(1)
        with pytest.raises(NotRunning, match="nobody reads"):
            client.integers(1)


def test_a_request_fifo_made_anew_is_found(runtime: str, client: Client) -> None:
    with StandIn(runtime, answer):
        client.integers(1)
    os.unlink(fifos.request_path(runtime))
    with StandIn(runtime, answer):
        assert client.integers(1).data == [2]


def test_a_reply_fifo_that_was_removed_is_made_anew(runtime: str, client: Client) -> None:
    with StandIn(runtime, answer):
        client.integers(1)
        (former,) = os.listdir(fifos.replies_path(runtime))
        os.unlink(os.path.join(fifos.replies_path(runtime), former))

    def answer_where_it_can(standin: StandIn, request: Request) -> None:
        if request["reply"] != former:
            answer(standin, request)

    with StandIn(runtime, answer_where_it_can):
        assert client.integers(1).data == [2]
