import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from fifod.client import Client as Drawer
from tests.daemons import Daemon
from tests.waiting import DEADLINE
from tests.web.conftest import CONFIG, connect, logged_in
from tests.web.pages import draw, text
from webui import gateway


def _fifod_client(*arguments: str, run: Path) -> "subprocess.CompletedProcess[bytes]":
    environment = {"FIFOD_RUNTIME_DIR": str(run), "FIFOD_STATE_DIR": str(run)}
    command = [sys.executable, "-m", "fifod.cli", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=DEADLINE)


def test_the_saved_file_is_accepted_without_a_daemon(shared: Daemon, browser: Client, tmp_path: Path) -> None:
    serial = draw(browser, n="50", purpose="a raffle é 🎲", base="16")
    page = text(browser.get(f"/draws/{serial}/"))
    answer = browser.get(f"/draws/{serial}/receipt.json")
    assert answer["Content-Disposition"] == f'attachment; filename="fifod-draw-{serial}.json"'
    file = tmp_path / f"fifod-draw-{serial}.json"
    file.write_bytes(answer.content)
    [noted] = [word for word in page.split() if word.startswith(f"{serial}:") and len(word) > 64]
    checked = _fifod_client("verify", str(file), "--expect", noted, run=tmp_path / "no daemon")
    assert checked.returncode == 0, checked.stderr
    assert f"fifod-client verify {file.name}" in page


def test_a_changed_value_in_it_is_noticed(shared: Daemon, browser: Client, tmp_path: Path) -> None:
    receipt = json.loads(browser.get(f"/draws/{draw(browser)}/receipt.json").content)
    receipt["data"][0] += 1
    (tmp_path / "changed.json").write_text(json.dumps(receipt))
    assert _fifod_client("verify", str(tmp_path / "changed.json"), run=tmp_path).returncode == 65


def test_it_is_what_the_command_line_gives(shared: Daemon, alice: User, browser: Client, tmp_path: Path) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        replies = [
            drawer.decimals(20, 14),
            drawer.gaussians(20, mean=1e6, standard_deviation=1e5, digits=14),
            drawer.sequences(2, 3),
            drawer.strings(2, characters="äö🎲"),
            drawer.strings(2, secret=True),
        ]
        with drawer.stream() as stream:
            serials = [*(reply.serial_number for reply in replies), stream.serial_number]
        for serial, reply in zip(serials, replies, strict=False):
            saved = json.loads(browser.get(f"/draws/{serial}/receipt.json").content)
            assert saved.get("data") == (None if reply.seed else reply.data)
    for serial in serials:
        file = tmp_path / f"{serial}.json"
        file.write_bytes(browser.get(f"/draws/{serial}/receipt.json").content)
        assert list(json.loads(file.read_bytes()))[:3] == ["receipt", "head", "body"]
        checked = _fifod_client("verify", str(file), run=tmp_path)
        assert checked.returncode == 0, checked.stderr


def test_it_is_hidden_from_a_stranger(shared: Daemon, browser: Client, bob: User) -> None:
    serial = draw(browser, purpose="private to alice")
    page = logged_in(bob).get(f"/draws/{serial}/receipt.json")
    assert page.status_code == 404 and "private" not in text(page)


def test_a_secret_draw_is_hidden_from_a_stranger(shared: Daemon, alice: User, bob: User) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        serial = drawer.strings(2, secret=True).serial_number
    assert logged_in(bob).get(f"/draws/{serial}/receipt.json").status_code == 404


@pytest.mark.parametrize("serial", ["999999", "9" * 18])
def test_it_knows_no_draw_that_never_was(shared: Daemon, browser: Client, serial: str) -> None:
    assert browser.get(f"/draws/{serial}/receipt.json").status_code == 404


def test_it_sends_the_anonymous_to_the_login(shared: Daemon, browser: Client, client: Client) -> None:
    address = f"/draws/{draw(browser)}/receipt.json"
    answer = client.get(address)
    assert answer.status_code == 302 and answer["Location"] == f"/login/?next={address}"


def test_it_is_saved_while_the_daemon_is_stopped(daemon: Daemon, browser: Client) -> None:
    serial = draw(browser)
    daemon.stop()
    assert json.loads(browser.get(f"/draws/{serial}/receipt.json").content)["receipt"] == "fifod-receipt-1"


def test_it_says_that_it_cannot_be_saved_now(
    daemon: Daemon, browser: Client, settings: Settings, record: Callable[[Daemon], None]
) -> None:
    serial = draw(browser)
    record(daemon)
    settings.LEDGER_DIR = daemon.place / "nowhere"
    page = browser.get(f"/draws/{serial}/receipt.json")
    assert page.status_code == 503 and "cannot be saved here" in text(page) and "Content-Disposition" not in page


def test_it_takes_get_only(browser: Client) -> None:
    assert browser.post("/draws/1/receipt.json").status_code == 405


def test_where_the_site_is_an_auditor_it_gives_the_command_lines_bytes_to_the_owner_alone(
    place: Path, settings: Settings, alice: User, browser: Client, bob: User
) -> None:
    connect(settings, place)
    with Daemon(place, f"{CONFIG}auditors = [{os.getuid()}]\n") as daemon:
        with Drawer(str(daemon.run), user=gateway.record_name(alice)) as drawer:
            replies = [drawer.decimals(100, 14), drawer.gaussians(100, digits=14), drawer.strings(2, secret=True)]
        for reply in replies:
            shown = _fifod_client("show", str(reply.serial_number), "--json", run=daemon.run)
            address = f"/draws/{reply.serial_number}/receipt.json"
            assert shown.returncode == 0 and shown.stdout == browser.get(address).content
            assert logged_in(bob).get(address).status_code == 404
