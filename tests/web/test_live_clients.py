"""Clients that a page runs: real requests over real FIFOs, with the true bytes and times; nobody else's."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import Daemon, reachable_directory, remove
from tests.waiting import until
from tests.web.sites import CONFIG, Site
from tests.web.visitors import Listener, Visitor, make_people
from webui.live.clients import MOST_OF_ONE_ACCOUNT

STEPS = ["made", "written", "received", "recorded", "readable", "read"]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Daemon, Site, str]]:
    """Daemon and site with two people who draw and one who looks back."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"], bob=["member"], vera=["auditor"])
    with Daemon(place, CONFIG) as daemon, site.serving() as address:
        yield daemon, site, address
    remove(place)


@pytest.fixture(scope="module")
def alice(running: tuple[Daemon, Site, str]) -> Visitor:
    return Visitor(running[2], "alice")


@pytest.fixture(scope="module")
def bob(running: tuple[Daemon, Site, str]) -> Visitor:
    return Visitor(running[2], "bob")


@contextmanager
def watching(visitor: Visitor) -> Iterator[Listener]:
    """A live view, whose clients are gone at the end."""
    with visitor.listening() as stream:
        stream.wait_for("hello")
        yield stream
        for number in range(1, MOST_OF_ONE_ACCOUNT + 1):
            visitor.post(f"/live/clients/{number}/remove/", page="/live/")


def add(visitor: Visitor, name: str) -> tuple[int, dict[str, Any]]:
    answer, content = visitor.post("/live/clients/", page="/live/", name=name)
    return answer.status, json.loads(content)


def send(visitor: Visitor, **fields: str) -> tuple[int, Any]:
    given = {"client": "", "n": "5", "min": "1", "max": "100", **fields}
    answer, content = visitor.post("/live/clients/send/", page="/live/", **given)
    return answer.status, json.loads(content) if answer.status != 404 else None


def exchange(stream: Listener, client: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All steps of a client's exchange, and what came with the last ones."""
    steps: list[dict[str, Any]] = []
    while True:
        told = stream.wait_for("client").data
        if told["client"] == client:
            steps += told["steps"]
            if "serial" in told or "error" in told:
                return steps, told


def record_of(daemon: Daemon, serial: int) -> tuple[dict[str, Any], dict[str, Any]]:
    return next((head, body) for head, body, _ in daemon.records() if head.get("serial") == serial)


def test_a_client_draws_for_its_account_and_shows_each_step(running: tuple[Daemon, Site, str], alice: Visitor) -> None:
    with watching(alice) as stream:
        assert add(alice, "Ann") == (200, {"number": 1, "name": "Ann", "hasFifo": False})
        assert stream.wait_for("clients").data["clients"] == [{"number": 1, "name": "Ann", "hasFifo": False}]
        assert send(alice, client="1", n="3", max="6") == (200, {"sent": 1})
        steps, told = exchange(stream, 1)
    head, body = record_of(running[0], told["serial"])
    assert body["purpose"] == "live view: Ann" and body["user"].endswith(":alice")
    assert body["params"] == {"n": 3, "min": 1, "max": 6, "replacement": True, "base": 10}
    assert sorted(step["step"] for step in steps) == sorted(STEPS)
    times = {step["step"]: step["micros"] for step in steps}
    assert 0 <= times["made"] <= times["written"] <= times["readable"] <= times["read"]
    assert times["received"] <= times["recorded"] <= times["readable"]
    wall = {step["step"]: step["time"] for step in steps}
    assert abs(wall["recorded"] - wall_clock(head["time"])) < 2e-6
    assert abs(wall["received"] - wall_clock(body["received"])) < 2e-6
    texts = {step["step"]: step.get("text", "") for step in steps}
    assert json.loads(texts["read"])["result"]["random"]["data"] == told["values"]


def wall_clock(when: str) -> float:
    whole, _, micros = when.rstrip("Z").partition(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + int(micros) / 1e6


def test_names_of_reply_fifos_and_keys_do_not_leave_the_server(
    running: tuple[Daemon, Site, str], alice: Visitor
) -> None:
    daemon = running[0]
    with watching(alice) as stream:
        add(alice, "Ann")
        send(alice, client="1")
        exchange(stream, 1)
        names = os.listdir(daemon.run / "replies")
        raw = stream.raw.decode()
    assert names and not any(name in raw for name in names)
    assert raw.count('\\"reply\\":\\"••••\\"') == 1 and raw.count('\\"key\\":\\"••••\\"') == 1
    assert not re.search(r'\\"(reply|key)\\":\\"[^•]', raw)


def test_others_hear_nothing_of_it(alice: Visitor, bob: Visitor) -> None:
    with watching(bob) as others, watching(alice) as stream:
        add(alice, "Ann")
        send(alice, client="1")
        _, told = exchange(stream, 1)
        [draw] = others.draws(1)
        add(bob, "Ben")
        assert others.wait_for("clients").data["clients"] == [{"number": 1, "name": "Ben", "hasFifo": False}]
    assert set(draw) == {"serial", "time", "method", "transport"} and draw["serial"] == told["serial"]
    assert b"Ann" not in others.raw


def test_all_at_once_each_gets_its_own_draw(running: tuple[Daemon, Site, str], alice: Visitor) -> None:
    with watching(alice) as stream:
        for name in ("Ann", "Ben", "Cleo"):
            add(alice, name)
        assert send(alice) == (200, {"sent": 3})
        found: dict[int, int] = {}
        while len(found) < 3:
            told = stream.wait_for("client").data
            if "serial" in told:
                found[told["client"]] = told["serial"]
    assert len(set(found.values())) == 3
    purposes = {record_of(running[0], serial)[1]["purpose"] for serial in found.values()}
    assert purposes == {"live view: Ann", "live view: Ben", "live view: Cleo"}


def test_a_removed_client_takes_its_fifo_with_it(running: tuple[Daemon, Site, str], alice: Visitor) -> None:
    replies = running[0].run / "replies"
    with watching(alice) as stream:
        before = set(os.listdir(replies))
        add(alice, "Ann")
        send(alice, client="1")
        exchange(stream, 1)
        assert len(set(os.listdir(replies)) - before) == 1
        assert alice.post("/live/clients/1/remove/", page="/live/")[0].status == 200
        assert [step["step"] for step in stream.wait_for("client").data["steps"]] == ["closed"]
        assert stream.wait_for("clients").data["clients"] == []
        assert set(os.listdir(replies)) == before
        assert alice.post("/live/clients/1/remove/", page="/live/")[0].status == 404


def test_while_the_daemon_stands_still_the_request_is_seen_to_wait(
    running: tuple[Daemon, Site, str], alice: Visitor
) -> None:
    daemon = running[0]
    with watching(alice) as stream:
        add(alice, "Ann")
        daemon.tell(signal.SIGSTOP)
        try:
            send(alice, client="1")
            told = stream.wait_for("queue").data
            assert told["bytes"] > 0
        finally:
            daemon.tell(signal.SIGCONT)
        _, told = exchange(stream, 1)
        assert told["serial"]


def test_clients_are_for_those_who_watch(bob: Visitor) -> None:
    def is_refused() -> bool:  # the server learns of a closed stream a moment later
        status, told = add(bob, "Ben")
        bob.post("/live/clients/1/remove/", page="/live/")
        return status == 409 and "while you watch" in told["error"]

    until(is_refused, "a client without a live view is refused")


@pytest.mark.parametrize("name", ["", "  ", "x" * 25, "a\x07b", "a\u202eb"])
def test_a_name_that_cannot_be_is_refused(alice: Visitor, name: str) -> None:
    with watching(alice):
        status, told = add(alice, name)
        assert status == 400 and "name" in told["error"]


@pytest.mark.parametrize("name", ["Ann B", "ann b", "Ann   B", "Ａnn B"])
def test_a_name_is_given_once(alice: Visitor, bob: Visitor, name: str) -> None:
    with watching(alice), watching(bob):
        assert add(alice, "Ann B")[0] == 200
        status, told = add(alice, name)
        assert status == 400 and "has this name already" in told["error"]
        assert add(bob, "Ann B")[0] == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n": "0"}, "How many"),
        ({"n": "101"}, "How many"),
        ({"n": "x"}, "How many"),
        ({"min": "-1000000001"}, "Smallest"),
        ({"min": "8", "max": "7"}, "must not exceed"),
    ],
)
def test_a_request_that_cannot_be_is_refused(alice: Visitor, fields: dict[str, str], words: str) -> None:
    with watching(alice):
        add(alice, "Ann")
        status, told = send(alice, **fields)
        assert status == 400 and words in told["error"]


def test_a_range_may_be_of_one_number(alice: Visitor) -> None:
    with watching(alice) as stream:
        add(alice, "Ann")
        assert send(alice, client="1", n="3", min="5", max="5") == (200, {"sent": 1})
        assert exchange(stream, 1)[1]["values"] == [5, 5, 5]


def test_there_is_an_end_to_how_many_one_may_have(alice: Visitor) -> None:
    with watching(alice):
        for number in range(MOST_OF_ONE_ACCOUNT):
            assert add(alice, f"client {number}")[0] == 200
        status, told = add(alice, "one more")
        assert status == 503 and f"You have {MOST_OF_ONE_ACCOUNT} clients" in told["error"]


def test_another_accounts_client_does_not_exist(alice: Visitor, bob: Visitor) -> None:
    with watching(alice) as stream, watching(bob):
        add(alice, "Ann")
        assert send(bob, client="1") == (404, None)
        assert bob.post("/live/clients/1/remove/", page="/live/")[0].status == 404
        send(alice, client="1")
        assert exchange(stream, 1)[1]["serial"]


def test_who_may_not_draw_runs_no_clients(running: tuple[Daemon, Site, str]) -> None:
    vera = Visitor(running[2], "vera")
    with vera.listening() as stream:
        stream.wait_for("hello")
        assert vera.post("/live/clients/", page="/live/", name="Ann")[0].status == 403
    assert b'id="add-client"' not in vera.get("/live/")[1]


def configure(daemon: Daemon, text: str) -> None:
    """Let the daemon have another configuration; what was used up of quotas is forgotten, and their minute is new."""
    said = "configuration read again"
    before = daemon.log.count(said)
    daemon.config.write_text(text)
    daemon.tell(signal.SIGHUP)
    until(lambda: daemon.log.count(said) > before, "the daemon has it")


def test_who_drew_enough_is_told_so(running: tuple[Daemon, Site, str], bob: Visitor) -> None:
    daemon = running[0]
    try:
        with watching(bob) as stream:
            add(bob, "Ben")
            configure(daemon, CONFIG + "[limits]\ndraws_per_minute = 2\n")
            for _ in range(3):
                send(bob, client="1")
                _, told = exchange(stream, 1)
            assert told["error"]["kind"] == "quota" and told["error"]["data"][0] == 1
    finally:
        configure(daemon, CONFIG)


def test_without_a_daemon_it_says_so(place: Path) -> None:
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    make_people(site, alice=["member"])
    with site.serving() as address:
        alice = Visitor(address, "alice")
        with alice.listening() as stream:
            assert stream.wait_for("hello").data["queue"]["daemon"] == "absent"
            add(alice, "Ann")
            send(alice, client="1")
            assert exchange(stream, 1)[1]["error"]["kind"] == "not-running"
