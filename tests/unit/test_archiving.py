"""Archiving: whole old segments leave the ledger, the chain says so, and nothing else passes for archived."""

from __future__ import annotations

import errno
import json
import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fifod import archiving
from fifod.errors import LedgerNotWritable
from fifod.ledger.record import SEGMENT
from fifod.ledger.writer import Entry, LedgerWriter
from tests import needs
from tests.unit.archives import (
    DRAWS,
    KEPT,
    ROOT,
    archive,
    archived,
    check,
    hashes,
    make_office,
    notes,
    refusal,
    small,
    together,
)
from tests.unit.ledgers import segments
from tests.unit.services import ALICE, AUDITOR, FRONT_END, Office, asked, text_of


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A service with a ledger of many small files, which may be archived down to few draws."""
    monkeypatch.setattr(archiving, "REMEMBERED", 1)
    return make_office(tmp_path)


# --- what is archived ---


def test_whole_segments_of_older_draws_leave_the_ledger(office: Office, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in segments(office.directory)}
    done = archive(office)
    moved = {path.name: path.read_bytes() for path in archived(office)}
    left = [path.name for path in segments(office.directory)]
    assert moved.items() <= before.items() and set(moved) | set(left) >= set(before) and not set(moved) & set(left)
    assert done == {
        "directory": str(tmp_path / "archive"),
        "files": len(moved),
        "bytes": sum(map(len, moved.values())),
        "first": 1,
        "last": int(left[0].removesuffix(".jsonl")) - 1,
        "more": False,
    }
    assert DRAWS - KEPT - 4 < done["last"] <= DRAWS - KEPT
    assert check(office.directory).is_good and check(tmp_path / "archive").is_good
    assert check(together(office, tmp_path / "all")).is_good


def test_the_note_of_it_names_the_last_record_by_its_hash(office: Office) -> None:
    known = hashes(office.directory)
    done = archive(office)
    [note] = notes(office)
    names = [path.name for path in archived(office)]
    assert note == {"note": "archive", "first": 1, "last": done["last"], "hash": known[done["last"]], "segments": names}


def test_the_newest_draws_stay(office: Office) -> None:
    for keep in (39, 20, 7, 1):
        archive(office, keep)
        assert office.reader.first_serial() <= DRAWS - keep + 1
        assert check(office.directory).last_serial == DRAWS
    assert len(segments(office.directory)) <= 3


def test_nothing_is_archived_where_nothing_is_old(office: Office) -> None:
    before = [path.read_bytes() for path in segments(office.directory)]
    for keep in (DRAWS, DRAWS + 1, 10**9):
        assert archive(office, keep)["files"] == 0
    assert [path.read_bytes() for path in segments(office.directory)] == before
    assert not (office.directory.parent / "archive").exists()


def test_a_dry_run_tells_and_does_nothing(office: Office) -> None:
    before = [path.read_bytes() for path in segments(office.directory)]
    told = office.result("archiveLedger", {"keep": KEPT, "dryRun": True}, uid=ROOT)
    assert [path.read_bytes() for path in segments(office.directory)] == before and not archived(office)
    assert told == archive(office)


def test_a_second_archive_goes_on_where_the_first_ended(office: Office, tmp_path: Path) -> None:
    first, second = archive(office, 25), archive(office, 5)
    assert second["first"] == first["last"] + 1
    findings = check(office.directory)
    assert findings.is_good and findings.archived and findings.archived.last == second["last"]
    assert check(together(office, tmp_path / "all")).is_good


def test_very_many_files_are_archived_by_several_requests(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "MAX_FILES", 3)
    done = [archive(office)]
    while done[-1]["more"]:
        done.append(archive(office))
    assert [one["files"] for one in done[:-1]] == [3] * (len(done) - 1) and len(done) > 2
    assert all(one["first"] == before["last"] + 1 for before, one in pairwise(done))
    assert done[-1]["last"] > DRAWS - KEPT - 4 and check(office.directory).is_good
    assert check(together(office, tmp_path / "all")).is_good


def test_a_note_of_all_the_files_of_one_request_is_no_longer_than_a_record_may_be() -> None:
    names = [f"{number:020d}.jsonl" for number in range(archiving.MAX_FILES)]
    assert len(json.dumps(names)) < 4096


def test_others_have_their_turn_between_two_files(office: Office) -> None:
    [reply] = office.service.answer([asked("archiveLedger", {"keep": KEPT}, uid=ROOT)])
    assert reply.rest is not None
    drawn = []
    while (piece := next(reply.rest)) == b"":
        drawn.append(office.draw()["serialNumber"])
    assert json.loads(piece)["result"]["files"] == len(archived(office)) > 5
    assert len(drawn) >= 2 * len(archived(office)) and drawn == list(range(DRAWS + 1, DRAWS + 1 + len(drawn)))
    assert check(office.directory).is_good


def test_what_was_archived_while_it_was_read_is_read_to_the_end(office: Office) -> None:
    known = hashes(office.directory)
    read = office.reader.records()
    first = next(read)
    archive(office)
    assert {record.head.serial or 0: record.hash for record, _ in [first, *read]}.items() >= known.items()


def test_one_request_at_a_time(office: Office) -> None:
    [first, second] = office.service.answer([asked("archiveLedger", {"keep": KEPT}, uid=ROOT)] * 2)
    assert first.rest and second.rest and next(first.rest) == b""
    assert "being archived already" in json.loads(text_of(second))["error"]["message"]
    first.rest.close()  # type: ignore[attr-defined]  # it is a generator
    assert archive(office)["files"] > 5


def test_the_archive_is_for_the_ledgers_group_like_the_ledger(office: Office) -> None:
    archive(office)
    mode = stat.S_IMODE((office.directory.parent / "archive").stat().st_mode)
    assert mode & 0o777 == 0o750
    assert {stat.S_IMODE(path.stat().st_mode) for path in archived(office)} == {0o640}


# --- who may, and what is refused ---


def test_only_root_and_the_daemons_own_user_may(office: Office) -> None:
    for caller in ({"uid": ALICE}, {"uid": AUDITOR}, {"uid": FRONT_END}, {"uid": FRONT_END, "user": "7:alice"}):
        assert refusal(office, **caller).startswith("201 only root, or the user that fifod runs as, may archive")
    assert not archived(office)
    assert office.result("archiveLedger", {"keep": KEPT}, uid=os.geteuid())["files"] > 5


def test_nobody_may_on_behalf_of_a_user(office: Office) -> None:
    office.config = type(office.config)("process", (), (FRONT_END, ROOT, os.geteuid()), office.config.limits)
    office.service.configure(office.config)
    for uid in {FRONT_END, ROOT, os.geteuid()}:
        assert refusal(office, uid=uid, user="7:alice").startswith("201 only root")


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({"keep": 0}, (202, ["keep", 1, 2**53 - 1])),
        ({"keep": "5"}, (200, ["keep"])),
        ({"keep": 5, "dryRun": 1}, (200, ["dryRun"])),
        ({"kept": 5}, (-32602, ["kept"])),
    ],
)
def test_parameters_are_checked(office: Office, params: dict[str, Any], answer: tuple[int, object]) -> None:
    assert office.error("archiveLedger", params, uid=ROOT) == answer


def test_draws_that_a_repeated_key_must_find_cannot_be_archived(tmp_path: Path) -> None:
    office = Office(tmp_path / "ledger")
    code, data = office.error("archiveLedger", {"keep": 99_999}, uid=ROOT)
    assert (code, data) == (202, ["keep", 100_000, 2**53 - 1])
    assert office.result("archiveLedger", {"keep": 100_000}, uid=ROOT)["files"] == 0


def test_a_missing_file_does_not_pass_for_archived(office: Office) -> None:
    segments(office.directory)[2].unlink()
    assert "does not follow" in refusal(office) and not archived(office)


def test_a_torn_file_does_not_pass_for_archived(office: Office) -> None:
    with segments(office.directory)[1].open("ab") as file:
        file.write(b'{"v":1,"ki')
    assert "does not end with a complete record" in refusal(office) and not archived(office)


def test_a_file_that_is_in_the_archive_already_is_not_overwritten(office: Office, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    there = tmp_path / "archive" / segments(office.directory)[3].name
    there.write_text("kept")
    assert f"{there} is there already" in refusal(office)
    assert there.read_text() == "kept" and len(archived(office)) == 1 and not notes(office)


def test_an_archive_elsewhere_is_refused_before_anything_is_noted(office: Office, tmp_path: Path) -> None:
    needs.require(os.stat("/dev/shm").st_dev != os.stat(tmp_path).st_dev, "/dev/shm on a file system of its own")
    (tmp_path / "archive").symlink_to("/dev/shm")
    assert "is on another file system" in refusal(office) and not notes(office)


def test_a_name_that_cannot_be_made_is_refused_before_anything_is_noted(office: Office, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file")
    assert "101 cannot archive" in refusal(office) and not notes(office)


def test_a_ledger_that_cannot_be_written_is_not_archived(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(entry: Entry) -> None:
        raise LedgerNotWritable("cannot write the ledger: no room")

    monkeypatch.setattr(office.writer, "append_at_beginning", refuse)
    assert refusal(office) == "101 cannot archive: cannot write the ledger: no room" and not archived(office)


def test_files_begun_by_an_older_fifod_never_become_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "REMEMBERED", 1)
    with monkeypatch.context() as patch:
        patch.setattr(LedgerWriter, "_rotate", rotate_as_before)
        office = make_office(tmp_path)
    assert "101 cannot archive yet" in refusal(office) and not archived(office)
    office.draw()
    newer = len(segments(office.directory))
    for _ in range(3 * KEPT):
        office.draw()
    assert archive(office)["files"] >= newer - 1
    assert check(office.directory).is_good


def rotate_as_before(writer: LedgerWriter) -> None:
    """As it was when only the ledger's first record committed to the host key."""
    writer._create(Entry.of(SEGMENT, {"identity": writer.identity, "previous": writer._segment}))


# --- interrupted ---


class Killed(BaseException):
    """What a test's kill -9 looks like from within."""


@pytest.mark.parametrize("renames", [0, 1, 4])
def test_an_interrupted_archive_does_no_harm_and_the_next_one_finishes_it(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    real, count = os.rename, 0

    def rename(source: str, target: str) -> None:
        nonlocal count
        if "/archive/" in target:
            if count == renames:
                raise Killed
            count += 1
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(Killed):
            archive(office)
    assert len(archived(office)) == renames and len(notes(office)) == 1
    findings = check(office.directory)
    assert findings.is_good and (findings.archived is None) == (renames == 0)
    office.writer.close()
    office.start()
    small(office)
    assert office.draw()["serialNumber"] == DRAWS + 1
    assert DRAWS - KEPT - 4 < archive(office)["last"] <= DRAWS - KEPT + 1
    assert check(office.directory).is_good and check(tmp_path / "archive").is_good
    assert check(together(office, tmp_path / "all")).is_good


def test_the_note_is_on_the_disk_before_the_first_file_is_moved(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []
    write, sync, rename = os.write, os.fdatasync, os.rename

    def traced_write(descriptor: int, data: bytes) -> int:
        acts.extend(["note"] * (b'"note":"archive"' in data))
        return write(descriptor, data)

    def traced_sync(descriptor: int) -> None:
        sync(descriptor)
        acts.append("disk")

    def traced_rename(source: str, target: str) -> None:
        rename(source, target)
        acts.extend(["move"] * ("/archive/" in target))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", traced_write)
        patch.setattr(os, "fdatasync", traced_sync)
        patch.setattr(os, "rename", traced_rename)
        archive(office)
    acts = acts[acts.index("note") :]
    assert acts == ["note", "disk", *["move"] * len(archived(office))]


def test_a_rename_that_fails_is_told_and_made_good_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename

    def rename(source: str, target: str) -> None:
        if "/archive/" in target and len(archived(office)) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO), source)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        assert "101 cannot archive" in refusal(office)
    assert len(archived(office)) == 2 and check(office.directory).is_good
    assert archive(office)["files"] > 3 and check(office.directory).is_good
