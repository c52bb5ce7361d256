"""A secret draw is proved by its seed: on its check, on that of a public link, and by a file."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from fifod.cli import main
from fifod.client import Client as Drawer
from tests.daemons import Daemon
from tests.waiting import until
from tests.web.conftest import logged_in, person
from tests.web.pages import fill, text, values_of
from tests.web.test_receipt_check import HOLDS, OPEN, outcomes
from webui import access, gateway
from webui.receipts import links

SAVE = "Save receipt with seed and values"


@dataclass(frozen=True)
class Drawn:
    """A secret draw that alice made."""

    serial: int
    seed: str
    data: list[Any]


@pytest.fixture
def secret(shared: Daemon, alice: User) -> Drawn:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        reply = drawer.integers(3, 1, 10**6, secret=True)
    return Drawn(reply.serial_number, str(reply.seed), reply.data)


@pytest.fixture(params=["/draws/SERIAL/", "/r/TOKEN/"])
def place(request: pytest.FixtureRequest, secret: Drawn, alice: User) -> str:
    """Where the draw stands, for who made it and for whoever has a link."""
    token = links.make(alice, secret.serial)
    return str(request.param).replace("SERIAL", str(secret.serial)).replace("TOKEN", token)


def test_the_right_seed_lets_every_step_hold_and_shows_the_values(place: str, secret: Drawn, browser: Client) -> None:
    page = browser.get(f"{place}check/")
    assert outcomes(page) == [HOLDS, HOLDS, OPEN, OPEN, OPEN] and f'action="{place}seed/"' in page.content.decode()
    page = browser.post(f"{place}seed/", {"seed": f" {secret.seed.upper()}\n"})
    assert outcomes(page) == [HOLDS] * 5 and "The seed that was given has the fingerprint" in text(page)
    assert values_of(page) == list(map(str, secret.data)) and SAVE in text(page)
    assert "no-store" in page["Cache-Control"]


def test_the_steps_with_the_seed_take_their_place_on_the_receipt(place: str, secret: Drawn, browser: Client) -> None:
    assert f'hx-post="{place}seed/"' in browser.get(place).content.decode()
    part = browser.post(f"{place}seed/", {"seed": secret.seed}, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<section class="panel check" id="check"')
    assert "<html" not in part.content.decode() and outcomes(part) == [HOLDS] * 5


@pytest.mark.parametrize(
    ("given", "said"),
    [("", "Give the seed"), ("5e", "has 64 characters"), ("g" * 64, "has 64 characters"), ("5e" * 32, "Another seed")],
)
def test_a_wrong_seed_is_said_at_the_field(place: str, secret: Drawn, browser: Client, given: str, said: str) -> None:
    for more in ({}, {"save": "1"}):
        page = browser.post(f"{place}seed/", {"seed": given, **more})
        found = re.search(r'<div class="error" id="id_seed_error">(.*?)</div>', page.content.decode())
        assert page.status_code == 200 and found and said in found[1], text(page)
        assert outcomes(page) == [HOLDS, HOLDS, OPEN, OPEN, OPEN] and values_of(page) == []


def test_a_draw_that_is_not_secret_has_no_field_for_a_seed(shared: Daemon, alice: User, browser: Client) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)) as drawer:
        serial = drawer.integers(3).serial_number
    for page in (browser.get(f"/draws/{serial}/check/"), browser.post(f"/draws/{serial}/seed/", {"seed": "5e" * 32})):
        assert outcomes(page) == [HOLDS] * 5 and 'name="seed"' not in page.content.decode()


def test_the_saved_file_holds_seed_and_values_and_is_verified(
    place: str, secret: Drawn, browser: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = browser.post(f"{place}seed/", {"seed": secret.seed, "save": "1"})
    assert f'filename="fifod-draw-{secret.serial}-with-seed.json"' in answer["Content-Disposition"]
    saved = json.loads(answer.content)
    assert saved["seed"] == secret.seed and saved["data"] == secret.data
    file = tmp_path / "receipt.json"
    file.write_bytes(answer.content)
    assert main(["verify", str(file)]) == 0
    assert "its values follow from that seed" in capfd.readouterr().out


def test_the_seed_is_kept_nowhere(
    place: str, secret: Drawn, browser: Client, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    caplog.set_level(logging.DEBUG)
    for more in ({}, {"save": "1"}):
        browser.post(f"{place}seed/", {"seed": secret.seed, **more})
    assert secret.seed not in caplog.text
    for path in (place, f"{place}check/", f"{place}receipt.json"):
        assert secret.seed not in browser.get(path).content.decode()
    assert browser.get(f"{place}seed/", {"seed": secret.seed}).status_code == 405


def test_only_who_may_read_the_draw_can_try_a_seed(secret: Drawn, bob: User) -> None:
    address = f"/draws/{secret.serial}/seed/"
    assert logged_in(bob).post(address, {"seed": secret.seed}).status_code == 404
    assert outcomes(logged_in(person("audrey", access.AUDITOR)).post(address, {"seed": secret.seed})) == [HOLDS] * 5


def test_the_form_carries_a_token_where_one_is_logged_in(secret: Drawn, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    address = f"/draws/{secret.serial}/seed/"
    assert strict.post(address, {"seed": secret.seed}).status_code == 403
    form = strict.get(address.replace("seed", "check")).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert found
    answer = strict.post(address, {"seed": secret.seed, "csrfmiddlewaretoken": found[1]})
    assert outcomes(answer) == [HOLDS] * 5


def test_a_fresh_secret_draw_can_be_saved_with_its_seed(shared: Daemon, browser: Client) -> None:
    page = browser.post("/", fill(browser, secret="on"))
    form = r'<form method="post" action="(/draws/\d+/seed/)">.*?name="seed" value="(\w{64})"'
    found = re.search(form, page.content.decode(), re.S)
    assert found and SAVE in text(page) and 'data-copy="seed"' in page.content.decode()
    saved = json.loads(browser.post(found[1], {"seed": found[2], "save": "1"}).content)
    shown = re.search(r'<script id="outcome" type="application/json">(.*?)</script>', page.content.decode())
    assert shown and saved["data"] == json.loads(shown[1])["data"]


def test_a_secret_stream_is_proved_by_its_seed(
    shared: Daemon,
    record: Callable[[Daemon], None],
    alice: User,
    browser: Client,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Drawer(str(shared.run), user=gateway.record_name(alice)).stream(secret=True) as stream:
        stream.read(1)
        serial, seed = stream.serial_number, str(stream.reply.seed)
    until(lambda: any(end["draw"] == serial for end in shared.bodies("end")), "the stream's end is recorded")
    record(shared)
    assert outcomes(browser.get(f"/draws/{serial}/check/")) == [HOLDS, HOLDS, OPEN, OPEN, OPEN]
    address, file = f"/draws/{serial}/seed/", tmp_path / "receipt.json"
    assert outcomes(browser.post(address, {"seed": "5e" * 32})) == [HOLDS, HOLDS, OPEN, OPEN, OPEN]
    page = browser.post(address, {"seed": seed})
    assert outcomes(page) == [HOLDS] * 5 and SAVE not in text(page)
    file.write_bytes(browser.post(address, {"seed": seed, "save": "1"}).content)
    assert json.loads(file.read_bytes())["seed"] == seed
    assert main(["verify", str(file)]) == 0
    assert "its seed is the one of this secret draw" in capfd.readouterr().out
