"""How large a ledger is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fifod.ledger.extent import Extent
from fifod.ledger.reader import LedgerReader
from fifod.ledger.writer import LedgerWriter
from tests.unit.ledgers import content, draws, open_writer, segments


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def writer(directory: Path) -> LedgerWriter:
    return open_writer(directory)


@pytest.fixture
def extent(directory: Path, writer: LedgerWriter) -> Extent:
    return Extent(LedgerReader(str(directory)))


def found(directory: Path) -> tuple[int, int]:
    return len(segments(directory)), len(content(directory))


def test_it_grows_with_each_record(writer: LedgerWriter, extent: Extent, directory: Path) -> None:
    before = extent.measure()
    writer.append(draws("a"))
    assert before and before != extent.measure() == found(directory)


def test_it_follows_the_ledger_into_new_segments(writer: LedgerWriter, extent: Extent, directory: Path) -> None:
    writer.configure(False, 1)
    for number in range(3):
        writer.append(draws("a", "b"))
        assert extent.measure() == found(directory) == (number + 1, len(content(directory)))


def test_it_notices_that_an_old_segment_was_taken_away(writer: LedgerWriter, extent: Extent, directory: Path) -> None:
    writer.configure(False, 1)
    for _ in range(3):
        writer.append(draws("a"))
    assert extent.measure() == (3, len(content(directory)))
    segments(directory)[0].unlink()
    assert extent.measure() == found(directory) == (2, len(content(directory)))


def test_it_looks_at_the_newest_segment_alone_as_long_as_none_comes_or_goes(
    writer: LedgerWriter, extent: Extent, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extent.measure()
    monkeypatch.delattr(LedgerReader, "segments")
    writer.append(draws("a"))
    assert extent.measure() == found(directory)


def test_of_a_ledger_that_is_gone_it_says_nothing_until_it_is_back(extent: Extent, directory: Path) -> None:
    there = extent.measure()
    aside = directory.with_name("aside")
    directory.rename(aside)
    assert extent.measure() is None
    aside.rename(directory)
    assert extent.measure() == there
    shutil.rmtree(directory)
    directory.mkdir()
    assert extent.measure() == (0, 0)
