"""Clients that pages run, as the server has them: what they do when something goes wrong, and when they go."""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.client.standin import StandIn, answer, reply, result
from tests.waiting import DEADLINE
from webui.live import clients as module
from webui.live.clients import KEPT_IDLE, KEPT_UNWATCHED, MOST_CLIENTS, Clients, NoRoom, Place


class Told:
    """What clients tell."""

    def __init__(self) -> None:
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.fails = False
        self._more = threading.Condition()

    def __call__(self, account: int, piece: bytes) -> None:
        with self._more:
            self.events.append((account, json.loads(piece.decode().split("data: ", 1)[1])))
            self._more.notify_all()
        if self.fails:
            raise RuntimeError("the event loop is closed")

    def wait_for(self, what: str) -> Any:
        """The first thing of a kind that is told."""
        with self._more:
            assert self._more.wait_for(lambda: self.all(what), DEADLINE), f"waited in vain for {what}"
            return self.all(what)[0]

    def all(self, what: str) -> list[Any]:
        """All things of a kind that were told."""
        return [data[what] for _, data in self.events if what in data]

    def steps(self) -> list[dict[str, Any]]:
        return [step for _, data in self.events for step in data.get("steps", [])]


@pytest.fixture
def alone(place: Path) -> Iterator[tuple[Clients, Told, Place, set[int]]]:
    """Clients outside a server, and the accounts that are thought to watch."""
    told, watched = Told(), {7}
    clients = Clients(told, lambda account: account in watched)
    (place / "run").mkdir()
    yield clients, told, Place(place / "run", place / "ledger"), watched
    clients.close()


ACCOUNT = User(pk=7, username="alice")
PARAMS: dict[str, object] = {"n": 1, "min": 1, "max": 6}


def test_what_it_shows_are_the_bytes_that_went_over_the_pipes(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, told, place, _ = alone
    sent: list[bytes] = []

    def behave(standin: StandIn, request: dict[str, Any]) -> None:
        sent.append(result(request, ["\u20ac"]))
        standin.write(request, sent[-1])

    with StandIn(str(place.runtime_dir), behave) as standin:
        client = clients.add(ACCOUNT, 'A","reply":"x', place)
        client.draw(PARAMS, lambda: None)
        [request] = standin.requests
        raw = standin.raw
    written, read = (next(step for step in told.steps() if step["step"] == name) for name in ("written", "read"))
    assert written["bytes"] == len(raw) and read["bytes"] == len(sent[0])
    unmasked = written["text"].replace("••••", request["reply"], 1).replace("••••", request["key"], 1)
    assert sorted(unmasked) == sorted(raw.decode()) and '"reply":"••••"' in written["text"]
    assert r"live view: A\",\"reply\":\"x" in written["text"]
    assert read["text"] == sent[0].decode()


def test_a_reply_that_comes_too_late_finds_nobody(
    alone: tuple[Clients, Told, Place, set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients, told, place, _ = alone
    monkeypatch.setattr("webui.live.clients.SECONDS_FOR_A_DRAW", 0.1)
    with StandIn(str(place.runtime_dir), lambda standin, request: None):
        client = clients.add(ACCOUNT, "Ann", place)
        client.draw(PARAMS, lambda: None)
        assert [error["kind"] for error in told.all("error")] == ["timed-out"]
        assert told.steps()[-1]["step"] == "closed" and not client.has_fifo
        assert os.listdir(place.runtime_dir / "replies") == []


def test_a_refusal_leaves_its_fifo(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, told, place, _ = alone

    def refuse(standin: StandIn, request: dict[str, Any]) -> None:
        error = {"code": 101, "message": "refusing"}
        standin.write(request, json.dumps({"jsonrpc": "2.0", "error": error, "id": request["id"]}).encode() + b"\n")

    with StandIn(str(place.runtime_dir), refuse):
        client = clients.add(ACCOUNT, "Ann", place)
        client.draw(PARAMS, lambda: None)
        assert [error["kind"] for error in told.all("error")] == ["refusing"]
        assert client.has_fifo


def test_idle_ones_are_removed(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, _, place, _ = alone
    clients.add(ACCOUNT, "Ann", place)
    clients.sweep(time.monotonic() + KEPT_IDLE - 5)
    assert len(clients.of(7)) == 1
    clients.sweep(time.monotonic() + KEPT_IDLE + 5)
    assert clients.of(7) == []


def test_those_whose_live_view_is_gone_are_removed_after_a_while(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, _, place, watched = alone
    clients.add(ACCOUNT, "Ann", place)
    now = time.monotonic()
    watched.clear()
    clients.sweep(now)
    watched.add(7)
    clients.sweep(now + KEPT_UNWATCHED + 1)
    assert len(clients.of(7)) == 1  # it came back in time
    watched.clear()
    clients.sweep(now + KEPT_UNWATCHED + 2)
    clients.sweep(now + 2 * KEPT_UNWATCHED + 3)
    assert clients.of(7) == []


def test_there_is_an_end_to_how_many_there_are_in_all(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, _, place, _ = alone
    for number in range(MOST_CLIENTS):
        clients.add(User(pk=number + 100, username="x"), "Ann", place)
    with pytest.raises(NoRoom):
        clients.add(ACCOUNT, "Ann", place)


def test_all_at_once_does_not_wait_for_one_that_was_asked_elsewhere(
    alone: tuple[Clients, Told, Place, set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients, told, place, _ = alone
    monkeypatch.setattr(module, "START_TOGETHER_WITHIN", 2 * DEADLINE)
    with StandIn(str(place.runtime_dir), answer):
        client = clients.add(ACCOUNT, "Ann", place)
        clients.send([client, client], PARAMS)
        told.wait_for("serial")


def test_a_fault_of_the_site_is_told(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, told, place, _ = alone

    def behave(standin: StandIn, request: dict[str, Any]) -> None:
        standin.write(request, reply(request["id"], {"serialNumber": "none"}))

    with StandIn(str(place.runtime_dir), behave):
        client = clients.add(ACCOUNT, "Ann", place)
        clients.send([client], PARAMS)
        assert told.wait_for("error")["kind"] == "fault"


def test_they_are_looked_at_again_after_a_fault(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_EVERY", 0.01)
    asked, again = threading.Event(), threading.Event()

    def is_watched(account: int) -> bool:
        if not asked.is_set():
            asked.set()
            raise RuntimeError("a set changed while it was looked through")
        again.set()
        return True

    clients = Clients(Told(), is_watched)
    clients.add(ACCOUNT, "Ann", Place(place / "run", place / "ledger"))
    assert again.wait(DEADLINE)
    clients.close()


def test_at_the_end_all_are_removed_even_if_that_cannot_be_told(alone: tuple[Clients, Told, Place, set[int]]) -> None:
    clients, told, place, _ = alone
    with StandIn(str(place.runtime_dir), answer):
        for name in ("Ann", "Ben"):
            clients.add(ACCOUNT, name, place).draw(PARAMS, lambda: None)
        told.fails = True
        clients.close()
        assert os.listdir(place.runtime_dir / "replies") == []
