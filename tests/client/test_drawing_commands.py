"""Every command that draws, as a person types it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import TOP, Run
from tests.daemons import Daemon
from tests.waiting import DEADLINE

Values = Callable[..., list[str]]


def last_body(daemon: Daemon) -> dict[str, Any]:
    return daemon.bodies("draw")[-1]


def test_a_bare_number_draws_integers_from_1_to_100(values: Values, daemon: Daemon) -> None:
    drawn = values("200")
    assert len(drawn) == 200 and {int(value) for value in drawn} <= set(range(1, 101))
    assert last_body(daemon)["params"] == {"n": 200, "min": 1, "max": 100, "replacement": True, "base": 10}


def test_a_bare_number_means_just_what_integers_means(values: Values, daemon: Daemon) -> None:
    described = []
    for arguments in (["7"], ["integers", "7"], ["--timeout", "9", "7"]):
        values(*arguments)
        body = last_body(daemon)
        described.append({name: body.get(name) for name in ("drawer", "method", "params", "purpose", "seedHash")})
    assert described[0] == described[1] == described[2]


def test_integers_in_a_range(values: Values) -> None:
    drawn = values("integers", "300", "--min", "-3", "--max", "3")
    assert {int(value) for value in drawn} == set(range(-3, 4))


def test_unique_integers(values: Values) -> None:
    assert sorted(map(int, values("integers", "49", "--max", "49", "--unique"))) == list(range(1, 50))


def test_integers_in_hexadecimal(values: Values) -> None:
    drawn = values("integers", "50", "--min", "0", "--max", "255", "--base", "16")
    assert all(re.fullmatch("[0-9a-f]{2}", value) for value in drawn)


def test_a_million_integers(values: Values) -> None:
    drawn = values("integers", "1000000", "--max", "6", "--timeout", "60")
    assert len(drawn) == 1_000_000 and set(drawn) == set("123456")


def test_a_sequence_is_a_line(values: Values) -> None:
    drawn = values("sequences", "2", "--length", "3")
    assert [len(line.split(" ")) for line in drawn] == [3, 3]


def test_sequences_of_different_kinds(values: Values) -> None:
    first, second = values(
        "sequences", "2", "--length", "5,1", "--min", "1,7", "--max", "69,7", "--base", "10,2", "--unique"
    )
    assert len(set(first.split())) == 5
    assert second == "111"


def test_decimals_have_all_their_places(values: Values) -> None:
    assert all(re.fullmatch(r"0\.\d{3}", value) for value in values("decimals", "200", "--places", "3"))


def test_gaussians_have_no_exponents(values: Values) -> None:
    drawn = values("gaussians", "500", "--mean", "0", "--deviation", "0.00001", "--digits", "4")
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in drawn)
    assert any(abs(float(value)) < 1e-5 for value in drawn)


def test_gaussians_around_a_mean(values: Values, daemon: Daemon) -> None:
    assert all(0 < float(value) < 200 for value in values("gaussians", "50", "--mean", "100", "--deviation", "1.5"))
    assert last_body(daemon)["params"]["mean"] == 100


def test_strings_of_given_characters(values: Values) -> None:
    drawn = values("strings", "20", "--length", "7", "--characters", "äß🎲")
    assert all(len(value) == 7 and set(value) <= set("äß🎲") for value in drawn)


def test_uuids(values: Values) -> None:
    assert all(uuid.UUID(value).version == 4 for value in values("uuids", "3"))


def test_blobs_are_measured_in_bits(values: Values) -> None:
    assert [len(base64.b64decode(value)) for value in values("blobs", "2", "--size", "256")] == [32, 32]
    assert [len(bytes.fromhex(value)) for value in values("blobs", "1", "--size", "8", "--format", "hex")] == [1]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["integers", "9", "--min", "-50"], 9),
        (["integers", "9", "--base", "2"], 9),
        (["sequences", "3", "--length", "2,3,4", "--base", "8,10,16"], 9),
        (["decimals", "9", "--places", "14"], 9),
        (["gaussians", "9", "--digits", "14"], 9),
    ],
)
def test_the_summary_counts_adds_and_averages(values: Values, arguments: list[str], count: int) -> None:
    *lines, number, total, mean = values(*arguments, "--summary")
    bases = {"2": [2], "8,10,16": [8, 10, 16]}.get(arguments[-1], [10])
    values_ = [(text, bases[at % len(bases)]) for at, line in enumerate(lines) for text in line.split()]
    exact = sum((Decimal(text if base == 10 else int(text, base)) for text, base in values_), Decimal(0))
    assert number == f"count {count}"
    assert Decimal(total.removeprefix("sum ")) == exact
    assert abs(Decimal(mean.removeprefix("mean ")) - exact / count) < Decimal("1e-11")


def test_the_summary_of_texts_is_their_count(values: Values) -> None:
    assert values("uuids", "2", "--summary")[2:] == ["count 2"]
    assert values("pick", "2", "--summary", input=b"a\nb\nc\n")[2:] == ["count 2"]


@pytest.mark.parametrize(
    "command", ["5", "uuids 1", "sequences 1 --length 2", "decimals 1", "gaussians 1", "strings 1", "blobs 1"]
)
def test_json_is_the_result_on_one_line(values: Values, daemon: Daemon, command: str) -> None:
    (line,) = values(*command.split(), "--json")
    result = json.loads(line)
    head, _, head_bytes = list(daemon.records())[-1]
    assert result["random"]["data"] and result["serialNumber"] == head["serial"]
    assert result["hash"] == hashlib.sha256(head_bytes).hexdigest()


def test_the_purpose_stands_in_the_record(values: Values, daemon: Daemon) -> None:
    values("integers", "1", "--purpose", "Stichprobe für Frau Ōe 🎲")
    assert last_body(daemon)["purpose"] == "Stichprobe für Frau Ōe 🎲"


@pytest.mark.parametrize("arguments", [["strings", "2"], ["pick", "1", "/etc/passwd"]], ids=" ".join)
def test_the_seed_of_a_secret_draw_is_shown_once_on_standard_error(
    run: Run, daemon: Daemon, arguments: list[str]
) -> None:
    done = run(*arguments, "--secret")
    (seed,) = re.findall(r"[0-9a-f]{64}", done.stderr.decode())
    body = last_body(daemon)
    assert "seed" not in body and body["seedHash"] == hashlib.sha256(bytes.fromhex(seed)).hexdigest()
    assert seed not in done.stdout.decode()


def test_the_seed_of_a_secret_draw_is_in_its_json(run: Run, daemon: Daemon) -> None:
    done = run("uuids", "1", "--secret", "--json")
    seed = bytes.fromhex(json.loads(done.stdout)["seed"])
    assert last_body(daemon)["seedHash"] == hashlib.sha256(seed).hexdigest() and done.stderr == b""


# --- lists ---


def test_pick_takes_different_lines_of_a_file(values: Values, daemon: Daemon, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("Ann\nBob\nCleo\n")
    picked = values("pick", "2", str(names), "--purpose", "raffle")
    assert len(set(picked)) == 2 and set(picked) <= {"Ann", "Bob", "Cleo"}
    body = last_body(daemon)
    assert body["input"] == {"count": 3, "sha256": hashlib.sha256(names.read_bytes()).hexdigest()}
    assert body["params"] == {"n": 2, "min": 1, "max": 3, "replacement": False, "base": 10}


def test_shuffle_gives_every_line_once(values: Values) -> None:
    lines = [str(number) for number in range(1000)]
    shuffled = values("shuffle", input="\n".join(lines).encode())
    assert shuffled != lines and sorted(shuffled) == sorted(lines)


def test_json_of_a_list_has_the_items_beside_their_positions(values: Values) -> None:
    (line,) = values("pick", "3", "--json", input=b"a\nb\nc\nd\n")
    result = json.loads(line)
    assert result["items"] == ["abcd"[position - 1] for position in result["random"]["data"]]


@pytest.mark.parametrize("text", [b"a\nb\n", b"a\nb", b"a\r\nb\r\n", b"a\r\nb"])
def test_however_lines_end_it_is_the_same_list(values: Values, daemon: Daemon, text: bytes) -> None:
    assert sorted(values("shuffle", "-", input=text)) == ["a", "b"]
    assert last_body(daemon)["input"]["sha256"] == hashlib.sha256(b"a\nb\n").hexdigest()


def test_items_need_not_be_text(run: Run) -> None:
    items = [bytes([byte]) * 3 for byte in range(256) if not bytes([byte]).isspace()]
    done = run("shuffle", input=b"\n".join(items))
    assert sorted(done.stdout.split(b"\n")[:-1]) == sorted(items)
    assert json.loads(run("pick", "1", "--json", input=b"\xff\xfe\n").stdout)["items"] == ["\ufffd\ufffd"]


def test_a_huge_list(values: Values) -> None:
    items = [f"name {number}" for number in range(200_000)]
    shuffled = values("shuffle", "--timeout", "60", input="\n".join(items).encode())
    assert sorted(shuffled) == sorted(items)


@pytest.mark.parametrize(
    ("arguments", "text", "reason"),
    [
        (["pick", "1"], b"", "it is empty"),
        (["pick", "4"], b"a\nb\nc\n", "of its 3, 1 to 3 can be drawn"),
        (["pick", "0"], b"a\n", "1 to 1 can be drawn"),
        (["shuffle"], b"a\n\nb\n", "line 2 is empty"),
        (["shuffle"], b"a\nb\n\n", "line 3 is empty"),
        (["shuffle"], b"a\n \t\r\nb\n", "line 2 is only white space"),
    ],
)
def test_a_list_that_cannot_be_drawn_from(
    run: Run, daemon: Daemon, arguments: list[str], text: bytes, reason: str
) -> None:
    before = len(daemon.bodies("draw"))
    done = run(*arguments, input=text)
    assert (done.returncode, done.stdout) == (65, b"")
    assert reason in done.stderr.decode() and done.stderr.count(b"\n") == 1
    assert len(daemon.bodies("draw")) == before


def test_a_list_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path):
        done = run("pick", "1", str(file))
        assert (done.returncode, done.stdout) == (66, b"")
        assert f"cannot read the list {file}:" in done.stderr.decode()


def test_closed_standard_input_is_no_list(run: Run) -> None:
    done = run("pick", "1", preexec_fn=lambda: os.close(0))
    assert done.returncode == 66 and b"standard input is closed" in done.stderr


# --- streams ---


def test_a_stream_is_recorded_with_length_and_digest(run: Run, daemon: Daemon) -> None:
    length = 300_000
    reader = f"import sys; data = sys.stdin.buffer.read({length}); sys.stdout.buffer.write(data)"
    streaming = subprocess.Popen(
        [sys.executable, "-m", "fifod.cli", "stream", "--purpose", "noise"],
        env={**daemon.environment, "PYTHONPATH": str(TOP)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    taken = subprocess.run(
        [sys.executable, "-c", reader], stdin=streaming.stdout, capture_output=True, timeout=DEADLINE
    )
    assert streaming.stdout and streaming.stderr
    streaming.stdout.close()
    told = streaming.stderr.read().decode()
    streaming.stderr.close()
    assert streaming.wait(DEADLINE) == 0
    body = last_body(daemon)
    assert body["method"] == "stream" and body["purpose"] == "noise"
    serial = len(daemon.bodies("draw"))
    assert f"this stream is draw {serial}" in told and told.count("\n") == 1
    seed = bytes.fromhex(body["seed"])
    blocks = [hashlib.shake_256(seed + number.to_bytes(8, "big")).digest(65536) for number in range(5)]
    assert taken.stdout == b"".join(blocks)[:length]


def test_a_stream_to_a_full_device_is_an_error(run: Run) -> None:
    with open("/dev/full", "wb") as full:
        done = run("stream", stdout=full)
    assert done.returncode == 74 and b"No space left" in done.stderr


def test_a_stream_does_not_go_to_a_terminal(run: Run) -> None:
    ours, theirs = os.openpty()
    done = run("stream", stdout=theirs)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 64 and b"not fit for a terminal" in done.stderr and done.stderr.count(b"\n") == 1
