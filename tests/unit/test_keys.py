"""Keys: which of the newest draws a repeated request means."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fifod.keys import REMEMBERED, KeyIndex, key_digest
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, END, UNDELIVERED
from fifod.ledger.writer import Entry
from tests.unit.ledgers import open_writer


def digest(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def draw(number: int) -> Entry:
    return Entry.of(DRAW, {"drawer": "unix:1000", "key": digest(number), "purpose": '"key":"no"'})


def rebuilt(ledger: Path) -> KeyIndex:
    return KeyIndex.of(LedgerReader(str(ledger)))


def test_a_digest_depends_on_drawer_and_key() -> None:
    assert key_digest("unix:1000", "ab" * 16) == hashlib.sha256(b"unix:1000\0" + b"ab" * 16).hexdigest()


def test_the_draw_of_a_key_is_found() -> None:
    index = KeyIndex()
    for serial in (1, 2, 24_999, 25_000, 60_000):
        index.add(digest(serial), serial)
    assert [index.find(digest(serial)) for serial in (1, 2, 24_999, 25_000, 60_000)] == [1, 2, 24_999, 25_000, 60_000]
    assert index.find(digest(3)) is None


def test_the_last_hundred_thousand_draws_are_remembered_and_not_for_ever() -> None:
    index = KeyIndex()
    last = 2 * REMEMBERED + 12_345
    for serial in range(1, last + 1):
        index.add(digest(serial), serial)
    assert REMEMBERED == 100_000
    assert all(index.find(digest(serial)) == serial for serial in range(last - REMEMBERED + 1, last + 1))
    assert index.find(digest(1)) is None
    assert index.find(digest(REMEMBERED // 2)) is None


def test_of_a_key_that_was_used_again_the_newest_draw_is_found() -> None:
    index = KeyIndex()
    for serial in (10, REMEMBERED + 20):
        index.add(digest(1), serial)
    assert index.find(digest(1)) == REMEMBERED + 20


def test_keys_are_found_in_the_ledger_again(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    writer = open_writer(ledger, segment_bytes=20_000)
    for number in range(1, 200):
        without = Entry.of(DRAW, {"drawer": "unix:1000", "purpose": f'"key":"{digest(0)}"'})
        writer.append([draw(number), without, Entry.of(UNDELIVERED, {"draw": number, "reason": '"key":"no"'})])
    index = rebuilt(ledger)
    assert [index.find(digest(number)) for number in range(1, 200)] == list(range(1, 398, 2))
    assert index.find(digest(0)) is None


def test_draws_are_counted_and_not_the_records_about_them(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    writer = open_writer(ledger, segment_bytes=1 << 30)
    writer.append([draw(1)])
    writer.append([Entry.of(END, {"draw": 1})] * REMEMBERED)
    assert rebuilt(ledger).find(digest(1)) == 1


def test_no_more_draws_than_those_are_looked_for_at_the_start(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    writer = open_writer(ledger, segment_bytes=1 << 30)
    writer.append([draw(number) for number in range(1, REMEMBERED + 51)])
    index = rebuilt(ledger)
    assert index.find(digest(51)) == 51
    assert index.find(digest(REMEMBERED + 50)) == REMEMBERED + 50
    assert index.find(digest(50)) is None
