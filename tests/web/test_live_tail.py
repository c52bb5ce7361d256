"""What the live view finds in the ledger, the request FIFO and the bridges' traces, and how it is shared out."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.web.ledgers import Ledger
from webui.live import messages, tail
from webui.live.bridges import Bridges, Follower
from webui.live.hub import MOST_WAITING, Found, Full, Hub, Watcher
from webui.live.requests import look
from webui.live.tail import Drawn, LedgerTail


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def follow(ledger: Ledger) -> tuple[LedgerTail, list[int]]:
    found = LedgerTail(str(ledger.directory))
    return found, serials(found.begin())


def serials(draws: list[Drawn]) -> list[int]:
    return [draw.serial for draw in draws]


def test_it_begins_with_the_newest_and_goes_on_with_what_comes(ledger: Ledger) -> None:
    ledger.draws(tail.RECENT + 5)
    following, first = follow(ledger)
    assert first == list(range(6, tail.RECENT + 6))
    assert following.read() == []
    ledger.draws(3)
    assert serials(following.read()) == [506, 507, 508]


def test_it_goes_on_in_a_new_segment(ledger: Ledger) -> None:
    ledger.draw()
    following, _ = follow(ledger)
    ledger.draw()
    ledger.rotate()
    ledger.draw()
    assert serials(following.read()) == [2, 3]


def test_it_takes_no_line_before_it_is_whole(ledger: Ledger) -> None:
    following, _ = follow(ledger)
    ledger.tear()
    assert following.read() == []
    ledger.mend()
    ledger.draw()
    assert serials(following.read()) == [1]


def test_a_ledger_that_comes_later_is_found(tmp_path: Path) -> None:
    following = LedgerTail(str(tmp_path / "ledger"))
    assert following.begin() == [] and "cannot read the ledger" in following.fault
    assert following.read() == []
    Ledger(tmp_path / "ledger").draw()
    assert serials(following.read()) == [1]


def test_a_ledger_that_was_cut_is_followed_from_its_end(ledger: Ledger) -> None:
    ledger.draws(5)
    following, _ = follow(ledger)
    [segment] = ledger.directory.iterdir()
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:3]))
    assert serials(following.read()) == [1, 2]
    assert following.read() == []


def test_a_ledger_that_was_restored_is_followed_from_its_end(ledger: Ledger, tmp_path: Path) -> None:
    ledger.draws(5)
    following, _ = follow(ledger)
    for segment in ledger.directory.iterdir():
        segment.unlink()
    Ledger(ledger.directory).draws(9, drawer="unix:7")
    assert serials(following.read()) == list(range(1, 10))


def test_who_is_far_behind_goes_on_at_the_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_BEHIND", 1000)
    following, _ = follow(ledger)
    ledger.draws(1000)
    assert serials(following.read()) == list(range(501, 1001))
    assert following.read() == []


def test_a_draw_whose_body_was_erased_has_a_number_and_a_time(ledger: Ledger) -> None:
    following, _ = follow(ledger)
    ledger.draw()
    [segment] = ledger.directory.iterdir()
    *before, line = segment.read_bytes().splitlines()
    segment.write_bytes(b"\n".join([*before, line.split(b"\t")[0] + b"\t"]) + b"\n")
    [draw] = following.read()
    assert draw.for_anybody() == {"serial": 1, "time": "2026-11-23T08:00:00.000001Z", "method": "", "transport": ""}


# --- messages ---


def one(serial: int, drawer: str = "unix:1000", purpose: str = "") -> Drawn:
    return Drawn(serial, "2026-11-23T08:00:00.000000Z", "generateIntegers", "fifo", drawer, purpose, "then")


def decoded(piece: bytes) -> list[tuple[str, Any]]:
    found = []
    for block in piece.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_a_text_with_line_breaks_is_still_one_event() -> None:
    piece = messages.Bundle([one(1, "web:1:a", "a\n\nevent: b\r\ndata: c\u2028")]).for_watcher("web:1:a")
    [(_, data)] = decoded(piece)
    assert data["draws"][0]["purpose"] == "a\n\nevent: b\r\ndata: c\u2028" and b"\r" not in piece


def test_of_very_many_draws_the_newest_are_told_and_the_rest_counted() -> None:
    [(_, data)] = decoded(messages.Bundle([one(number) for number in range(1, 121)]).for_watcher("x"))
    assert [draw["serial"] for draw in data["draws"]] == list(range(71, 121)) and data["more"] == 70


def test_nobody_owns_a_draw_without_a_drawer() -> None:
    [(_, data)] = decoded(messages.Bundle([one(1, "")]).for_watcher(""))
    assert "own" not in data["draws"][0]


# --- the hub ---


def watched(place: Path, *accounts: int) -> tuple[Hub, list[Watcher]]:
    """A hub that has looked around once; for inside an event loop."""
    hub = Hub(place / "ledger", place / "run")
    watchers = [Watcher(account, f"web:{account}:x") for account in accounts]
    for watcher in watchers:
        hub.join(watcher)
    return hub, watchers


async def first(watcher: Watcher) -> list[tuple[str, Any]]:
    await asyncio.wait_for(watcher.awake.wait(), 30)
    return decoded(watcher.take())


def test_a_slow_watcher_loses_events_is_told_so_and_slows_nobody(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        hub, (slow, quick) = watched(tmp_path, 1, 2)
        await first(quick)
        await first(slow)
        lookout = hub._lookout
        assert lookout is not None
        for serial in range(1, MOST_WAITING + 11):
            hub._take(lookout, Found([one(serial)]))
            [(_, data)] = decoded(quick.take())
            assert [draw["serial"] for draw in data["draws"]] == [serial]
        told = decoded(slow.take())
        assert len(told) == MOST_WAITING + 1 and told[-1] == ("lost", {"messages": 10})
        hub._take(lookout, Found([one(999)]))
        assert [name for name, _ in decoded(slow.take())] == ["draws"]
        hub.leave(slow)
        hub.leave(quick)

    asyncio.run(run())


def test_with_the_last_watcher_the_looking_ends_and_begins_anew_with_the_next(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        hub, [watcher] = watched(tmp_path, 1)
        await first(watcher)
        lookout = hub._lookout
        hub.leave(watcher)
        assert lookout is not None and hub._lookout is None
        lookout.join(30)
        assert not lookout.is_alive()
        ledger.draw()
        hub.join(again := Watcher(1, "web:1:x"))
        [(name, data), *_] = await first(again)
        assert name == "hello" and [draw["serial"] for draw in data["draws"]] == [1]
        hub.leave(again)

    asyncio.run(run())


def test_who_was_away_for_long_is_told_how_many_are_missing(ledger: Ledger, tmp_path: Path) -> None:
    ledger.draws(600)

    async def run() -> None:
        hub = Hub(tmp_path / "ledger", tmp_path / "run")
        hub.join(watcher := Watcher(1, "web:1:x", after=40))
        [(_, data), *_] = await first(watcher)
        assert data["missed"] == 60 and len(data["draws"]) == 500
        hub.leave(watcher)

    asyncio.run(run())


def test_a_fault_ends_the_streams_so_that_browsers_come_back_and_the_looking_begins_anew(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: LedgerTail) -> list[Drawn]:
        raise RuntimeError("what nobody thought of")

    async def run() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(LedgerTail, "read", fail)
            hub, [watcher] = watched(tmp_path, 1)
            found: list[tuple[str, Any]] = []
            while not watcher.has_ended:
                found += await first(watcher)
            found += decoded(watcher.take())
            assert ("end", {"why": "fault"}) in found
            hub.leave(watcher)
        hub.join(again := Watcher(1, "web:1:x"))
        assert next(name for name, _ in await first(again)) == "hello"
        hub.leave(again)

    asyncio.run(run())
    assert "what nobody thought of" in caplog.text


def test_there_is_an_end_to_how_many_watch(ledger: Ledger, tmp_path: Path) -> None:
    async def run() -> None:
        hub, watchers = watched(tmp_path, *range(400))
        with pytest.raises(Full, match="400 live views are open"):
            hub.join(Watcher(1000, "web:1000:x"))
        for watcher in watchers:
            hub.leave(watcher)

    asyncio.run(run())


# --- the request FIFO ---


def test_the_queue_is_seen_from_the_writing_end(tmp_path: Path) -> None:
    assert look(tmp_path).daemon == "absent"
    os.mkfifo(tmp_path / "requests")
    assert look(tmp_path).daemon == "absent"
    reader = os.open(tmp_path / "requests", os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(reader, b"x" * 77)
        assert (look(tmp_path).daemon, look(tmp_path).bytes) == ("stopped", 77)
        (tmp_path / "fifod.pid").write_text("1\n")
        assert look(tmp_path).daemon == "running"
    finally:
        os.close(reader)


# --- bridges ---


def step(number: int, name: str, **members: object) -> bytes:
    return json.dumps({"number": number, "time": number * 1000, "step": name, **members}).encode() + b"\n"


STARTED = step(1, "started", fifo1="/tmp/fifo1", fifo2="/tmp/fifo2")


def test_a_bridge_is_found_followed_and_missed(tmp_path: Path) -> None:
    bridges = Bridges(tmp_path)
    assert bridges.read() == []
    (tmp_path / "classic.pid").write_text("4242\n")
    trace = tmp_path / "classic.trace"
    trace.write_bytes(STARTED)
    bridges._look_at = 0.0
    [told] = bridges.read()
    assert (told.pid, told.fifo1, told.fifo2, told.is_there) == (4242, "/tmp/fifo1", "/tmp/fifo2", True)
    with trace.open("ab") as file:
        file.write(step(2, "question", exchange=1, pid=4711, n=5) + b'{"number":3,')
    [told] = bridges.read()
    assert "n" not in told.as_json()["steps"][0]  # type: ignore[index]
    assert [found.pid for found in told.steps] == [4711]
    with trace.open("ab") as file:
        file.write(b'"time":9,"step":"signalled","exchange":1,"pid":4711}\n')
    assert [found.step for [told] in [bridges.read()] for found in told.steps] == ["signalled"]
    trace.unlink()
    [told] = bridges.read()
    assert not told.is_there and bridges.read() == []


def test_a_trace_is_followed_into_its_next_file(tmp_path: Path) -> None:
    trace = tmp_path / "classic.trace"
    trace.write_bytes(STARTED)
    follower = Follower(tmp_path)
    follower.read()
    with trace.open("ab") as file:
        file.write(step(2, "question"))
    trace.rename(tmp_path / "classic.trace.1")
    trace.write_bytes(step(3, "drawn", serial=7))
    told = follower.read()
    assert told and [found.number for found in told.steps] == [2, 3]
    follower.close()
    late = Follower(tmp_path)
    told = late.read()
    assert told and (told.fifo1, [found.number for found in told.steps]) == ("/tmp/fifo1", [3])
    late.close()


def test_what_is_no_trace_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(step(1, "a secret"))
    for kind in ("link", "fifo", "nonsense"):
        place = tmp_path / kind
        place.mkdir()
        trace = place / "classic.trace"
        if kind == "link":
            trace.symlink_to(secret)
        elif kind == "fifo":
            os.mkfifo(trace)
        else:
            trace.write_bytes(b'{"number":"x"}\n[[[[\n\xff\n' + b"x" * 300_000)
        (place / "classic.pid").symlink_to(secret)
        follower = Follower(place)
        assert follower.read() is None
        follower.close()
