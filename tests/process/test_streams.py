"""stream: raw bytes on the reply FIFO until its client closes it; recorded before the first byte and after the last."""

from __future__ import annotations

import hashlib
import json

import pytest

from fifod import checker
from tests.daemons import Daemon
from tests.pipes import Neighbour, Pipe, code, result
from tests.waiting import until


def start_stream(pipe: Pipe, **members: object) -> dict[str, object]:
    pipe.submit("stream", **members)
    return result(pipe.receive())


def read_exactly(pipe: Pipe, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        found += pipe.read(size - len(found))
    return bytes(found)


def end_of(daemon: Daemon, serial: object) -> dict[str, object]:
    """The end record of a stream, as soon as it is there."""
    with Pipe(daemon.run) as pipe:
        until(lambda: pipe.status() and daemon.bodies("end"), "the end is recorded")
    return next(body for body in daemon.bodies("end") if body["draw"] == serial)


def test_its_record_comes_before_its_bytes_which_follow_from_it(daemon: Daemon, pipe: Pipe) -> None:
    begun = start_stream(pipe, purpose="noise")
    assert set(begun) == {"serialNumber", "hash", "ledger", "completionTime"}
    [body] = daemon.bodies("draw")
    assert (body["method"], body["params"], body["purpose"]) == ("stream", {}, "noise")
    size = 3_000_000
    assert read_exactly(pipe, size) == checker.Stream(bytes.fromhex(body["seed"])).take(size)


@pytest.mark.parametrize("size", [0, 1, 65536, 1_000_000])
def test_its_end_record_tells_length_and_digest_of_what_was_taken(daemon: Daemon, pipe: Pipe, size: int) -> None:
    begun = start_stream(pipe)
    read_exactly(pipe, size)
    pipe.hang_up()
    end = end_of(daemon, begun["serialNumber"])
    [body] = daemon.bodies("draw")
    length = end["length"]
    assert isinstance(length, int) and size <= length <= size + (1 << 17)
    assert end["sha256"] == hashlib.sha256(checker.Stream(bytes.fromhex(body["seed"])).take(length)).hexdigest()
    assert daemon.bodies("undelivered") == []


def test_others_are_served_meanwhile(daemon: Daemon, pipe: Pipe) -> None:
    with Neighbour(daemon.run) as neighbour:
        start_stream(pipe)
        before = len(neighbour.serials)
        until(lambda: pipe.read(1 << 20) and len(neighbour.serials) > before + 100, "the neighbour is served")


def test_a_reader_that_pauses_stops_nobody(daemon: Daemon, pipe: Pipe) -> None:
    start_stream(pipe)
    with Pipe(daemon.run) as other:
        for _ in range(100):
            other.draw()
    assert len(read_exactly(pipe, 500_000)) == 500_000


def test_its_fifo_serves_nothing_else(daemon: Daemon, pipe: Pipe) -> None:
    start_stream(pipe)
    pipe.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
    with Pipe(daemon.run) as other:
        assert other.status()["serialNumber"] == 1
        daemon.wait_for_log("request dropped: ")
        assert other.status()["unanswerable"] == 1


def test_a_stop_ends_it_with_its_record(daemon: Daemon, pipe: Pipe) -> None:
    begun = start_stream(pipe)
    read_exactly(pipe, 100_000)
    assert daemon.stop() == 0
    [end] = daemon.bodies("end")
    assert end["draw"] == begun["serialNumber"] and end["length"] >= 100_000


def test_a_secret_stream_shows_its_seed_to_its_drawer_alone(daemon: Daemon, pipe: Pipe) -> None:
    begun = start_stream(pipe, secret=True)
    [body] = daemon.bodies("draw")
    seed = bytes.fromhex(str(begun["seed"]))
    assert "seed" not in body and body["seedHash"] == hashlib.sha256(seed).hexdigest()
    assert read_exactly(pipe, 1000) == checker.Stream(seed).take(1000)


def test_a_repeated_key_starts_the_same_stream_again(daemon: Daemon, pipe: Pipe) -> None:
    begun = start_stream(pipe, key="ab" * 16)
    first = read_exactly(pipe, 1000)
    with Pipe(daemon.run) as again:
        assert start_stream(again, key="ab" * 16)["serialNumber"] == begun["serialNumber"]
        assert read_exactly(again, 1000) == first


def test_getresult_of_a_stream_gives_its_record(daemon: Daemon, pipe: Pipe) -> None:
    serial = start_stream(pipe)["serialNumber"]
    with Pipe(daemon.run) as other:
        found = result(other.ask("getResult", {"serialNumber": serial}))
        assert json.loads(found["body"])["method"] == "stream" and "random" not in found
        assert code(other.ask("stream", {"n": 1})) == -32602
