"""A ledger without its archived beginning: verify, the daemon's start, and what is asked about archived draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fifod import archiving, service
from fifod.errors import StartError
from fifod.ledger.chain import verify_heads
from fifod.ledger.record import NOTE
from fifod.ledger.writer import Entry
from tests.unit.archives import DRAWS, archive, archived, check, hashes, make_office, small, together, told
from tests.unit.ledgers import segments
from tests.unit.services import ALICE, BOB, Office

NOT_WHOLE = "the ledger does not begin here: the files before this one are missing, and were not archived"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A service with a ledger of many small files, which may be archived down to few draws."""
    monkeypatch.setattr(archiving, "REMEMBERED", 1)
    return make_office(tmp_path)


def restart(office: Office) -> None:
    office.writer.close()
    office.start()
    small(office)


def remove(office: Office, count: int) -> int:
    """Remove the oldest files; returns the last draw that is missing then."""
    for path in segments(office.directory)[:count]:
        path.unlink()
    return office.reader.first_serial() - 1


def note(office: Office, last: int, hash_: str, /, **members: Any) -> None:
    """A note as only the daemon should write one, where it would stand."""
    body = {"note": "archive", "first": 1, "last": last, "hash": hash_, "segments": [], **members}
    office.writer.append_at_beginning(Entry.of(NOTE, body))


def put_back(office: Office, *paths: Path) -> None:
    for path in paths:
        path.rename(office.directory / path.name)


# --- verify ---


def test_verify_says_what_was_archived_and_when(office: Office) -> None:
    done = archive(office)
    findings = check(office.directory)
    assert findings.is_good and findings.first_serial == done["last"] + 1
    assert findings.archived == (done["last"], "2026-11-23T08:00:00.123456Z")


def test_missing_files_without_a_note_stay_a_fault(office: Office) -> None:
    remove(office, 3)
    assert NOT_WHOLE in told(office.directory)


def test_a_file_that_goes_missing_behind_the_archived_ones_is_a_fault(office: Office) -> None:
    archive(office)
    remove(office, 1)
    assert NOT_WHOLE in told(office.directory)


def test_a_file_missing_in_the_middle_is_never_covered(office: Office) -> None:
    known = hashes(office.directory)
    removed = segments(office.directory)[4]
    following = int(segments(office.directory)[5].stem)
    removed.unlink()
    note(office, following - 1, known[following - 1])
    assert "files before it are missing" in told(office.directory)


def test_a_note_with_another_hash_covers_nothing_and_is_a_fault(office: Office) -> None:
    last = remove(office, 3)
    note(office, last, "ab" * 32)
    text = told(office.directory)
    assert f"it says that draws 1 to {last} were archived, but their end is another" in text and NOT_WHOLE in text


@pytest.mark.parametrize("more", [-1, 1])
def test_a_note_of_fewer_or_more_draws_than_are_missing_covers_nothing(office: Office, more: int) -> None:
    known = hashes(office.directory)
    last = remove(office, 3)
    note(office, last + more, known[last + more])
    assert NOT_WHOLE in told(office.directory)


def test_a_note_of_fewer_draws_is_none_for_the_rest(office: Office) -> None:
    known = hashes(office.directory)
    early = int(segments(office.directory)[2].stem) - 1
    note(office, early, known[early])
    assert check(office.directory).is_good
    remove(office, 3)
    assert NOT_WHOLE in told(office.directory)


@pytest.mark.parametrize("change", [{"last": "9"}, {"hash": None}, {"note": "restart"}, {"segments": 3}])
def test_a_note_that_is_none_covers_nothing(office: Office, change: dict[str, Any]) -> None:
    known = hashes(office.directory)
    last = remove(office, 3)
    note(office, last, known[last], **change)
    assert NOT_WHOLE in told(office.directory)


def test_a_note_that_is_not_the_daemons_own_is_true_if_what_it_says_is(office: Office) -> None:
    """Who may write the ledger may archive; that it happened then stands in the chain for ever."""
    known = hashes(office.directory)
    last = remove(office, 3)
    note(office, last, known[last])
    assert check(office.directory).is_good


def test_archived_files_may_be_put_back(office: Office) -> None:
    archive(office)
    files = archived(office)
    put_back(office, *files[3:])
    findings = check(office.directory)
    assert findings.is_good and findings.archived and findings.archived.last == int(files[3].stem) - 1
    put_back(office, *files[:3])
    findings = check(office.directory)
    assert findings.is_good and findings.archived is None and findings.draws == DRAWS
    restart(office)
    assert archive(office)["files"] == len(files) and check(office.directory).is_good


def test_archived_files_put_back_with_a_gap_are_a_fault(office: Office) -> None:
    archive(office)
    put_back(office, *archived(office)[:2])
    assert "files before it are missing" in told(office.directory)


def test_a_changed_archived_file_is_found(office: Office, tmp_path: Path) -> None:
    archive(office)
    path = archived(office)[1]
    path.write_bytes(path.read_bytes().replace(b'"purpose":"draw 5"', b'"purpose":"draw 6"'))
    assert "its body was changed" in told(tmp_path / "archive")
    assert "its body was changed" in told(together(office, tmp_path / "all"))


def test_a_noted_draw_that_was_archived_must_be_looked_for_there(office: Office, tmp_path: Path) -> None:
    noted = {3: hashes(office.directory)[3]}
    archive(office)
    assert told(office.directory, noted) == "draw 3: it was noted, but it was archived: look for it there"
    assert check(tmp_path / "archive", noted).is_good


# --- the daemon's start ---


def test_it_starts_without_what_was_archived_and_draws_on(office: Office) -> None:
    archive(office)
    identity = office.writer.identity
    restart(office)
    assert office.draw()["serialNumber"] == DRAWS + 1 and office.writer.identity == identity
    archive(office, 3)
    restart(office)
    assert office.draw()["serialNumber"] == DRAWS + 2 and check(office.directory).is_good


def test_it_finds_the_note_however_much_was_drawn_since(office: Office) -> None:
    archive(office)
    for _ in range(DRAWS):
        office.draw()
    restart(office)
    assert check(office.directory).is_good


@pytest.mark.parametrize("is_archived", [False, True])
def test_it_does_not_start_where_files_are_missing(office: Office, is_archived: bool) -> None:
    if is_archived:
        archive(office)
    last = remove(office, 1)
    office.writer.close()
    with pytest.raises(StartError, match=f"draws 1 to {last} are missing from its beginning.*put their files back"):
        office.start()


def test_it_does_not_start_on_a_note_that_is_not_true(office: Office) -> None:
    note(office, remove(office, 3), "ab" * 32)
    office.writer.close()
    with pytest.raises(StartError, match="are missing from its beginning"):
        office.start()


# --- what is asked of the daemon ---


def test_a_result_that_was_archived_is_said_to_be(office: Office) -> None:
    last = archive(office)["last"]
    for serial in (1, last):
        error = office.answer("getResult", {"serialNumber": serial})["error"]
        assert (error["code"], error["data"]) == (303, ["serialNumber", last + 1])
        assert error["message"] == (
            f"draw {serial} was archived on 2026-11-23: the ledger now begins with draw {last + 1}"
        )
    assert office.result("getResult", {"serialNumber": last + 1})["serialNumber"] == last + 1
    assert office.error("getResult", {"serialNumber": DRAWS + 1}) == (303, ["serialNumber"])


def test_a_result_that_was_lost_is_not_said_to_be_archived(office: Office) -> None:
    remove(office, 3)
    assert office.error("getResult", {"serialNumber": 1}) == (303, ["serialNumber"])


def test_a_result_that_was_put_back_is_there_again(office: Office) -> None:
    archive(office)
    assert office.error("getResult", {"serialNumber": 1})[0] == 303
    put_back(office, *archived(office))
    assert office.result("getResult", {"serialNumber": 1})["serialNumber"] == 1


def test_a_list_of_draws_ends_where_the_archive_begins_and_says_so(office: Office) -> None:
    last = archive(office)["last"]
    office.draw(uid=BOB)
    for uid, count in ((ALICE, DRAWS - last), (BOB, 1)):
        listed = office.result("listDraws", {"n": 1000}, uid=uid)
        assert len(listed["draws"]) == count and (listed["next"], listed["archived"]) == (None, last)
    assert "archived" not in office.result("listDraws", {"n": 2})


@pytest.mark.parametrize("before", [1, 5])
def test_a_list_of_archived_draws_is_empty(office: Office, before: int) -> None:
    last = archive(office)["last"]
    for at in (before, last, last + 1):
        assert office.result("listDraws", {"before": at}) == {"draws": [], "next": None, "archived": last}


def test_the_chain_of_heads_begins_behind_what_was_archived(office: Office) -> None:
    known = hashes(office.directory)
    last = archive(office)["last"]
    assert office.error("getChain", {"serialNumber": 1}) == (303, ["serialNumber", last + 1])
    heads = office.result("getChain", {"serialNumber": last + 1, "n": 1000})["heads"]
    assert json.loads(heads[0])["kind"] == "segment" and json.loads(heads[0])["prev"] == known[last]
    assert verify_heads(heads, {DRAWS: known[DRAWS]}, whole=True, archived=last).is_good
    assert "was archived" in str(verify_heads(heads, {1: known[1]}, whole=True, archived=last).faults)


def test_a_chain_of_heads_that_begins_later_is_not_whole(office: Office) -> None:
    heads = office.result("getChain", {"serialNumber": 1, "n": 1000})["heads"]
    assert verify_heads(heads, whole=True).is_good
    assert "does not begin here" in str(verify_heads(heads[5:], whole=True).faults)


def test_a_key_that_is_no_longer_remembered_makes_a_new_draw(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "REMEMBERED", 10)
    given = [f"{number:032x}" for number in range(30)]
    keys = {office.draw(key=key)["serialNumber"]: key for key in given}
    newest = max(keys)
    archive(office, 10)
    first = office.reader.first_serial()
    assert first > min(keys)
    assert office.draw(key=keys[newest])["serialNumber"] == newest
    assert office.draw(key=keys[newest - 9])["serialNumber"] == newest - 9
    assert office.draw(key=keys[first - 1])["serialNumber"] == newest + 1
