"""The archive: whole old segments that were taken out of the ledger, and the notes in the ledger that say so.

A note stands in the chain before its segments are moved, and before the first draw of a segment, so that it is found
without reading the ledger. It holds the hash of the last record that it covers: what is missing from the ledger's
beginning up to there was archived, and whatever else is missing was lost. Segments that were noted but are still there
(the machine stopped in between, or somebody put them back to look something up) do no harm.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from fifod.errors import LedgerError
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, NOTE, Record, first_of, segment_name

ARCHIVE = "archive"
MODE = 0o750  # no setgid bit, which the unit may not set: files that are moved in keep their group


class ArchiveNote(Struct, frozen=True):
    """The body of a note: from which draw to which, in which files, and the hash of the last record in them."""

    note: str
    first: int
    last: int
    hash: str
    segments: list[str]


class ArchivedPart(NamedTuple):
    """The draws up to one are not in the ledger but in the archive, since a time."""

    last: int
    time: str


_DRAW, _NOTE = f'"kind":"{DRAW}"'.encode(), f'"kind":"{NOTE}"'.encode()
_decode = msgspec.json.Decoder(ArchiveNote).decode


def note_of(record: Record) -> ArchiveNote | None:
    """What a record says if it is such a note."""
    if record.head.kind != NOTE:
        return None
    try:
        note = _decode(record.body_bytes)
    except msgspec.MsgspecError:
        return None
    return note if note.note == ARCHIVE else None


def archived_part(reader: LedgerReader) -> ArchivedPart | None:
    """What was archived from the ledger's beginning; None if nothing was, or if no true note covers all of it."""
    names = reader.segments()
    missing = first_of(names[0]) - 1 if names else 0
    if missing < 1:
        return None
    for note, time in _notes(reader, names):
        if note.last >= missing and _is_true(note, reader, names):
            return ArchivedPart(missing, time)
    return None


def check_beginning(reader: LedgerReader) -> None:
    """Raises LedgerError if older segments are missing that were not archived."""
    if (first := reader.first_serial()) > 1 and archived_part(reader) is None:
        raise LedgerError(
            f"draws 1 to {first - 1} are missing from its beginning, and no note in it says that they were archived: "
            "put their files back, or move the whole ledger aside to begin a new one"
        )


def _notes(reader: LedgerReader, names: Sequence[str]) -> Iterator[tuple[ArchiveNote, str]]:
    """The notes, newest first."""
    for name in reversed(names):
        found = []
        for line in reader.lines_of(name):
            if _DRAW in line.text[:40]:
                break
            if _NOTE in line.text[:40] and (note := note_of(record := line.record())):
                found.append((note, record.head.time))
        yield from reversed(found)


def _is_true(note: ArchiveNote, reader: LedgerReader, names: Sequence[str]) -> bool:
    following = segment_name(note.last + 1)
    return following in names and beginning_of(reader, following).head.prev == note.hash


def beginning_of(reader: LedgerReader, name: str) -> Record:
    """The first record of a segment."""
    line = next(reader.lines_of(name), None)
    if line is None:
        raise LedgerError(f"{name} has no complete record")
    return line.record()


def end_of(reader: LedgerReader, name: str) -> Record:
    """The last record of a segment, behind which nothing may be left."""
    line = next(reader.lines_backwards_of(name), None)
    if line is None or line.end != reader.size(name):
        raise LedgerError(f"{name} does not end with a complete record")
    return line.record()


def sync_directory(path: str) -> None:
    """Have a directory's names on the disk."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
