"""The daemon's own files: the lock, the host key, the noted head and the PID file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fifod.errors import EX_TEMPFAIL, AlreadyRunning, StartError
from fifod.ledger.reader import LedgerReader
from fifod.state import PidFile, State, make_directory
from tests.unit.ledgers import draws, no_file_beyond, open_writer


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def state(place: Path) -> Iterator[State]:
    state = State(str(place))
    yield state
    state.release()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directories_are_made_with_their_modes(state: State, place: Path) -> None:
    assert mode(place) == 0o755
    assert mode(place / "ledger") == 0o2750
    assert mode(place / "ledger" / "lock") == 0o600


def test_a_directory_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    make_directory(str(tmp_path), 0o755)
    assert mode(tmp_path) == 0o711


def test_what_is_no_directory_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="it is not a directory"):
        make_directory(str(tmp_path / "file"), 0o755)
    with pytest.raises(StartError, match=r"cannot (make|use) "):
        make_directory(str(tmp_path / "file" / "below"), 0o755)


# --- the lock ---


def test_a_second_daemon_is_refused_and_told_who_is_first(state: State, place: Path) -> None:
    with pytest.raises(
        AlreadyRunning, match=rf"another fifod \(pid {os.getpid()}\) has the lock .*/ledger/lock"
    ) as caught:
        State(str(place))
    assert caught.value.exit_status == EX_TEMPFAIL


def test_a_lock_that_was_given_back_can_be_taken(place: Path) -> None:
    State(str(place)).release()
    again = State(str(place))
    assert not again.did_crash
    again.release()


def test_a_daemon_that_was_killed_leaves_no_lock_but_is_noticed(place: Path) -> None:
    die = "import os, sys; from fifod.state import State; state = State(sys.argv[1]); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", die, str(place)], timeout=30, check=False)
    after = State(str(place))
    assert after.did_crash
    after.release()
    later = State(str(place))
    assert not later.did_crash
    later.release()


def test_a_lock_is_never_taken_through_a_link(place: Path, tmp_path: Path) -> None:
    (place / "ledger").mkdir(parents=True)
    (tmp_path / "elsewhere").touch()
    (place / "ledger" / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StartError, match="cannot open the lock"):
        State(str(place))


# --- the host key ---


def test_a_host_key_is_made_once_and_is_nobody_elses_to_read(state: State, place: Path) -> None:
    key = state.host_key()
    assert len(key) == 32
    assert state.host_key() == key == (place / "host.key").read_bytes()
    assert mode(place / "host.key") == 0o600


def test_each_host_has_a_key_of_its_own(tmp_path: Path) -> None:
    states = [State(str(tmp_path / name)) for name in "ab"]
    assert states[0].host_key() != states[1].host_key()
    for state in states:
        state.release()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_host_key_of_another_size_is_never_replaced(state: State, place: Path, size: int) -> None:
    (place / "host.key").write_bytes(b"k" * size)
    with pytest.raises(StartError, match="it must hold 32 bytes"):
        state.host_key()
    assert (place / "host.key").read_bytes() == b"k" * size


def test_a_host_key_that_cannot_be_written_leaves_none_behind(state: State, place: Path) -> None:
    with no_file_beyond(0), pytest.raises(StartError, match="cannot make the host key"):
        state.host_key()
    assert len(state.host_key()) == 32


# --- the noted head ---


@pytest.fixture
def ledger(state: State) -> LedgerReader:
    writer = open_writer(Path(state.ledger_path))
    writer.append(draws("a", "b", "c"))
    writer.close()
    return LedgerReader(state.ledger_path)


def test_without_a_note_any_ledger_is_good(state: State, ledger: LedgerReader) -> None:
    state.check_head(ledger)


@pytest.mark.parametrize("serial", [1, 2, 3])
def test_a_ledger_that_holds_the_noted_draw_is_good(state: State, ledger: LedgerReader, serial: int) -> None:
    state.note_head(serial, ledger.find(serial).hash)
    state.check_head(ledger)


@pytest.mark.parametrize(("serial", "of"), [(4, 3), (2, 3), (3, 1)])
def test_a_ledger_without_the_noted_draw_is_refused(state: State, ledger: LedgerReader, serial: int, of: int) -> None:
    state.note_head(serial, ledger.find(of).hash)
    with pytest.raises(StartError, match=f"no longer holds draw {serial} with hash [0-9a-f]{{64}}.*restore the ledger"):
        state.check_head(ledger)


def test_a_ledger_whose_newest_segment_was_lost_is_refused(state: State) -> None:
    writer = open_writer(Path(state.ledger_path), segment_bytes=1)
    for name in "abc":
        writer.append(draws(name))
    state.note_head(writer.serial, writer.draw_hash)
    max(Path(state.ledger_path).glob("*.jsonl")).unlink()
    with pytest.raises(StartError, match="no longer holds draw 3"):
        state.check_head(LedgerReader(state.ledger_path))


def test_only_the_last_note_counts(state: State, ledger: LedgerReader) -> None:
    state.note_head(9, "0" * 64)
    state.note_head(3, ledger.find(3).hash)
    state.check_head(ledger)


def test_a_full_disk_leaves_the_note_that_is_there(state: State, ledger: LedgerReader, place: Path) -> None:
    state.note_head(3, ledger.find(3).hash)
    before = (place / "head").read_text()
    with no_file_beyond(0):
        state.note_head(4, "0" * 64)
    assert (place / "head").read_text() == before


@pytest.mark.parametrize("note", [b"", b"\n"])
def test_a_note_that_a_power_cut_left_empty_is_none(
    state: State, ledger: LedgerReader, place: Path, note: bytes
) -> None:
    (place / "head").write_bytes(note)
    state.check_head(ledger)


@pytest.mark.parametrize("note", [b"rubbish", b"\xff\xfe", b"3:", "\u00b2:x".encode()])
def test_a_note_that_is_none_is_refused_in_plain_words(
    state: State, ledger: LedgerReader, place: Path, note: bytes
) -> None:
    (place / "head").write_bytes(note)
    with pytest.raises(StartError, match="head"):
        state.check_head(ledger)


# --- the PID file ---


def test_the_pid_file_holds_the_number_and_a_newline_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "fifod.pid"
    file = PidFile(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_pid_file_of_a_killed_daemon_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "fifod.pid"
    path.write_text("1\n")
    PidFile(str(path))
    assert path.read_text() == f"{os.getpid()}\n"


def test_anothers_pid_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "fifod.pid"
    file = PidFile(str(path))
    path.write_text("1\n")
    file.remove()
    assert path.read_text() == "1\n"


def test_a_pid_file_that_is_gone_is_no_matter(tmp_path: Path) -> None:
    file = PidFile(str(tmp_path / "fifod.pid"))
    (tmp_path / "fifod.pid").unlink()
    file.remove()


def test_a_pid_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot write the PID file"):
        PidFile(str(tmp_path / "none" / "fifod.pid"))
