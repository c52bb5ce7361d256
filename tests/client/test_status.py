"""status: all that the daemon tells of itself, for a person and for a program."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fifod.cli.status import recorded_serial, rows
from fifod.client import Client, RequestError
from fifod.latency import Latency
from tests.client.conftest import command
from tests.client.standin import Request, StandIn, reply
from tests.daemons import Daemon
from tests.waiting import until

Serve = Callable[[Callable[[StandIn, Request], None]], StandIn]


@pytest.fixture
def busy(place: Path) -> Iterator[Daemon]:
    """A daemon that has drawn thrice and refused twice, and whose recorder has recorded the first draw."""
    with Daemon(place, 'durability = "process"\n') as daemon, Client(str(daemon.run)) as client:
        for _ in range(3):
            client.integers(5)
        for method in ("generateNothing", "generateIntegers"):
            with pytest.raises(RequestError):
                client.call(method, {"n": 0, "min": 1, "max": 6})
        (daemon.run / "recorded").write_text("1\n")
        yield daemon


def printed(daemon: Daemon) -> dict[str, str]:
    done = command("status", env=daemon.environment)
    assert (done.returncode, done.stderr) == (0, b"")
    return {line[:16].rstrip(): line[16:] for line in done.stdout.decode().splitlines()}


def test_it_tells_a_person_everything(busy: Daemon) -> None:
    found = printed(busy)
    with Client(str(busy.run)) as client:
        status = client.status()
    assert found["state:"] == "serving" and int(found["pid:"]) == busy.pid and found["durability:"] == "process"
    assert (found["head:"], found["ledger:"]) == (f"3:{status['hash']}", status["ledger"])
    assert found["size:"] == f"{sum(path.stat().st_size for path in busy.segments())} bytes in 1 segment"
    assert (found["draws:"], found["requests:"], found["refused:"]) == ("3", "5", "2")
    assert (found["  -32601"], found["  202"]) == ("1  No such method", "1  A number lies outside its range")
    assert (found["undelivered:"], found["unanswerable:"]) == ("0", "0")
    assert found["queue:"] == "0 requests, 0 bytes unread"
    assert found["recorder:"] == "2 draws behind"
    assert found["latency:"].startswith("p50 at most ") and ", p99 at most " in found["latency:"]
    assert found["quota left:"] == "599,997 draws, 99,999,985 values in this minute"


def test_the_head_it_prints_is_what_verify_expects(busy: Daemon) -> None:
    done = command("verify", "--expect", printed(busy)["head:"], env=busy.environment)
    assert done.returncode == 0, done.stdout


def test_it_gives_a_program_the_daemons_answer(busy: Daemon) -> None:
    (line,) = command("status", "--json", env=busy.environment).stdout.splitlines()
    status = json.loads(line)
    assert (status["pid"], status["refused"]) == (busy.pid, {"-32601": 1, "202": 1})
    assert status["latency"]["count"] == status["requests"] == 5


def test_status_of_a_refusing_daemon_is_75(serve: Serve, runtime: str) -> None:
    state = {"version": "1", "state": "refusing: disk full"}
    serve(lambda standin, request: standin.write(request, reply(request["id"], state)))
    done = command("status", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.returncode == 75 and b"refusing: disk full" in done.stdout


def test_what_an_older_daemon_does_not_tell_is_left_out(serve: Serve, runtime: str) -> None:
    state = {"version": "1", "state": "serving", "draws": 4, "latency": None, "queued": "many"}
    serve(lambda standin, request: standin.write(request, reply(request["id"], state)))
    done = command("status", env={"FIFOD_RUNTIME_DIR": runtime})
    assert done.stdout.decode().split() == ["state:", "serving", "version:", "1", "draws:", "4"] and not done.stderr


def test_it_sends_no_control_characters_to_the_terminal(serve: Serve, runtime: str) -> None:
    state = {"version": "1\x1b[2J", "state": "serving"}
    serve(lambda standin, request: standin.write(request, reply(request["id"], state)))
    assert b"\x1b" not in command("status", env={"FIFOD_RUNTIME_DIR": runtime}).stdout


# --- how far the recorder is ---


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"3\n", "up to date"),
        (b"2\n", "1 draw behind"),
        (b"0\n", "3 draws behind"),
        (b"4\n", "not known"),
        (b"", "not known"),
        (b"3", "not known"),
        (b"-1\n", "not known"),
        (b"3\n3\n", "not known"),
        (b" 3\n", "not known"),
        ("٣\n".encode(), "not known"),
        (b"\xff\xfe\x00", "not known"),
        (b"1" * 100_000 + b"\n", "not known"),
    ],
)
def test_it_tells_how_far_the_recorder_is(busy: Daemon, content: bytes, told: str) -> None:
    (busy.run / "recorded").write_bytes(content)
    assert printed(busy)["recorder:"] == told


def stand_in(path: Path, kind: str) -> None:
    path.unlink()
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "link":
            path.with_name("elsewhere").write_text("3\n")
            path.symlink_to("elsewhere")
        case "huge file":
            path.touch()
            os.truncate(path, 1 << 40)


@pytest.mark.parametrize("kind", ["nothing", "FIFO", "directory", "link", "huge file"])
def test_whatever_stands_there_it_neither_waits_nor_fails(busy: Daemon, kind: str) -> None:
    stand_in(busy.run / "recorded", kind)
    assert printed(busy)["recorder:"] == "not known"


def test_it_takes_nothing_out_of_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "recorded")
    ends = os.open(tmp_path / "recorded", os.O_RDWR | os.O_NONBLOCK)
    os.write(ends, b"3\n")
    assert recorded_serial(str(tmp_path / "recorded")) is None
    assert os.read(ends, 10) == b"3\n"
    os.close(ends)


def test_a_file_that_it_may_not_read_is_no_number(tmp_path: Path) -> None:
    assert recorded_serial(str(tmp_path / "missing")) is None
    assert recorded_serial("/proc/self/mem") is None


def test_what_is_recorded_while_it_asks_does_not_seem_to_be_ahead(busy: Daemon) -> None:
    """The recorder's number is read before the daemon's: here the daemon is held up until both have moved on."""
    (busy.run / "recorded").write_text("3\n")
    busy.tell(signal.SIGSTOP)
    found: list[dict[str, str]] = []
    asking = threading.Thread(target=lambda: found.append(printed(busy)))
    try:
        asking.start()
        with Client(str(busy.run)) as client:
            until(lambda: len(list((busy.run / "replies").iterdir())) == 2, "status has begun to ask")
            drawn = client.submit("generateIntegers", {"n": 1, "min": 1, "max": 6})
            (busy.run / "recorded").write_text("4\n")
            busy.tell(signal.SIGCONT)
            drawn.wait()
    finally:
        busy.tell(signal.SIGCONT)
        asking.join()
    assert found[0]["recorder:"] in ("up to date", "1 draw behind")


# --- how numbers are said ---


def said(name: str, **status: Any) -> str:
    return dict(rows({"state": "serving", **status}, None))[name]


def latency_of(*milliseconds: float) -> str:
    latency = Latency()
    for each in milliseconds:
        latency.add([0], round(each * 1e6))
    return said("latency:", latency=latency.status())


def test_latency_is_read_off_the_histogram() -> None:
    assert latency_of() == "no requests yet"
    assert latency_of(0.01) == "p50 at most 50 µs, p99 at most 50 µs, mean 10 µs"
    assert latency_of(0.06, 0.06, 0.06, 30) == "p50 at most 100 µs, p99 at most 50 ms, mean 7.54 ms"
    assert latency_of(*[0.2] * 99, 20_000) == "p50 at most 250 µs, p99 at most 250 µs, mean 200 ms"
    assert latency_of(700, 20_000) == "p50 at most 1 s, p99 more than 10 s, mean 10.3 s"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (86_400, "1 d"), (90_061, "1 d 1 h")],
)
def test_how_long_it_is_up(seconds: int, words: str) -> None:
    assert said("up:", uptime=seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes in 1 segment"),
        (9_999, "9999 bytes in 1 segment"),
        (10_240, "10.0 KiB in 1 segment"),
        (5 << 20, "5.0 MiB in 1 segment"),
        (3 << 40, "3.0 TiB in 1 segment"),
        (3 << 50, "3072.0 TiB in 1 segment"),
        (None, "not known"),
    ],
)
def test_how_large_the_ledger_is(size: int | None, words: str) -> None:
    assert said("size:", ledgerBytes=size, segments=1) == words
