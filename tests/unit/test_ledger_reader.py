"""Reading the ledger: forwards, backwards, by serial number and from a position on, while it may be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fifod.errors import LedgerError, NoPermission, NotFound
from fifod.ledger.reader import LedgerReader, Position
from fifod.ledger.record import DRAW, END, LEDGER, NOTE, SEGMENT, UNDELIVERED, Record
from fifod.ledger.writer import Entry
from tests import needs
from tests.unit.ledgers import IDENTITY, content, draws, numbered, open_writer, segments


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Ten draws in several segments, two draws and a note that belongs to them at a time."""
    directory = tmp_path / "ledger"
    writer = open_writer(directory, segment_bytes=1)
    for number in range(5):
        writer.append([*draws("a", "b"), Entry.of(UNDELIVERED, {"draw": 2 * number + 1, "reason": "r"})])
    writer.close()
    return directory


@pytest.fixture
def reader(ledger: Path) -> LedgerReader:
    return LedgerReader(str(ledger))


def line_of(record: Record) -> bytes:
    return record.head_bytes + b"\t" + record.body_bytes + b"\n"


def everything(reader: LedgerReader) -> list[tuple[Record, Position]]:
    return list(reader.records())


# --- any ledger ---

SMALL = st.sampled_from([DRAW, DRAW, DRAW, UNDELIVERED, END, NOTE])
BATCH = st.lists(st.tuples(SMALL, st.sampled_from([0, 10, 1000, 20_000])), min_size=1, max_size=8)
EVENTS = st.lists(st.one_of(BATCH, st.sampled_from(["rotate", "restart", "tear"])), max_size=25)


def write(directory: Path, events: list[list[tuple[str, int]] | str]) -> list[Entry]:
    """What is to be read back, beside what the writer adds of its own."""
    writer = open_writer(directory)
    written: list[Entry] = []
    for event in events:
        writer.configure(False, 1 if event == "rotate" else 1 << 20)
        if isinstance(event, list):
            entries = [Entry.of(kind, {"text": "x" * size, "number": len(written)}) for kind, size in event]
            writer.append(entries)
            written += entries
        elif event == "rotate":
            written += [note := Entry.of(NOTE, {"note": "before a segment or in it"})]
            writer.append([note])
        else:
            writer.close()
            if event == "tear":
                with open(segments(directory)[-1], "ab") as file:
                    file.write(b'{"v":1,"kind":"draw","serial":')
            writer = open_writer(directory)
    writer.close()
    return written


@settings(max_examples=50)
@given(EVENTS)
def test_whatever_was_appended_reads_back_the_same_in_every_way(events: list[list[tuple[str, int]] | str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place, "ledger")
        written = write(directory, events)
        reader = LedgerReader(str(directory))
        forwards = everything(reader)
        backwards = [line.record() for line in reader.lines_backwards()]

        assert b"".join(line_of(record) for record, _ in forwards) == content(directory)
        assert [line_of(record) for record in reversed(backwards)] == [line_of(record) for record, _ in forwards]
        read = [Entry(record.head.kind, record.body_bytes) for record, _ in forwards]
        own = [entry for entry in read if entry.kind in (LEDGER, SEGMENT) or b'"note":"repair"' in entry.body]
        assert [entry for entry in read if entry not in own] == written

        numbers = [record.head.serial for record, _ in forwards if record.head.serial is not None]
        assert numbers == list(range(1, len(numbers) + 1))
        for serial in numbers:
            assert reader.find(serial).head.serial == serial
        with pytest.raises(NotFound):
            reader.find(len(numbers) + 1)


def test_a_segment_larger_than_what_is_read_at_once_reads_back_the_same(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "ledger", segment_bytes=1 << 30)
    for number in range(100):
        writer.append([Entry.of(DRAW, {"number": number, "text": "x" * (number * 77 % 30_000)})] * 3)
    reader = LedgerReader(str(tmp_path / "ledger"))
    assert len(content(tmp_path / "ledger")) > 1 << 19
    backwards = list(reader.lines_backwards())
    assert backwards[::-1] == list(reader.lines())
    assert [reader.find(serial).head.serial for serial in range(1, 301)] == list(range(1, 301))


# --- by serial number ---


@pytest.mark.parametrize("serial", [-1, 0, 11, 10**30])
def test_a_draw_that_is_not_there_is_not_found(reader: LedgerReader, serial: int) -> None:
    with pytest.raises(NotFound, match=f"no draw with serial number {serial}$") as caught:
        reader.find(serial)
    assert caught.value.data == ["serialNumber"]


def test_a_draw_is_found_among_many_records_of_other_kinds(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "ledger")
    for number in range(1, 6):
        writer.append([*draws(str(number)), *[Entry.of(END, {"draw": number, "text": "y" * 500})] * 200])
    reader = LedgerReader(str(tmp_path / "ledger"))
    assert [reader.find(serial).body["purpose"] for serial in range(1, 6)] == ["1", "2", "3", "4", "5"]


def test_the_identity_is_the_first_records_body(reader: LedgerReader) -> None:
    assert reader.identity()["identity"] == IDENTITY


def test_the_last_record_is_of_any_kind(reader: LedgerReader) -> None:
    last = reader.last()
    assert last is not None
    assert last.head.kind == UNDELIVERED
    assert last.body["draw"] == 9


def test_a_record_is_known_by_its_heads_hash(reader: LedgerReader) -> None:
    records = [record for record, _ in everything(reader)]
    assert [record.head.prev for record in records[1:]] == [record.hash for record in records[:-1]]


# --- backwards ---


@pytest.mark.parametrize("before", range(1, 11))
def test_backwards_from_a_draw_comes_all_that_stands_before_it(reader: LedgerReader, before: int) -> None:
    serials = [line.record().head.serial for line in reader.lines_backwards(before)]
    assert [serial for serial in serials if serial] == list(range(before - 1, 0, -1))


def test_backwards_from_a_draw_that_is_not_there_yet_begins_at_the_end(reader: LedgerReader) -> None:
    assert next(reader.lines_backwards(1000)) == next(reader.lines_backwards())


# --- from a position on ---


def test_from_any_position_comes_exactly_the_rest(reader: LedgerReader, ledger: Path) -> None:
    all_ = everything(reader)
    whole = content(ledger)
    for number, (_, position) in enumerate(all_, 1):
        rest = [line_of(record) for record, _ in reader.records(position)]
        assert rest == [line_of(record) for record, _ in all_[number:]]
        assert reader.size_after(position) == len(b"".join(rest))
    assert reader.size_after(None) == len(whole)


def test_records_that_come_later_are_read_from_the_last_position(ledger: Path, reader: LedgerReader) -> None:
    _, position = everything(reader)[-1]
    assert list(reader.records(position)) == []
    open_writer(ledger, segment_bytes=1).append(draws("later"))
    kinds = [record.head.kind for record, _ in reader.records(position)]
    assert kinds == [SEGMENT, DRAW]


def test_a_line_is_not_taken_before_its_newline(ledger: Path, reader: LedgerReader, tmp_path: Path) -> None:
    all_ = everything(reader)
    _, position = all_[-1]
    open_writer(ledger).append(draws("slow"))
    newest = segments(ledger)[-1]
    whole = newest.read_bytes()
    line = whole.splitlines(keepends=True)[-1]
    for missing in range(1, len(line) + 1):
        newest.write_bytes(whole[:-missing])
        assert list(reader.records(position)) == []
        assert next(reader.lines_backwards()).record().hash == position.hash
        assert reader.find_line(11) is None
    newest.write_bytes(whole)
    assert [line_of(record) for record, _ in reader.records(position)] == [line]


@contextmanager
def damaged(ledger: Path, position: Position, how: str) -> Iterator[None]:
    path = ledger / position.segment
    whole = path.read_bytes()
    start = whole.rfind(b"\n", 0, position.offset - 1) + 1
    changed = {
        "another character in the head": whole[:start] + whole[start:].replace(b'"v":1', b'"v": 1', 1),
        "one byte less before it": whole[1:],
        "one byte more before it": b" " + whole,
        "cut off": whole[: position.offset - 1],
        "gone": None,
    }[how]
    path.unlink() if changed is None else path.write_bytes(changed)
    yield
    path.write_bytes(whole)


@pytest.mark.parametrize(
    "how",
    [
        "another character in the head",
        "one byte less before it",
        "one byte more before it",
        "cut off",
        "gone",
    ],
)
def test_a_position_in_a_ledger_that_was_changed_is_refused(ledger: Path, reader: LedgerReader, how: str) -> None:
    for _, position in everything(reader):
        with damaged(ledger, position, how), pytest.raises(LedgerError, match=f"no longer holds .*{position.hash}"):
            list(reader.records(position))
        reader.check(position)


def test_a_position_of_another_ledger_is_refused(reader: LedgerReader, ledger: Path, tmp_path: Path) -> None:
    [*_, (_, position)] = everything(reader)
    for path in segments(ledger):
        path.unlink()
    open_writer(ledger).append(numbered(50))
    with pytest.raises(LedgerError, match=f"the segment {position.segment} is missing"):
        list(reader.records(position))


# --- what cannot be read ---


def test_a_newer_format_is_refused_with_its_place(ledger: Path, reader: LedgerReader) -> None:
    newest = segments(ledger)[-1]
    whole = newest.read_bytes()
    newest.write_bytes(whole + whole.splitlines(keepends=True)[-1].replace(b'"v":1', b'"v":2,"more":true'))
    place = f"{newest.name} at byte {len(whole)}: the ledger has format 2, .* use a newer fifod"
    with pytest.raises(LedgerError, match=place):
        everything(reader)
    with pytest.raises(LedgerError, match=place):
        reader.last()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no tab at all", "no tab"),
        (b"{}\t{}", "other members|not the JSON object"),
        (b"[1]\t{}", "not the JSON object"),
        (b'{"v":1,"kind":"draw","time":"t","body":"b","prev":"p"}\t{}', "kind 'draw' and serial number None"),
        (b'{"v":1,"kind":"note","serial":1,"time":"t","body":"b","prev":"p"}\t{}', "kind 'note' and serial number 1"),
        (b'{"v":1,"kind":"joke","time":"t","body":"b","prev":"p"}\t{}', "kind 'joke'"),
        (b'{"v":1,"kind":"note","time":"t","body":"b","prev":"p","more":1}\t{}', "other members"),
        (b"\xff\t{}", "not the JSON object"),
    ],
)
def test_a_line_that_is_no_record_is_named(ledger: Path, reader: LedgerReader, line: bytes, reason: str) -> None:
    newest = segments(ledger)[-1]
    size = newest.stat().st_size
    with open(newest, "ab") as file:
        file.write(line + b"\n")
    with pytest.raises(LedgerError, match=rf"{newest.name} at byte {size}: .*({reason})"):
        everything(reader)


def test_a_line_longer_than_any_record_is_not_read_into_memory(ledger: Path, reader: LedgerReader) -> None:
    with open(segments(ledger)[-1], "ab") as file:
        file.write(b"x" * 70_000 + b"\n")
    with pytest.raises(LedgerError, match="longer than any record"):
        everything(reader)


def test_a_body_that_is_no_object_is_refused_when_it_is_asked_for(ledger: Path, reader: LedgerReader) -> None:
    open_writer(ledger).append([Entry(NOTE, b"[]")])
    last = reader.last()
    assert last is not None
    with pytest.raises(LedgerError, match="body is not a JSON object"):
        _ = last.body


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=f"cannot read the ledger in {tmp_path}/none: No such file"):
        LedgerReader(f"{tmp_path}/none").segments()


def test_an_empty_directory_holds_no_records(tmp_path: Path) -> None:
    reader = LedgerReader(str(tmp_path))
    assert everything(reader) == []
    assert reader.last() is None
    assert reader.size_after(None) == 0
    with pytest.raises(LedgerError, match="does not begin with its identity"):
        reader.identity()


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("closed", ["directory", "segment"])
def test_a_reader_without_permission_is_told_so(closed: str) -> None:
    needs.root()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        ledger = Path(place, "ledger")
        open_writer(ledger)
        (ledger if closed == "directory" else segments(ledger)[0]).chmod(0o600)
        with as_nobody(), pytest.raises(NoPermission, match="permission denied"):
            everything(LedgerReader(str(ledger)))
