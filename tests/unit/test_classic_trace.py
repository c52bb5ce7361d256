"""The bridge's trace: ordered, bounded, and no reason to stop."""

from __future__ import annotations

import json
import logging
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from fifod.classic import trace
from fifod.classic.trace import MOST_BYTES, STEPS, Trace


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_each_step_has_a_number_and_a_monotonic_time(tmp_path: Path) -> None:
    before = time.monotonic_ns() // 1000
    published = Trace(str(tmp_path))
    for step in STEPS:
        published.tell(step, exchange=1)
    found = lines(tmp_path / "classic.trace")
    assert [line["step"] for line in found] == list(STEPS)
    assert [line["number"] for line in found] == list(range(1, len(STEPS) + 1))
    times = [line["time"] for line in found]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.monotonic_ns() // 1000
    assert stat.filemode((tmp_path / "classic.trace").stat().st_mode) == "-rw-r--r--"


def test_a_line_has_what_applies_and_nothing_else(tmp_path: Path) -> None:
    published = Trace(str(tmp_path))
    published.tell(trace.QUESTION, exchange=3, pid=-1, n=0)
    published.tell(trace.STARTED, pid=7, fifos=("/a", "/b"))
    published.tell(trace.DROPPED, size=8)
    found = lines(tmp_path / "classic.trace")
    assert [{**line, "time": 0} for line in found] == [
        {"number": 1, "time": 0, "step": "question", "exchange": 3, "pid": -1, "n": 0},
        {"number": 2, "time": 0, "step": "started", "pid": 7, "fifo1": "/a", "fifo2": "/b"},
        {"number": 3, "time": 0, "step": "dropped", "bytes": 8},
    ]


def test_it_never_takes_more_than_two_files_of_bounded_size(tmp_path: Path) -> None:
    published = Trace(str(tmp_path))
    while not (tmp_path / "classic.trace.1").exists() or published._number < 8000:
        published.tell(trace.NO_DRAW, exchange=1, reason="x" * 10_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classic.trace", "classic.trace.1"]
    assert all(path.stat().st_size <= MOST_BYTES for path in tmp_path.iterdir())
    numbers = [line["number"] for name in ("classic.trace.1", "classic.trace") for line in lines(tmp_path / name)]
    assert numbers == list(range(numbers[0], published._number + 1)), "two files in a row have no gap"


def test_a_new_run_begins_a_new_file(tmp_path: Path) -> None:
    Trace(str(tmp_path)).tell(trace.STARTED, pid=1)
    second = Trace(str(tmp_path))
    second.tell(trace.STARTED, pid=2)
    assert [line["pid"] for line in lines(tmp_path / "classic.trace")] == [2]
    assert [line["pid"] for line in lines(tmp_path / "classic.trace.1")] == [1]
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    published = Trace(str(folder))
    with caplog.at_level(logging.WARNING):
        published.tell(trace.STARTED)
        published.tell(trace.QUESTION)
    assert [record.getMessage() for record in caplog.records] == [
        f"cannot write the trace {folder}/classic.trace: No such file or directory; going on without"
    ]
    folder.mkdir()
    published.tell(trace.ANSWERED)
    assert [line["number"] for line in lines(folder / "classic.trace")] == [3]


def test_nobody_can_have_it_written_elsewhere(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / "classic.trace").symlink_to(other)
    Trace(str(tmp_path)).tell(trace.STARTED)
    assert other.read_text() == "precious"
    assert not (tmp_path / "classic.trace").is_symlink()
