"""history and show."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fifod.client import Client
from tests.client.conftest import Run, command
from tests.daemons import Daemon

Values = Callable[..., list[str]]


def draw(run: Run, *arguments: str) -> int:
    """Draw something; returns the serial number."""
    serial: int = json.loads(run(*arguments, "--json").stdout)["serialNumber"]
    return serial


def test_history_lists_the_newest_first(run: Run, values: Values) -> None:
    first = draw(run, "integers", "3", "--max", "6", "--purpose", "dice, drei Würfel")
    second = draw(run, "uuids", "2", "--secret")
    newest, older = values("history", "-n", "2")
    assert newest.split()[0] == str(second) and "UUIDs" in newest and "secret" in newest
    assert older.split()[0] == str(first) and older.endswith("dice, drei Würfel") and "n=3 min=1 max=6" in older


def test_history_goes_back_page_by_page(run: Run, values: Values) -> None:
    newest = [draw(run, "1") for _ in range(3)][-1]
    listed = [int(line.split()[0]) for line in values("history", "--before", str(newest), "-n", "2")]
    assert listed == [newest - 1, newest - 2]
    everything = [json.loads(line)["serialNumber"] for line in values("history", "-n", "100000", "--json")]
    assert everything == list(range(newest, 0, -1))


def test_more_history_than_one_reply_holds(run: Run, daemon: Daemon) -> None:
    with Client(str(daemon.run), timeout=60) as client:
        pending = [client.submit("generateUUIDs", {"n": 1}) for _ in range(1500)]
        last = [each.wait().serial_number for each in pending][-1]
    lines = run("history", "-n", "1400").stdout.decode().splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(last, last - 1400, -1))


def test_show_tells_everything_of_a_draw(run: Run, values: Values) -> None:
    serial = draw(run, "pick", "2", "--purpose", "raffle", "/etc/passwd")
    text = "\n".join(values("show", str(serial)))
    for part in (
        f"draw:       {serial}",
        "drawer:     unix:",
        "purpose:    raffle",
        "list:       ",
        "seed:       ",
        "values:     2",
    ):
        assert part in text
    assert f"fifod-client verify --expect {serial}:" in text


def test_a_classic_draw_is_marked_and_its_pid_called_a_claim(daemon: Daemon, values: Values) -> None:
    with Client(str(daemon.run)) as client:
        serial = client.integers(2, classic={"pid": 4242}).serial_number
        client.integers(2)
    other, line = values("history", "-n", "2")
    assert line.endswith("classic") and "classic" not in other
    text = "\n".join(values("show", str(serial)))
    assert "client:     a client of the classic bridge; the number of its process as it said itself: 4242\n" in text
    checked = "\n".join(values("verify", "-", input="".join(values("show", str(serial), "--json")).encode()))
    assert "asked for by a client of the classic bridge; the number of its process as it said itself: 4242" in checked


def test_show_does_not_flood_the_screen(run: Run, values: Values) -> None:
    serial = draw(run, "5000")
    lines = values("show", str(serial))
    assert len(lines) < 60 and any("and 4960 more" in line for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        "integers 5",
        "integers 50 --base 16 --unique",
        "sequences 2 --length 3,4 --base 10,2",
        "decimals 9 --places 14",
        "gaussians 99 --digits 14 --deviation 0.0001",
        "strings 3 --characters äöü🎲",
        "uuids 2",
        "blobs 1 --size 1024",
        "integers 100000",
    ],
)
def test_a_receipt_is_checked_without_the_daemon(run: Run, tmp_path: Path, arguments: str) -> None:
    serial = draw(run, *arguments.split())
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(run("show", str(serial), "--json").stdout)
    assert receipt.read_bytes().count(b"\n") == 1 and json.loads(receipt.read_bytes())["receipt"] == "fifod-receipt-1"
    nowhere = {"FIFOD_RUNTIME_DIR": str(tmp_path), "FIFOD_STATE_DIR": str(tmp_path)}
    done = run("verify", str(receipt), env=nowhere)
    assert done.returncode == 0 and f"good: draw {serial} " in done.stdout.decode()
    assert "its values follow from the recorded seed" in done.stdout.decode()


def test_a_secret_draw_is_shown_without_values(run: Run, values: Values) -> None:
    serial = draw(run, "uuids", "2", "--secret")
    text = "\n".join(values("show", str(serial)))
    assert "secret, its SHA-256 is" in text and "values:" not in text
    assert "data" not in json.loads(values("show", str(serial), "--json")[0])


def test_a_secret_draw_is_opened_by_its_seed(run: Run, values: Values) -> None:
    result = json.loads(run("gaussians", "3", "--secret", "--json").stdout)
    serial, seed = str(result["serialNumber"]), result["seed"]
    (receipt,) = values("show", serial, "--seed", seed, "--json")
    assert json.loads(receipt)["data"] == result["random"]["data"] and json.loads(receipt)["seed"] == seed
    assert "its values follow" in "".join(values("verify", "-", input=receipt.encode()))
    done = run("show", serial, "--seed", "0" * 64)
    assert done.returncode == 64 and b"not the seed" in done.stderr


def test_a_seed_alone_is_enough_to_compute_a_secret_draws_values(run: Run, values: Values) -> None:
    result = json.loads(run("integers", "3", "--secret", "--json").stdout)
    receipt = json.loads(values("show", str(result["serialNumber"]), "--json")[0])

    def verified(**more: object) -> subprocess.CompletedProcess[bytes]:
        return run("verify", "-", input=json.dumps(receipt | more).encode())

    told = verified(seed=result["seed"]).stdout.decode()
    assert "has the SHA-256 in the record" in told and "these follow from that seed" in told
    assert [int(line) for line in told.splitlines() if line.startswith("  ")] == result["random"]["data"]
    told = verified().stdout.decode()
    assert "the record alone was checked" in told and "with its seed in the receipt" in told
    assert verified(seed="0" * 64).returncode == verified(seed="").returncode == 65
    told = verified(seed=result["seed"], data=result["random"]["data"]).stdout.decode()
    assert "its values follow from that seed" in told


def test_another_seed_beside_the_recorded_one_is_a_fault(run: Run, values: Values) -> None:
    receipt = json.loads(values("show", str(draw(run, "5")), "--json")[0])
    own = json.loads(receipt["body"])["seed"]
    assert run("verify", "-", input=json.dumps(receipt | {"seed": own}).encode()).returncode == 0
    done = run("verify", "-", input=json.dumps(receipt | {"seed": "0" * 64}).encode())
    assert done.returncode == 65 and b"not the one in it" in done.stderr


def test_a_stream_has_a_receipt_without_values(run: Run, daemon: Daemon) -> None:
    with open("/dev/full", "wb") as full:
        run("stream", stdout=full)
    receipt = run("show", str(len(daemon.bodies("draw"))), "--json").stdout
    done = run("verify", "-", input=receipt)
    assert done.returncode == 0 and b"it shows no values" in done.stdout


def test_history_marks_lists_and_tells_other_drawers_apart(run: Run, values: Values, place: Path) -> None:
    draw(run, "pick", "2", "/etc/passwd")
    (line,) = values("history", "-n", "1")
    assert f"list of {len(Path('/etc/passwd').read_text().splitlines())}" in line and "unix:" not in line
    with Daemon(place, f"front_ends = [{os.getuid()}]\nauditors = [{os.getuid()}]\n") as daemon:
        with Client(str(daemon.run), user="7:alice") as alice:
            alice.uuids(1)
        assert command("5", env=daemon.environment).returncode == 0
        own, hers = command("history", env=daemon.environment).stdout.decode().splitlines()
    assert f"unix:{os.getuid()}" in own and "web:7:alice" in hers
