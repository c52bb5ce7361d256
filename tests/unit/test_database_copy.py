"""The copy of the web site's database that an upgrade makes, in case it must go back."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy import database, management
from deploy.problem import Problem

ROWS = 500


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release with this Python, and a database of this test's own."""
    monkeypatch.setattr(database, "FILE", tmp_path / "web.sqlite3")
    monkeypatch.setattr(database, "COPY", tmp_path / "copy.sqlite3")
    monkeypatch.setattr(management, "as_site", lambda *words: list(words))
    python = tmp_path / "release" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    with closing(sqlite3.connect(database.FILE)) as connection, connection:
        connection.execute("CREATE TABLE probe (content)")
        connection.executemany("INSERT INTO probe VALUES (?)", [("x" * 3000,)] * ROWS)
    return tmp_path / "release"


def rows() -> int:
    with closing(sqlite3.connect(database.FILE)) as connection:
        return int(connection.execute("SELECT count(*) FROM probe").fetchone()[0])


def test_what_came_after_the_copy_is_undone_by_it(root: Path) -> None:
    database.set_aside(root)
    with closing(sqlite3.connect(database.FILE)) as connection, connection:
        connection.execute("DELETE FROM probe")
    assert database.is_set_aside()
    database.put_back()
    assert rows() == ROWS
    assert not database.is_set_aside()


def test_what_could_not_be_copied_whole_is_no_copy(root: Path) -> None:
    content = bytearray(database.FILE.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 100_000] = b"\xff" * 100_000
    database.FILE.write_bytes(content)
    before = sorted(database.FILE.parent.iterdir())
    with pytest.raises(Problem, match=r"the web site's database cannot be copied: .*malformed"):
        database.set_aside(root)
    assert sorted(database.FILE.parent.iterdir()) == before
