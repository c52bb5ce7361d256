"""Writing the ledger: what stands in it, and what is left of it after every fault."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fifod import __version__
from fifod.errors import LedgerNotWritable, StartError
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, END, LEDGER, NOTE, SEGMENT, UNDELIVERED
from fifod.ledger.writer import Entry, LedgerWriter
from tests.unit.ledgers import (
    COMMITMENT,
    IDENTITY,
    START,
    Clock,
    content,
    draws,
    no_file_beyond,
    numbered,
    open_writer,
    segments,
)

TIME = "2026-11-23T08:00:00.123456Z"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def heads(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line.partition(b"\t")[0]) for line in content(ledger).splitlines()]


def bodies(ledger: Path, kind: str) -> list[dict[str, Any]]:
    lines = (line.partition(b"\t") for line in content(ledger).splitlines())
    return [json.loads(body) for head, _, body in lines if json.loads(head)["kind"] == kind]


def serials(ledger: Path) -> list[int]:
    return [head["serial"] for head in heads(ledger) if head["kind"] == DRAW]


def assert_is_chain(ledger: Path) -> None:
    prev = "0" * 64
    for line in content(ledger).splitlines(keepends=True):
        assert line.endswith(b"\n")
        head, _, body = line[:-1].partition(b"\t")
        assert json.loads(head)["prev"] == prev
        assert json.loads(head)["body"] == hashlib.sha256(body).hexdigest()
        prev = hashlib.sha256(head).hexdigest()
    assert serials(ledger) == list(range(1, len(serials(ledger)) + 1))


# --- what stands in it ---


def test_a_ledger_begins_with_its_identity(ledger: Path) -> None:
    writer = open_writer(ledger)
    assert writer.identity == IDENTITY
    assert bodies(ledger, LEDGER) == [
        {"identity": IDENTITY, "host": "here", "keyCommitment": "cd" * 32, "version": f"fifod {__version__}"}
    ]
    assert heads(ledger)[0]["prev"] == "0" * 64


def test_a_line_is_head_tab_body_byte_for_byte(ledger: Path) -> None:
    writer = open_writer(ledger)
    before = writer.hash
    body = '{"drawer":"unix:1000","purpose":"für"}'.encode()
    [stamp] = writer.append([Entry(DRAW, body)])
    body_hash = hashlib.sha256(body).hexdigest()
    head = f'{{"v":1,"kind":"draw","serial":1,"time":"{TIME}","body":"{body_hash}","prev":"{before}"}}'.encode()
    assert content(ledger).splitlines(keepends=True)[1] == head + b"\t" + body + b"\n"
    assert (stamp.serial, stamp.time, stamp.hash) == (1, TIME, hashlib.sha256(head).hexdigest())


def test_records_are_a_chain_and_only_draws_use_up_serial_numbers(ledger: Path) -> None:
    writer = open_writer(ledger)
    others = [Entry.of(kind, {"draw": 1}) for kind in (UNDELIVERED, END, NOTE)]
    stamps = writer.append([*draws("a"), *others, *draws("b", "c")])
    assert [stamp.serial for stamp in stamps] == [1, 0, 0, 0, 2, 3]
    assert writer.append(draws("d"))[0].serial == 4
    assert [head["kind"] for head in heads(ledger)] == [
        LEDGER, DRAW, UNDELIVERED, END, NOTE, DRAW, DRAW, DRAW,
    ]  # fmt: skip
    assert_is_chain(ledger)


def test_the_newest_draw_is_the_head_whatever_comes_after_it(ledger: Path) -> None:
    writer = open_writer(ledger)
    assert (writer.serial, writer.draw_hash) == (0, "0" * 64)
    [draw] = writer.append(draws("a"))
    writer.owe(Entry.of(UNDELIVERED, {"draw": 1, "reason": "r"}))
    for one in (writer, open_writer(ledger)):
        assert (one.serial, one.draw_hash) == (1, draw.hash)
        assert one.hash != draw.hash


def test_times_come_from_the_clock_even_when_it_goes_back(ledger: Path) -> None:
    clock = Clock()
    writer = open_writer(ledger, clock=clock)
    writer.append(draws("a"))
    clock.now = START - 3_600_000_000_000
    writer.append(draws("b"))
    assert [head["time"] for head in heads(ledger)] == [TIME, TIME, "2026-11-23T07:00:00.123456Z"]


def test_files_are_open_to_the_group_and_nobody_else(ledger: Path) -> None:
    open_writer(ledger)
    assert segments(ledger)[0].stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def test_a_batch_is_one_write(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(ledger)
    written: list[bytes] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        written.append(data)
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    writer.append(numbered(100))
    monkeypatch.undo()
    assert len(written) == 1
    assert content(ledger).endswith(written[0])


@pytest.mark.parametrize("is_durable", [True, False])
def test_it_waits_for_the_disk_if_it_is_to(ledger: Path, monkeypatch: pytest.MonkeyPatch, is_durable: bool) -> None:
    writer = open_writer(ledger)
    writer.configure(is_durable, 1 << 20)
    synced: list[bytes] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        synced.append(content(ledger))
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    writer.append(draws("a"))
    assert synced == ([content(ledger)] if is_durable else [])


# --- going on ---


def test_a_ledger_is_continued(ledger: Path) -> None:
    first = open_writer(ledger)
    first.append(numbered(3))
    first.close()
    second = open_writer(ledger)
    assert (second.identity, second.serial, second.hash) == (first.identity, 3, first.hash)
    assert second.append(draws("d"))[0].serial == 4
    assert_is_chain(ledger)


@pytest.mark.parametrize("kept", [0, 1, 50, 200])
def test_a_torn_line_is_cut_off_and_that_is_noted(ledger: Path, kept: int) -> None:
    open_writer(ledger).append(numbered(3))
    [segment] = segments(ledger)
    whole = segment.read_bytes()
    torn = whole.splitlines(keepends=True)[-1][: kept or -1]
    segment.write_bytes(whole + torn)
    writer = open_writer(ledger)
    assert content(ledger).startswith(whole)
    assert bodies(ledger, NOTE) == [{"note": "repair", "bytesCut": len(torn)}]
    assert writer.append(draws("d"))[0].serial == 4
    assert_is_chain(ledger)


def test_whatever_a_power_failure_leaves_complete_lines_stand(ledger: Path) -> None:
    open_writer(ledger).append(numbered(2))
    [segment] = segments(ledger)
    whole = segment.read_bytes()
    lines = whole.splitlines(keepends=True)
    ends = [sum(map(len, lines[:count])) for count in (1, 2, 3)]
    sizes = {*range(ends[0], ends[2], 17), *(end + more for end in ends for more in (-1, 0, 1))}
    for size in sorted(sizes & {*range(ends[0], ends[2] + 1)}):
        segment.write_bytes(whole[:size])
        writer = open_writer(ledger)
        complete = whole[: whole.rfind(b"\n", 0, size) + 1]
        assert content(ledger).startswith(complete)
        assert writer.serial == complete.count(b'"kind":"draw"')
        writer.close()
    assert_is_chain(ledger)


def test_a_segment_that_was_never_finished_is_no_segment(ledger: Path) -> None:
    writer = open_writer(ledger)
    (ledger / "00000000000000000001.jsonl.new").write_bytes(b"half a li")
    writer.append(draws("a"))
    assert open_writer(ledger).append(draws("b"))[0].serial == 2
    assert_is_chain(ledger)


# --- segments ---


def test_a_full_segment_is_followed_by_one_that_names_it(ledger: Path) -> None:
    writer = open_writer(ledger, segment_bytes=1)
    for name in "abc":
        writer.append(draws(name, name))
    assert [path.name for path in segments(ledger)] == [f"{serial:020d}.jsonl" for serial in (1, 3, 5)]
    assert bodies(ledger, SEGMENT) == [
        {"identity": IDENTITY, "keyCommitment": COMMITMENT, "previous": f"{serial:020d}.jsonl"} for serial in (1, 3)
    ]
    assert_is_chain(ledger)
    writer.close()
    assert open_writer(ledger).append(draws("d"))[0].serial == 7


def test_a_segment_is_on_the_disk_before_it_has_its_name(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def spy(name: str) -> None:
        real = getattr(os, name)

        def step(*arguments: object) -> object:
            steps.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, step)

    for name in ("write", "fdatasync", "rename", "fsync"):
        spy(name)
    open_writer(ledger)
    assert steps == ["write", "fdatasync", "rename", "fsync"]


def test_a_segment_ends_only_when_it_is_full(ledger: Path) -> None:
    writer = open_writer(ledger, segment_bytes=2000)
    while len(segments(ledger)) == 1:
        size = segments(ledger)[0].stat().st_size
        writer.append(draws("a"))
    assert size >= 2000
    assert segments(ledger)[0].stat().st_size == size


def test_a_full_segment_without_any_draw_is_never_replaced(ledger: Path) -> None:
    writer = open_writer(ledger, segment_bytes=1)
    for number in range(5):
        writer.append([Entry.of(UNDELIVERED, {"draw": number})])
    writer.append(draws("a"))
    for number in range(5):
        writer.append([Entry.of(END, {"draw": number})])
    writer.append(draws("b"))
    assert [body["draw"] for body in bodies(ledger, UNDELIVERED)] == list(range(5))
    assert [body["draw"] for body in bodies(ledger, END)] == list(range(5))
    assert_is_chain(ledger)


# --- when it cannot be written ---


def test_a_torn_line_is_refused_and_leaves_nothing(ledger: Path) -> None:
    writer = open_writer(ledger)
    writer.append(draws("a"))
    before = content(ledger)
    with no_file_beyond(len(before) + 100), pytest.raises(LedgerNotWritable, match="File too large"):
        writer.append(numbered(5))
    assert content(ledger) == before
    [stamp] = writer.append(draws("b"))
    assert stamp.serial == 2
    assert content(ledger).startswith(before)
    assert [body["purpose"] for body in bodies(ledger, DRAW)] == ["a", "b"]
    assert_is_chain(ledger)


@pytest.mark.parametrize("is_durable", [False, True])
def test_lines_that_are_complete_when_the_disk_fills_up_count_and_are_never_taken_back(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, is_durable: bool
) -> None:
    """Whoever reads the ledger meanwhile has seen them: the recorder would not know the ledger again."""
    writer = open_writer(ledger)
    writer.configure(is_durable, 1 << 20)
    seen: list[bytes] = []

    def look_first(descriptor: int, size: int, cut: Callable[[int, int], None] = os.ftruncate) -> None:
        seen.append(content(ledger))
        cut(descriptor, size)

    monkeypatch.setattr(os, "ftruncate", look_first)
    with no_file_beyond(len(content(ledger)) + 700):
        assert [stamp.serial for stamp in writer.append(numbered(9))] == [1, 2]
        with pytest.raises(LedgerNotWritable, match="File too large"):
            writer.append(numbered(7))
    assert serials(ledger) == [1, 2] and content(ledger).endswith(b"\n")
    assert [stamp.serial for stamp in writer.append(numbered(2))] == [3, 4]
    assert seen
    assert all(content(ledger).startswith(found[: found.rfind(b"\n") + 1]) for found in seen)
    assert_is_chain(ledger)


def test_what_is_owed_goes_before_what_is_asked_for_when_there_is_little_room(ledger: Path) -> None:
    writer = open_writer(ledger)
    writer.append(draws("a"))
    with no_file_beyond(len(content(ledger))):
        for number in range(5):
            writer.owe(Entry.of(UNDELIVERED, {"draw": 1, "reason": f"{number}"}))
    with no_file_beyond(len(content(ledger)) + 700), pytest.raises(LedgerNotWritable, match="File too large"):
        writer.append(draws("b"))
    assert [body["reason"] for body in bodies(ledger, UNDELIVERED)] == ["0", "1"]
    assert [stamp.serial for stamp in writer.append(draws("b"))] == [2]
    assert [body["reason"] for body in bodies(ledger, UNDELIVERED)] == [f"{number}" for number in range(5)]
    assert_is_chain(ledger)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS])
def test_a_new_segment_that_can_neither_be_kept_nor_removed_is_begun_anew(
    ledger: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    writer = open_writer(ledger, segment_bytes=1)
    writer.append(draws("a"))

    def refuse(path: str) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(number))
        patch.setattr(os, "unlink", refuse)
        for _ in range(2):
            with pytest.raises(LedgerNotWritable, match=os.strerror(number)):
                writer.append(draws("b"))
    assert writer.append(draws("b"))[0].serial == 2
    assert_is_chain(ledger)


def test_a_full_disk_is_refused_as_long_as_it_is_full(ledger: Path) -> None:
    writer = open_writer(ledger)
    before = content(ledger)
    with no_file_beyond(len(before)):
        for _ in range(3):
            with pytest.raises(LedgerNotWritable, match="cannot write the ledger in"):
                writer.append(numbered(2))
    assert writer.serial == 0
    assert [stamp.serial for stamp in writer.append(numbered(2))] == [1, 2]
    assert_is_chain(ledger)


def test_a_full_disk_is_refused_at_the_start_of_a_segment_too(ledger: Path) -> None:
    writer = open_writer(ledger, segment_bytes=1)
    writer.append(draws("a"))
    with no_file_beyond(100):
        for _ in range(2):
            with pytest.raises(LedgerNotWritable, match="cannot write the ledger in"):
                writer.append(draws("b"))
    assert len(segments(ledger)) == 1
    assert writer.append(draws("b"))[0].serial == 2
    assert_is_chain(ledger)


def failing(number: int) -> Callable[[int], None]:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_what_did_not_reach_the_disk_is_taken_back(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(ledger)
    writer.configure(True, 1 << 20)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing(errno.EIO))
        with pytest.raises(LedgerNotWritable, match="Input/output error"):
            writer.append(draws("a"))
    assert writer.append(draws("b"))[0].serial == 1
    assert [body["purpose"] for body in bodies(ledger, DRAW)] == ["b"]


def test_a_new_segment_whose_name_did_not_reach_the_disk_is_made_again(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = open_writer(ledger, segment_bytes=1)
    writer.append(draws("a"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(errno.EIO))
        with pytest.raises(LedgerNotWritable, match="Input/output error"):
            writer.append(draws("b"))
    assert writer.append(draws("b"))[0].serial == 2
    assert [body["previous"] for body in bodies(ledger, SEGMENT)] == ["00000000000000000001.jsonl"]
    assert_is_chain(ledger)


def test_a_removed_segment_is_refused_until_it_is_restored(ledger: Path, tmp_path: Path) -> None:
    writer = open_writer(ledger)
    writer.append(numbered(3))
    [segment] = segments(ledger)
    copy = tmp_path / "copy"
    shutil.copy(segment, copy)
    segment.unlink()
    for _ in range(3):
        with pytest.raises(LedgerNotWritable):
            writer.append(draws("d"))
    assert segments(ledger) == []
    shutil.copy(copy, segment)
    with open(segment, "ab") as file:
        file.write(b"what was being written")
    assert writer.append(draws("d"))[0].serial == 4
    assert_is_chain(ledger)


def test_older_segments_stay_whole_when_the_newest_is_removed(ledger: Path) -> None:
    writer = open_writer(ledger)
    writer.append(numbered(50))
    writer.configure(False, 1)
    writer.append(draws("z"))
    older, newest = segments(ledger)
    before = older.read_bytes()
    newest.unlink()
    for _ in range(3):
        with pytest.raises(LedgerNotWritable):
            writer.append(draws("zz"))
    assert older.read_bytes() == before


def test_another_ledger_in_the_place_of_a_removed_one_is_left_alone(ledger: Path, tmp_path: Path) -> None:
    writer, other = open_writer(ledger), open_writer(tmp_path / "other")
    writer.append(draws("a"))
    other.append(draws("b", "c", "d"))
    segments(ledger)[0].unlink()
    shutil.copy(segments(tmp_path / "other")[0], ledger)
    for _ in range(3):
        with pytest.raises(LedgerNotWritable):
            writer.append(draws("e"))
    assert content(ledger) == content(tmp_path / "other")


def test_what_no_reply_waits_for_is_written_with_the_next_batch(ledger: Path) -> None:
    writer = open_writer(ledger)
    writer.append(draws("a"))
    with no_file_beyond(len(content(ledger))):
        writer.owe(Entry.of(UNDELIVERED, {"draw": 1, "reason": "r"}))
        with pytest.raises(LedgerNotWritable):
            writer.append(draws("b"))
    stamps = writer.append(draws("b", "c"))
    assert [stamp.serial for stamp in stamps] == [2, 3]
    assert [head["kind"] for head in heads(ledger)] == [LEDGER, DRAW, UNDELIVERED, DRAW, DRAW]
    assert_is_chain(ledger)


# --- what cannot be continued ---


def damaged(content: bytes, how: str) -> bytes:
    lines = content.splitlines(keepends=True)
    return {
        "a newer format": content + lines[-1].replace(b'"v":1', b'"v":2'),
        "no identity": b"".join(lines[1:]),
        "a last line that is no record": content + b"what is this\n",
        "no complete line": lines[0][:-1],
        "a body in the identity's place that is no object": lines[0].partition(b"\t")[0] + b"\t[]\n",
    }[how]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("a newer format", "format 2.*use a newer fifod"),
        ("no identity", "does not begin with its identity"),
        ("a last line that is no record", "no tab"),
        ("no complete line", "does not begin with its identity"),
        ("a body in the identity's place that is no object", "not a JSON object"),
    ],
)
def test_a_ledger_that_is_not_understood_is_left_alone(ledger: Path, how: str, reason: str) -> None:
    open_writer(ledger).append(numbered(3))
    [segment] = segments(ledger)
    segment.write_bytes(damaged(segment.read_bytes(), how))
    before = segment.read_bytes()
    with pytest.raises(StartError, match=f"cannot continue the ledger in .*{reason}"):
        open_writer(ledger)
    assert segment.read_bytes() == before


def test_an_empty_newest_segment_is_not_continued(ledger: Path) -> None:
    open_writer(ledger).append(draws("a"))
    (ledger / "00000000000000000002.jsonl").touch()
    with pytest.raises(StartError, match=r"00000000000000000002.jsonl has no complete record"):
        open_writer(ledger)


def test_a_ledger_that_cannot_be_begun_is_not_writable(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    with no_file_beyond(100), pytest.raises(LedgerNotWritable, match="cannot write the ledger in"):
        LedgerWriter(str(ledger), key_commitment="", host="")
    assert LedgerReader(str(ledger)).segments() == []
