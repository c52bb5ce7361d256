"""What the trial tells its classic bridge, and prints for a shell, so that bridge and client find each other."""

import shlex
from pathlib import Path

import pytest

from deploy import classic

RUN = Path("/a folder/run")


def test_unless_fifos_are_named_it_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIFOD_CLASSIC_FIFO1", "")
    monkeypatch.delenv("FIFOD_CLASSIC_FIFO2", raising=False)
    assert classic.environment(RUN) == {"FIFOD_CLASSIC_DIR": "/a folder/run"}


def test_fifos_that_are_named_are_meant_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIFOD_CLASSIC_FIFO1", "first one")
    monkeypatch.setenv("FIFOD_CLASSIC_FIFO2", "/srv/fifo2")
    told = classic.environment(RUN)
    assert told["FIFOD_CLASSIC_FIFO1"] == f"{tmp_path}/first one"
    assert shlex.split(classic.exports(RUN)) == [f"{name}={value}" for name, value in told.items()]
