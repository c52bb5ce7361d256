"""Where the classic bridge's FIFOs and files are looked for, and whose PID file is believed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fifod.classic import places
from fifod.errors import NotRunning, StartError
from tests import needs
from tests.children import in_child
from tests.daemons import reachable_directory, remove

VARIABLES = ("FIFO1", "FIFO2", "DIR")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing set but a runtime directory in which there is nothing."""
    for name in VARIABLES:
        monkeypatch.delenv(f"FIFOD_CLASSIC_{name}", raising=False)
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FIFOD_RUNTIME_DIR", str(tmp_path / "none"))


def test_the_fifos_are_the_exercises_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (places.fifo1(), places.fifo2()) == ("/tmp/fifo1", "/tmp/fifo2")
    monkeypatch.setenv("FIFOD_CLASSIC_FIFO1", "/x/questions")
    monkeypatch.setenv("FIFOD_CLASSIC_FIFO2", "/x/answers")
    assert (places.fifo1(), places.fifo2()) == ("/x/questions", "/x/answers")


# --- the bridge's directory ---


def test_the_directory_is_the_first_that_is_told_or_can_be_written_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, runtime = tmp_path / "own", tmp_path / "runtime"
    own.mkdir()
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(own))
    assert places.directory() == str(own)
    monkeypatch.setenv("FIFOD_RUNTIME_DIR", str(runtime))
    assert places.directory() == str(runtime)
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/fifod-classic/alice:/run/other")
    assert places.directory() == "/run/fifod-classic/alice"
    monkeypatch.setenv("FIFOD_CLASSIC_DIR", "/x")
    assert places.directory() == "/x"


def test_a_directory_in_tmp_is_made_for_its_user_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "_directory_in_tmp", lambda: str(tmp_path / "own"))
    assert places.directory() == places.directory() == str(tmp_path / "own")
    assert (tmp_path / "own").stat().st_mode & 0o7777 == 0o700


def test_somebody_elses_directory_in_tmp_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    needs.root()
    (tmp_path / "foreign").mkdir()
    os.chown(tmp_path / "foreign", 4242, 4242)
    monkeypatch.setattr(places, "_directory_in_tmp", lambda: str(tmp_path / "foreign"))
    with pytest.raises(StartError, match="it is a directory of uid 4242; set FIFOD_CLASSIC_DIR"):
        places.directory()


def test_a_link_in_tmp_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(places, "_directory_in_tmp", lambda: str(tmp_path / "link"))
    with pytest.raises(StartError, match="it is something else of uid"):
        places.directory()


# --- the bridge's PID ---


def publish(directory: Path, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = Path(places.pid_file(str(directory)))
    path.write_text(text)
    return path


def test_the_pid_is_found_where_the_bridge_wrote_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(tmp_path / "xdg", f"{os.getpid()}\n")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "xdg"))
    assert places.running_pid() == os.getpid()
    with subprocess.Popen(["sleep", "100"]) as other:
        publish(tmp_path / "runtime", f"{other.pid}\n")
        monkeypatch.setenv("FIFOD_RUNTIME_DIR", str(tmp_path / "runtime"))
        assert places.running_pid() == other.pid
        other.kill()


def test_a_directory_that_is_named_is_the_only_one_to_look_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(tmp_path / "runtime", f"{os.getpid()}\n")
    monkeypatch.setenv("FIFOD_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("FIFOD_CLASSIC_DIR", str(tmp_path / "named"))
    with pytest.raises(NotRunning, match=r"no classic\.pid of a living one in \S+/named; start it \(fifod-classic"):
        places.running_pid()


@pytest.mark.parametrize("text", ["", "0\n", "1\n", "-1\n", "x\n", "4194305\n", "99999999999999999\n", "²\n"])
def test_what_is_no_pid_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    publish(tmp_path, text)
    monkeypatch.setenv("FIFOD_CLASSIC_DIR", str(tmp_path))
    with pytest.raises(NotRunning):
        places.running_pid()


def test_a_bridge_that_has_ended_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(tmp_path, f"{in_child(os.getpid)}\n")
    monkeypatch.setenv("FIFOD_CLASSIC_DIR", str(tmp_path))
    with pytest.raises(NotRunning):
        places.running_pid()


def test_neither_a_link_nor_a_fifo_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = publish(tmp_path, f"{os.getpid()}\n")
    path.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("FIFOD_CLASSIC_DIR", str(tmp_path))
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotRunning):
        places.running_pid()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NotRunning):
        places.running_pid()


def test_only_ones_own_and_roots_pid_files_are_believed() -> None:
    needs.root()
    place = reachable_directory()
    try:
        assert {owner: found_by_a_user(place, owner) for owner in (0, 4242, 4243)} == {0: True, 4242: True, 4243: False}
    finally:
        remove(place)


def found_by_a_user(place: Path, owner: int) -> bool:
    path = publish(place, f"{os.getpid()}\n")
    os.chown(path, owner, owner)

    def look() -> bool:
        os.environ["FIFOD_CLASSIC_DIR"] = str(place)
        try:
            return places.running_pid() > 0
        except NotRunning:
            return False

    return bool(in_child(look, uid=4242))
