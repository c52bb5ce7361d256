"""Subordinate uids count as the user they were given to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fifod.owners import Owners


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "subuid"


@pytest.mark.parametrize(
    ("uid", "owner"),
    [
        (0, 0),
        (1000, 1000),
        (99_999, 99_999),
        (100_000, 1000),
        (165_535, 1000),
        (165_536, 1001),
        (231_071, 1001),
        (231_072, 231_072),
    ],
)
def test_a_subordinate_uid_is_its_owner(file: Path, uid: int, owner: int) -> None:
    file.write_text("1000:100000:65536\n1001:165536:65536\n")
    assert Owners(str(file)).owner(uid) == owner


def test_an_owner_may_be_named(file: Path) -> None:
    file.write_text("root:100000:65536\n")
    assert Owners(str(file)).owner(100_007) == 0


@pytest.mark.parametrize("line", ["", "#", "no such user:5:10", "1000:5", "1000:x:10", "1000:5:10:1", "\ufffd"])
def test_a_line_that_is_not_understood_spoils_no_other(file: Path, line: str) -> None:
    file.write_text(f"{line}\n1000:100000:65536\n{line}\n")
    owners = Owners(str(file))
    assert owners.owner(100_000) == 1000
    assert owners.owner(5) == 5


def test_bytes_that_are_no_text_spoil_nothing(file: Path) -> None:
    file.write_bytes(b"\xff\xfe:5:10\n1000:100000:65536\n")
    assert Owners(str(file)).owner(100_000) == 1000


def test_without_the_file_everyone_is_himself(file: Path) -> None:
    assert Owners(str(file)).owner(100_000) == 100_000
