"""The command verify: what it checks, what it says, and its exit status; receipts above all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from fifod.client import Client
from fifod.ledger.writer import Entry
from fifod.recipe import values
from tests.client.conftest import TOP, Run
from tests.client.ledgers import SEED, begin, body, check, edit, hashes, segments, told
from tests.daemons import Daemon
from tests.waiting import DEADLINE


def test_the_ledger_of_this_machine(run: Run, daemon: Daemon) -> None:
    run("5")
    done = run("verify", "--recompute")
    assert done.returncode == 0 and f"the ledger in {daemon.ledger} holds" in done.stdout.decode()


def test_without_the_ledger_the_daemon_is_asked_for_its_heads(run: Run, daemon: Daemon, tmp_path: Path) -> None:
    noted = run("history", "-n", "1", "--json").stdout
    head = json.loads(noted)["head"] if noted else ""
    run("5")
    serial = json.loads(head)["serial"] if head else 1
    digest = hashlib.sha256(head.encode()).hexdigest() if head else hashes(daemon.ledger)[1]
    elsewhere = {"FIFOD_STATE_DIR": str(tmp_path)}
    done = run("verify", "--expect", f"{serial}:{digest}", env=elsewhere)
    assert done.returncode == 0 and b"the chain of heads that the daemon gave" in done.stdout
    done = run("verify", "--expect", f"{serial}:{'0' * 64}", env=elsewhere)
    assert done.returncode == 65 and b"as noted" in done.stdout
    assert run("verify", "--recompute", env=elsewhere).returncode == 77


def test_a_damaged_ledger_is_status_65(run: Run, ledger: Path) -> None:
    edit(segments(ledger)[0], lambda lines: lines[:3] + lines[5:])
    done = run("verify", str(ledger))
    assert done.returncode == 65 and b"draws 3 to 4 are missing" in done.stdout
    assert done.stderr.count(b"\n") == 1 and b"is not good" in done.stderr


def test_an_empty_directory_is_no_ledger(run: Run, tmp_path: Path) -> None:
    done = run("verify", str(tmp_path))
    assert done.returncode == 65 and b"there is no ledger" in done.stdout


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"[]", b"{}", b'{"receipt":"fifod-receipt-2"}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_receipt(run: Run, text: bytes) -> None:
    done = run("verify", "-", input=text)
    assert (done.returncode, done.stdout) == (65, b"") and done.stderr.startswith(
        b"fifod-client: cannot check standard input: it is no receipt"
    )
    assert done.stderr.count(b"\n") == 1


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    done = run("verify", str(tmp_path / "none"))
    assert done.returncode == 66 and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"n\\":5', '"n\\":6', "the body was changed"),
        ('"data":[', '"data":[1,', "does not show the 5 values"),
        ('"data":[', '"data":[true],"x":[', "does not show the 5 values"),
        ("fifod-receipt-1", "fifod-receipt-9", "it is no receipt"),
        ('"data":[', '"x":[', "it shows no values"),
        ('"data":[', '"data":[],"data":[', "the name 'data' stands twice"),
        ('\\"v\\":1', '\\"v\\":1,\\"v\\":1', "stands twice"),
        ('\\"prev\\":\\"', '\\"prev\\":\\"x', None),
    ],
)
def test_a_changed_receipt(run: Run, daemon: Daemon, old: str, new: str, reason: str | None) -> None:
    serial = str(json.loads(run("5", "--json").stdout)["serialNumber"])
    receipt = run("show", serial, "--json").stdout.decode()
    assert receipt.count(old) == 1
    changed = receipt.replace(old, new).encode()
    if reason is None:
        # A receipt alone cannot tell a head from another: the noted hash can.
        noted = hashes(daemon.ledger)[int(serial)]
        done, reason = run("verify", "-", "--expect", f"{serial}:{noted}", input=changed), "not of"
    else:
        done = run("verify", "-", input=changed)
    assert done.returncode == 65 and reason in done.stderr.decode()


def test_each_changed_value_is_named(run: Run) -> None:
    serial = str(json.loads(run("decimals", "5", "--json").stdout)["serialNumber"])
    receipt = json.loads(run("show", serial, "--json").stdout)
    receipt["data"][3] += 0.000001
    done = run("verify", "-", input=json.dumps(receipt).encode())
    assert done.returncode == 65 and b"value 4 is" in done.stderr


def test_a_receipt_of_a_newer_format_says_so(run: Run, daemon: Daemon) -> None:
    serial = str(json.loads(run("5", "--json").stdout)["serialNumber"])
    receipt = run("show", serial, "--json").stdout.replace(b'\\"v\\":1', b'\\"v\\":2')
    assert b"use a newer fifod" in run("verify", "-", input=receipt).stderr


def test_a_repeatable_draw_is_no_evidence(run: Run, daemon: Daemon) -> None:
    with Client(str(daemon.run)) as client:
        params = {"n": 5, "min": 1, "max": 6, "pregeneratedRandomization": {"id": "demo"}}
        drawn = client.call("generateIntegers", params)
    assert drawn.repeatable
    receipt = run("show", str(drawn.serial_number), "--json").stdout
    done = run("verify", "-", input=receipt)
    assert done.returncode == 0 and b"no evidence of fairness" in done.stdout


def test_long_work_shows_a_bar_to_a_person_only(run: Run, tmp_path: Path) -> None:
    writer = begin(tmp_path)
    entries = [Entry.of("draw", body(1))] * 1000
    for _ in range(20):
        writer.append(entries)
    writer.close()
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    watched = run("verify", str(tmp_path), stderr=theirs)
    os.write(theirs, b"end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(ours, 65536)
    os.close(ours)
    os.close(theirs)
    assert watched.returncode == 0 and b"verify" in shown
    assert run("verify", str(tmp_path)).stderr == b""


def test_a_ledger_that_cannot_be_read_says_why(ledger: Path) -> None:
    assert "cannot read the ledger" in told(check(ledger / "none"))


def test_records_that_the_daemon_noted_must_be_there(run: Run, ledger: Path) -> None:
    here = {"FIFOD_STATE_DIR": str(ledger.parent)}
    note = ledger.parent / "head"
    newest, digest = max(hashes(ledger).items())
    for text in ("", "nonsense", f"{newest}:{digest}\n"):
        note.write_text(text)
        assert run("verify", env=here).returncode == 0
    edit(segments(ledger)[-1], lambda lines: lines[:1])
    for arguments in ((), (str(ledger),)):
        done = run("verify", *arguments, env=here)
        assert done.returncode == 65 and f"{note}: the daemon noted draw {newest} with hash {digest}" in str(
            done.stdout
        )
    note.unlink()
    assert run("verify", env=here).returncode == 0


def test_a_ledger_that_was_removed_whole_is_missed(run: Run, ledger: Path) -> None:
    here = {"FIFOD_STATE_DIR": str(ledger.parent)}
    (ledger.parent / "head").write_text(f"1:{hashes(ledger)[1]}\n")
    for path in ledger.iterdir():
        path.unlink()
    assert run("verify", env=here).returncode == 65
    ledger.rmdir()
    assert run("verify", env=here).returncode == 65


def test_a_receipt_shows_its_values_and_its_list(run: Run, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("".join(f"name {number}\n" for number in range(1, 41)))
    drawn = json.loads(run("pick", "30", str(names), "--json").stdout)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(run("show", str(drawn["serialNumber"]), "--json").stdout)
    digest = hashlib.sha256(names.read_bytes()).hexdigest()
    shown = run("verify", str(receipt)).stdout.decode()
    assert f"a list of 40 items, SHA-256 {digest}" in shown and "values: 30\n" in shown and "and 10 more" in shown
    assert [int(line) for line in shown.splitlines() if line.strip().isdecimal()] == drawn["random"]["data"][:20]
    compared = run("verify", str(receipt), "--list", str(names)).stdout.decode()
    assert all(f"  {number}  name {number}\n" in compared for number in drawn["random"]["data"][:20])


def test_another_list_than_the_receipts_is_a_fault(run: Run, tmp_path: Path) -> None:
    serial = str(json.loads(run("pick", "1", "--json", input=b"a\nb\n").stdout)["serialNumber"])
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(run("show", serial, "--json").stdout)
    assert run("verify", str(receipt), "--list", "-", input=b"a\r\nb").returncode == 0
    for other in (b"a\nc\n", b"a\n", b""):
        done = run("verify", str(receipt), "--list", "-", input=other)
        assert done.returncode == 65 and b"is not its list" in done.stderr
    assert run("verify", "--list", "-").returncode == 64


def test_the_checker_agrees_about_receipts(run: Run, tmp_path: Path) -> None:
    serial = str(json.loads(run("5", "--json").stdout)["serialNumber"])
    good = run("show", serial, "--json").stdout
    receipt = tmp_path / "receipt.json"
    twice = good.replace(b'"data":[', b'"data":[],"data":[')
    for text in (good, twice, good.replace(b'"data":[', b'"x":['), good.replace(b'\\"v\\":1', b'\\"v\\":1,\\"v\\":1')):
        receipt.write_bytes(text)
        line = [sys.executable, str(TOP / "fifod" / "checker.py"), "receipt", str(receipt)]
        checked = subprocess.run(line, capture_output=True, timeout=DEADLINE)
        assert (checked.returncode == 0) == (run("verify", str(receipt)).returncode == 0) == (text == good)


@pytest.mark.parametrize("change", [{"drawer": None}, {"input": "list"}, {"input": {"count": 1}}])
def test_a_record_as_no_daemon_writes_it_is_a_fault(run: Run, change: dict[str, object]) -> None:
    made = {name: value for name, value in {**body(1), **change}.items() if value is not None}
    text = json.dumps(made)
    head = {"v": 1, "kind": "draw", "serial": 1, "time": "2026-11-23T08:00:00.000000Z", "prev": "0" * 64}
    head["body"] = hashlib.sha256(text.encode()).hexdigest()
    value = values("generateIntegers", body(1)["params"], SEED)  # type: ignore[arg-type]
    receipt = {"receipt": "fifod-receipt-1", "head": json.dumps(head), "body": text, "data": value}
    done = run("verify", "-", input=json.dumps(receipt).encode())
    assert done.returncode == 65 and b"not as fifod writes them" in done.stderr
