"""verify: whatever is done to a ledger is found, and named with its place."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path

import pytest

from fifod.ledger.chain import Findings, verify_heads
from fifod.ledger.reader import LedgerReader
from fifod.ledger.verifier import verify
from fifod.ledger.writer import Entry
from tests.client.conftest import Run
from tests.client.ledgers import DRAWS, SEED, Lines, begin, body, check, edit, hashes, segments, told


def test_a_whole_ledger_is_good(ledger: Path) -> None:
    findings = check(ledger, *hashes(ledger).items(), recompute=True)
    assert findings.is_good, told(findings)
    assert (findings.draws, findings.first_serial, findings.last_serial) == (DRAWS, 1, DRAWS)


def test_progress_is_told_byte_by_byte(ledger: Path) -> None:
    done: list[int] = []
    verify(LedgerReader(str(ledger)), progress=done.append)
    assert sum(done) == sum(path.stat().st_size for path in segments(ledger))


@pytest.mark.parametrize("seed", range(4))
def test_any_changed_byte_before_a_noted_hash_is_found(ledger: Path, seed: int) -> None:
    chance = random.Random(seed)
    noted = (DRAWS, hashes(ledger)[DRAWS])
    files = segments(ledger)
    for _ in range(60):
        path = chance.choice(files)
        whole = path.read_bytes()
        at = chance.randrange(len(whole))
        if path == files[-1]:
            at = min(at, whole.index(b'"serial":%d,' % DRAWS))
        changed = bytes([whole[at] ^ 1 << chance.randrange(8)])
        path.write_bytes(whole[:at] + changed + whole[at + 1 :])
        assert not check(ledger, noted).is_good, (path.name, at, whole[at : at + 1], changed)
        path.write_bytes(whole)
    assert check(ledger, noted).is_good


def test_a_changed_body_is_named_with_file_line_and_serial_number(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [line.replace(b'"n":3,', b'"n":4,') for line in lines])
    findings = check(ledger)
    assert told(findings).startswith("00000000000000000001.jsonl line 4 (draw 3): its body was changed")
    assert findings.fault_count == 1


def test_a_changed_head_is_named(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [*lines[:3], lines[3].replace(b'"time":"2', b'"time":"1'), *lines[4:]])
    assert (
        "line 5 (draw 4): it does not follow the record before it (00000000000000000001.jsonl line 4 (draw 3))"
        in told(check(ledger))
    )


def test_a_body_changed_with_its_head_is_found(ledger: Path) -> None:
    def forge(lines: Lines) -> Lines:
        head, body = lines[3][:-1].split(b"\t")
        forged = body.replace(b'"n":3,', b'"n":4,')
        head = head.replace(hashlib.sha256(body).hexdigest().encode(), hashlib.sha256(forged).hexdigest().encode())
        return [*lines[:3], head + b"\t" + forged + b"\n", *lines[4:]]

    noted = (3, hashes(ledger)[3])
    edit(segments(ledger)[0], forge)
    assert "line 5 (draw 4): it does not follow" in told(check(ledger))
    assert "line 4 (draw 3): the hash of draw 3 is" in told(check(ledger, noted))


def test_removed_draws_are_named(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: lines[:3] + lines[5:])
    assert "line 4 (draw 5): draws 3 to 4 are missing before it" in told(check(ledger))


def test_a_removed_record_without_serial_number_is_found(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [line for line in lines if b'"kind":"undelivered"' not in line])
    assert "(draw 11): it does not follow the record before it" in told(check(ledger))


def test_a_repeated_record_is_named(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [*lines[:4], lines[3], *lines[4:]])
    findings = check(ledger)
    assert told(findings) == "00000000000000000001.jsonl line 5 (draw 3): draw 3 stands here a second time"


def test_swapped_records_are_named(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]])
    assert (
        "line 5 (draw 3): draw 3 is out of its place: it belongs before 00000000000000000001.jsonl line 4 (draw 4)"
        in told(check(ledger))
    )
    assert "missing" not in told(check(ledger))


def test_a_removed_segment_is_named(ledger: Path) -> None:
    segments(ledger)[1].unlink()
    text = told(check(ledger))
    assert "the file is not the next one" in text and "are missing before it" in text


def test_a_removed_first_segment_is_named(ledger: Path) -> None:
    segments(ledger)[0].unlink()
    assert "line 1: the ledger does not begin here" in told(check(ledger))


def test_a_removed_end_is_found_by_a_noted_hash(ledger: Path) -> None:
    noted = (DRAWS, hashes(ledger)[DRAWS])
    edit(segments(ledger)[-1], lambda lines: lines[:1])
    assert check(ledger).is_good
    assert told(check(ledger, noted)) == f"draw {DRAWS}: it was noted, but it is not here"


def test_a_chain_written_anew_is_found_by_a_noted_hash(ledger: Path, tmp_path: Path) -> None:
    noted = (7, hashes(ledger)[7])
    shutil.rmtree(ledger)
    ledger.mkdir()
    writer = begin(ledger)
    for number in range(1, 9):
        writer.append([Entry.of("draw", body(number + (number == 7)))])
    writer.close()
    assert check(ledger).is_good
    assert "not " + noted[1] + " as noted" in told(check(ledger, noted))


def test_an_erased_body_is_no_fault(ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: [*lines[:3], lines[3].split(b"\t")[0] + b"\t\n", *lines[4:]])
    findings = check(ledger)
    assert findings.is_good and findings.erased == 1


def test_a_torn_last_line_is_not_yet_a_record(ledger: Path) -> None:
    with segments(ledger)[-1].open("ab") as file:
        file.write(b'{"v":1,"ki')
    findings = check(ledger)
    assert findings.is_good and findings.torn == 10


def test_a_torn_line_within_the_ledger_is_a_fault(ledger: Path) -> None:
    with segments(ledger)[0].open("ab") as file:
        file.write(b'{"v":1,"ki')
    assert "the last 10 bytes are no record" in told(check(ledger))


def test_a_part_of_a_ledger_may_be_checked_alone(ledger: Path, run: Run) -> None:
    done = run("verify", str(segments(ledger)[1]))
    assert done.returncode == 0 and b"in one unbroken chain" in done.stdout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recipe": "fifod-9"}, "its recipe is 'fifod-9'"),
        ({"method": "generateLuck"}, "is no draw"),
        ({"params": {"n": 0, "min": 1, "max": 2}}, "the recipe cannot compute it: n must be"),
        ({"seed": "5"}, "64 hexadecimal digits"),
        ({"seedHash": "0" * 64}, "it has not one seed"),
    ],
)
def test_a_draw_that_the_recipe_cannot_compute_is_a_fault(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    writer = begin(tmp_path)
    writer.append([Entry.of("draw", {**body(1), **change})])
    writer.close()
    assert reason in told(check(tmp_path)) and "line 2 (draw 1)" in told(check(tmp_path))


@pytest.mark.parametrize(("length", "good"), [(100_000, True), (99_999, False)])
def test_a_stream_is_computed_again(tmp_path: Path, length: int, good: bool) -> None:
    taken = b"".join(hashlib.shake_256(SEED + number.to_bytes(8, "big")).digest(65536) for number in range(2))[:length]
    end = {"draw": 1, "length": 100_000, "sha256": hashlib.sha256(taken).hexdigest()}
    writer = begin(tmp_path)
    writer.append([Entry.of("draw", {**body(1), "method": "stream", "params": {}}), Entry.of("end", end)])
    writer.close()
    assert check(tmp_path).is_good
    assert check(tmp_path, recompute=True).is_good == good


def test_very_many_faults_are_counted_but_not_kept(ledger: Path) -> None:
    findings = Findings()
    for number in range(5000):
        findings.add(str(number), "bad")
    assert findings.fault_count == 5000 and len(findings.faults) == 1000


def test_bare_heads_are_a_chain_too(ledger: Path) -> None:
    heads = [record.head_bytes.decode() for record, _ in LedgerReader(str(ledger)).records()]
    assert verify_heads(heads, {DRAWS: hashes(ledger)[DRAWS]}).is_good
    assert not verify_heads(heads[:5] + heads[6:]).is_good
    assert not verify_heads([*heads[:5], "{}", *heads[5:]]).is_good
