"""Archiving: whole old segments are moved out of the ledger, piece by piece, so that nobody's draw waits for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from fifod import names, wire
from fifod.checks import check_names, integer
from fifod.draw import Reply
from fifod.errors import FifodError, IllegalValue, InternalError, LedgerError, Malformed, Refusing, RequestError
from fifod.keys import REMEMBERED
from fifod.ledger.archive import ARCHIVE, MODE, ArchiveNote, beginning_of, end_of, sync_directory
from fifod.ledger.reader import LedgerReader, archive_of
from fifod.ledger.record import NOTE, first_of
from fifod.ledger.writer import Entry, LedgerWriter
from fifod.state import make_directory
from fifod.types import Caller, Id, Request

log = logging.getLogger(__name__)

MAX_FILES = 100  # in one note: its record must stay short
_MAX_KEPT = 2**53 - 1
_TURN = b""  # a piece of the reply that holds nothing: others may have their turn


class Archived(Struct, frozen=True):
    """What archiveLedger answers: which draws were archived, or would be, in how many files; `more` of them can be."""

    directory: str
    files: int = 0
    bytes: int = 0
    first: int | None = None
    last: int | None = None
    more: bool = False


class Archiving:
    """Archives the old segments of a ledger."""

    def __init__(self, ledger: LedgerReader, writer: LedgerWriter) -> None:
        self._ledger = ledger
        self._writer = writer
        self._directory = archive_of(ledger.directory)
        self._is_under_way = False

    def archive(self, request: Request, caller: Caller) -> Reply:
        """archiveLedger: moves segments that hold none of the newest draws into the archive, 100 of them at most."""
        if caller.user is not None or caller.uid not in (0, os.geteuid()):
            raise IllegalValue("only root, or the user that fifod runs as, may archive the ledger", ["method"])
        check_names(request.params, frozenset(), frozenset(("keep", "dryRun")))
        keep = integer("keep", request.params.get("keep", names.DEFAULT_KEPT), REMEMBERED, _MAX_KEPT)
        return Reply(b"", self._pieces(keep, _is_dry(request.params), request.id))

    def _pieces(self, keep: int, is_dry: bool, request_id: Id) -> Iterator[bytes]:
        try:
            done = yield from self._steps_alone(keep, is_dry)
            yield wire.encode_result(done, request_id)
        except RequestError as error:
            yield wire.encode_error(error, request_id)
        except LedgerError as error:
            yield wire.encode_error(InternalError(f"cannot archive: {error.message}"), request_id)
        except FifodError as error:
            yield wire.encode_error(Refusing(f"cannot archive: {error.message}"), request_id)
        except OSError as error:
            message = f"cannot archive {error.filename or self._directory}: {error.strerror}"
            yield wire.encode_error(Refusing(message), request_id)

    def _steps_alone(self, keep: int, is_dry: bool) -> Generator[bytes, None, Archived]:
        if self._is_under_way:
            raise Refusing("the ledger is being archived already")
        self._is_under_way = True
        try:
            return (yield from self._steps(keep, is_dry))
        finally:
            self._is_under_way = False

    def _steps(self, keep: int, is_dry: bool) -> Generator[bytes, None, Archived]:
        old = self._old_segments(keep)
        has_more = not is_dry and len(old) > MAX_FILES + 1
        segments = old if is_dry else old[: MAX_FILES + 1]
        yield from self._leave_one_that_can_be_first(segments)
        size = yield from self._check_that_they_follow(segments)
        *moved, staying = segments
        if not moved:
            return Archived(self._directory)
        first, last = first_of(moved[0]), first_of(staying) - 1
        if not is_dry:
            self._prepare(moved)
            hash_ = beginning_of(self._ledger, staying).head.prev
            self._writer.append_at_beginning(Entry.of(NOTE, ArchiveNote(ARCHIVE, first, last, hash_, moved)))
            yield from self._move(moved)
            log.info("archived draws %d to %d: %d files are now in %s", first, last, len(moved), self._directory)
        return Archived(self._directory, len(moved), size, first, last, has_more)

    def _old_segments(self, keep: int) -> list[str]:
        """The segments all of whose draws are older than the newest ones, and the one behind them, which stays."""
        segments = self._ledger.segments()
        first_kept = self._writer.serial - keep + 1
        return segments[: 1 + sum(first_of(name) <= first_kept for name in segments[1:])]

    def _leave_one_that_can_be_first(self, segments: list[str]) -> Iterator[bytes]:
        count = len(segments)
        while len(segments) > 1 and "keyCommitment" not in beginning_of(self._ledger, segments[-1]).body:
            segments.pop()
            yield _TURN
        if len(segments) == 1 < count:
            raise Refusing(
                "cannot archive yet: the files that would stay were begun by an older fifod and do not say which "
                "ledger they are of, as its first file must"
            )

    def _check_that_they_follow(self, segments: list[str]) -> Generator[bytes, None, int]:
        """Their size. Raises LedgerError where a file is missing between two: a loss must not pass for archived."""
        size = 0
        for name, following in pairwise(segments):
            if end_of(self._ledger, name).hash != beginning_of(self._ledger, following).head.prev:
                raise LedgerError(f"{following} does not follow {name}; fifod-client verify says what is wrong")
            size += self._ledger.size(name)
            yield _TURN
        return size

    def _prepare(self, moved: list[str]) -> None:
        make_directory(self._directory, MODE)
        if os.stat(self._directory).st_dev != os.stat(self._ledger.directory).st_dev:
            raise Refusing(f"cannot archive: {self._directory} is on another file system than the ledger")
        for name in moved:
            if os.path.lexists(path := os.path.join(self._directory, name)):
                raise Refusing(f"cannot archive: {path} is there already; remove it there or from the ledger")

    def _move(self, moved: list[str]) -> Iterator[bytes]:
        # The oldest first: wherever this ends, what is left in the ledger is one unbroken chain.
        for name in moved:
            os.rename(os.path.join(self._ledger.directory, name), os.path.join(self._directory, name))
            yield _TURN
        sync_directory(self._directory)
        sync_directory(self._ledger.directory)


def _is_dry(params: Mapping[str, object]) -> bool:
    value = params.get("dryRun", False)
    if not isinstance(value, bool):
        raise Malformed("dryRun must be true or false", ["dryRun"])
    return value
