"""Who drew is known, not claimed; and each sees only what is theirs to see."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fifod import recipe
from tests import needs
from tests.children import in_child
from tests.daemons import Daemon, reachable_directory, remove
from tests.pipes import Answer, Pipe, code, result
from tests.process.conftest import QUICK

ALICE, BOB, AUDITOR, FRONT_END = 61001, 61002, 61003, 61004
GOOD = {"n": 3, "min": 1, "max": 10**9}


@pytest.fixture(scope="module")
def served() -> Iterator[Daemon]:
    """A daemon with an auditor and a front end."""
    needs.root()
    place = reachable_directory()
    with Daemon(place, f"{QUICK}auditors = [{AUDITOR}]\nfront_ends = [{FRONT_END}]\n") as daemon:
        yield daemon
    remove(place)


def ask_as(daemon: Daemon, uid: int, *requests: tuple[str, dict[str, Any], dict[str, Any]]) -> list[Answer]:
    """Answers to requests (method, params, further members) by one client of a user."""

    def ask() -> list[Answer]:
        with Pipe(daemon.run) as pipe:
            return [pipe.ask(method, params, **members) for method, params, members in requests]

    answers: list[Answer] = in_child(ask, uid)
    return answers


def draw_as(daemon: Daemon, uid: int, params: dict[str, Any] = GOOD, **members: object) -> Answer:
    return ask_as(daemon, uid, ("generateIntegers", params, members))[0]


def query_as(daemon: Daemon, uid: int, method: str, params: dict[str, Any], **members: object) -> Answer:
    return ask_as(daemon, uid, (method, params, members))[0]


def body_of(daemon: Daemon, serial: int) -> dict[str, Any]:
    return next(body for head, body, _ in daemon.records() if head.get("serial") == serial)


# --- what each may see ---


def test_the_drawer_is_the_owner_of_the_reply_fifo(served: Daemon) -> None:
    serial = result(draw_as(served, ALICE))["serialNumber"]
    body = body_of(served, serial)
    assert (body["drawer"], body["uid"], body["transport"]) == (f"unix:{ALICE}", ALICE, "fifo")
    assert "user" not in body


def test_only_the_drawer_and_auditors_get_a_result_again(served: Daemon) -> None:
    drawn = result(draw_as(served, ALICE, purpose="hers"))
    serial = {"serialNumber": drawn["serialNumber"]}
    own = result(query_as(served, ALICE, "getResult", serial))
    assert {name: own[name] for name in drawn} == drawn
    assert hashlib.sha256(own["head"].encode()).hexdigest() == drawn["hash"]
    assert json.loads(own["body"])["purpose"] == "hers"
    assert result(query_as(served, AUDITOR, "getResult", serial)) == own
    foreign, missing = (
        query_as(served, BOB, "getResult", {"serialNumber": n}) for n in (serial["serialNumber"], 10**9)
    )
    assert code(foreign) == code(missing) == 303
    assert foreign["error"]["data"] == missing["error"]["data"] == ["serialNumber"]
    same = {re.sub(r"\d+", "N", answer["error"]["message"]) for answer in (foreign, missing)}
    assert len({message.removesuffix(" that you may see") for message in same}) == 1


def test_each_lists_their_own_draws_and_auditors_everybodys(served: Daemon) -> None:
    alices = [result(draw_as(served, ALICE))["serialNumber"] for _ in range(3)]
    bobs = [result(draw_as(served, BOB))["serialNumber"] for _ in range(2)]

    def listed(uid: int, **params: object) -> list[int]:
        draws = result(query_as(served, uid, "listDraws", params))["draws"]
        return [draw["serialNumber"] for draw in draws]

    assert listed(ALICE, n=3) == alices[::-1]
    assert listed(BOB, n=1000)[:2] == bobs[::-1] and not set(listed(BOB, n=1000)) & set(alices)
    assert listed(AUDITOR, n=5) == bobs[::-1] + alices[::-1]
    assert listed(ALICE, n=2, before=alices[2]) == [alices[1], alices[0]]
    assert listed(AUDITOR, n=1000) == sorted(listed(AUDITOR, n=1000), reverse=True)


def test_a_long_list_comes_in_pages(served: Daemon) -> None:
    def page_through() -> tuple[list[int], list[int]]:
        with Pipe(served.run) as pipe:
            drawn = [pipe.draw()["serialNumber"] for _ in range(25)]
            seen: list[int] = []
            before = None
            while True:
                page = result(pipe.ask("listDraws", {"n": 10} | ({"before": before} if before else {})))
                seen += [draw["serialNumber"] for draw in page["draws"]]
                before = page["next"]
                if before is None:
                    return drawn, seen

    drawn, seen = in_child(page_through, 61005)
    assert seen == drawn[::-1]


def test_heads_are_open_to_all_and_bodies_are_not(served: Daemon) -> None:
    serial = result(draw_as(served, ALICE, purpose="a secret of Alice's"))["serialNumber"]
    answer = query_as(served, BOB, "getChain", {"serialNumber": serial, "n": 1})
    [head] = result(answer)["heads"][:1]
    assert json.loads(head)["serial"] == serial and "purpose" not in json.dumps(answer)
    newest = result(query_as(served, BOB, "getChain", {}))["heads"]
    assert len(newest) == 1


def test_the_chain_that_anyone_gets_holds_together(served: Daemon) -> None:
    draw_as(served, ALICE)
    answer = result(query_as(served, BOB, "getChain", {"serialNumber": 1, "n": 1000}))
    before = "0" * 64
    for head in answer["heads"]:
        assert json.loads(head)["prev"] == before
        before = hashlib.sha256(head.encode()).hexdigest()


def test_status_tells_each_their_own_quota(daemon: Daemon) -> None:
    """By a daemon of its own, whose minute has just begun: with the next one all is given back."""
    needs.root()
    before = result(query_as(daemon, BOB, "getStatus", {}))["quota"]
    draw_as(daemon, ALICE)
    assert result(query_as(daemon, BOB, "getStatus", {}))["quota"] == before
    draw_as(daemon, BOB)
    after = result(query_as(daemon, BOB, "getStatus", {}))["quota"]
    assert (before["draws"] - after["draws"], before["values"] - after["values"]) == (1, 3)


# --- front ends ---


def test_a_front_end_draws_for_its_users_and_nobody_else_does(served: Daemon) -> None:
    serial = result(draw_as(served, FRONT_END, user="7:alice"))["serialNumber"]
    body = body_of(served, serial)
    assert (body["drawer"], body["uid"], body["user"]) == ("web:7:alice", FRONT_END, "7:alice")
    for uid in (ALICE, AUDITOR, 0):
        refused = draw_as(served, uid, user="7:alice")
        assert code(refused) == 201 and refused["error"]["data"] == ["user"]
        assert code(query_as(served, uid, "listDraws", {}, user="7:alice")) == 201


def test_a_front_ends_users_see_only_their_own(served: Daemon) -> None:
    serial = result(draw_as(served, FRONT_END, user="8:carol"))["serialNumber"]
    own = query_as(served, FRONT_END, "getResult", {"serialNumber": serial}, user="8:carol")
    assert result(own)["serialNumber"] == serial
    for members in ({"user": "9:dave"}, {}):
        assert code(query_as(served, FRONT_END, "getResult", {"serialNumber": serial}, **members)) == 303
    listed = result(query_as(served, FRONT_END, "listDraws", {}, user="8:carol"))["draws"]
    assert [draw["serialNumber"] for draw in listed] == [serial]


def test_an_auditors_rights_are_not_lent_to_web_users(place: Path) -> None:
    needs.root()
    with Daemon(place, f"{QUICK}auditors = [{FRONT_END}]\nfront_ends = [{FRONT_END}]\n") as daemon:
        serial = result(draw_as(daemon, ALICE))["serialNumber"]
        assert code(query_as(daemon, FRONT_END, "getResult", {"serialNumber": serial}, user="7:eve")) == 303
        assert result(query_as(daemon, FRONT_END, "getResult", {"serialNumber": serial}))["serialNumber"] == serial


# --- the classic bridge's clients ---


@pytest.mark.parametrize("pid", [4242, 0, -1, 2**31 - 1, -(2**31)])
def test_the_pid_of_a_classic_client_is_recorded_as_its_claim(served: Daemon, pid: int) -> None:
    body = body_of(served, result(draw_as(served, ALICE, classic={"pid": pid}))["serialNumber"])
    assert (body["drawer"], body["transport"], body["claimedPid"]) == (f"unix:{ALICE}", "classic", pid)
    own = body_of(served, result(draw_as(served, ALICE, classic=None))["serialNumber"])
    assert own["transport"] == "fifo" and "claimedPid" not in own


# --- purpose and input ---


def test_purpose_and_input_are_recorded_as_given(served: Daemon) -> None:
    about = {"count": 120, "sha256": "ab" * 32}
    purpose = 'Prüfstichprobe Q3 — „A“ \U0001f3b2 \\ " / <b>'
    serial = result(draw_as(served, ALICE, purpose=purpose, input=about))["serialNumber"]
    body = body_of(served, serial)
    assert (body["purpose"], body["input"]) == (purpose, about)
    longest = "é" * 200
    assert body_of(served, result(draw_as(served, ALICE, purpose=longest))["serialNumber"])["purpose"] == longest
    assert code(draw_as(served, ALICE, purpose=longest + "é")) == 203


# --- keys ---


@pytest.fixture
def key() -> str:
    return os.urandom(16).hex()


def restart(daemon: Daemon, end: Callable[[], object]) -> None:
    end()
    daemon.start()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_key_gives_the_same_draw_again_also_after_a_restart(daemon: Daemon, key: str, end: str) -> None:
    with Pipe(daemon.run) as pipe:
        first = pipe.draw(key=key, purpose="x")
        assert pipe.draw(key=key, purpose="x") == first
        assert pipe.draw(key=os.urandom(16).hex(), purpose="x") != first
    restart(daemon, getattr(daemon, end))
    with Pipe(daemon.run) as pipe:
        assert pipe.draw(key=key, purpose="x") == first
        assert pipe.status()["serialNumber"] == 2


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_key_gives_a_secret_draw_again_after_a_restart_to_nobody_but_its_holder(
    daemon: Daemon, key: str, end: str
) -> None:
    with Pipe(daemon.run) as pipe:
        first = pipe.draw(key=key, secret=True)
    restart(daemon, getattr(daemon, end))
    with Pipe(daemon.run) as pipe:
        assert pipe.draw(key=key, secret=True) == first
    content = b"".join(segment.read_bytes() for segment in daemon.segments()).decode()
    assert first["seed"] not in content and key not in content


def test_a_key_used_for_something_else_is_refused(served: Daemon, key: str) -> None:
    result(draw_as(served, ALICE, key=key, purpose="x"))
    others: list[dict[str, Any]] = [
        {"purpose": "y"},
        {"purpose": "x", "secret": True},
        {"purpose": "x", "input": {"count": 1, "sha256": "0" * 64}},
        {"purpose": "x", "classic": {"pid": 4242}},
        {},
    ]
    answers = [draw_as(served, ALICE, key=key, **other) for other in others]
    answers.append(draw_as(served, ALICE, {**GOOD, "n": 4}, key=key, purpose="x"))
    answers.append(query_as(served, ALICE, "generateUUIDs", {"n": 1}, key=key, purpose="x"))
    assert [(code(answer), answer["error"]["data"]) for answer in answers] == [(302, ["key"])] * 7


def test_defaults_given_or_left_out_are_the_same_request(served: Daemon, key: str) -> None:
    first = result(draw_as(served, ALICE, key=key))
    again = draw_as(
        served, ALICE, {**GOOD, "replacement": True, "base": 10, "pregeneratedRandomization": None}, key=key
    )
    assert result(again) == first


def test_a_key_is_its_drawers_own(served: Daemon, key: str) -> None:
    alices = result(draw_as(served, ALICE, key=key))
    bobs = result(draw_as(served, BOB, key=key))
    carols, daves = (result(draw_as(served, FRONT_END, key=key, user=user)) for user in ("8:carol", "9:dave"))
    assert len({drawn["serialNumber"] for drawn in (alices, bobs, carols, daves)}) == 4
    assert len({str(drawn["random"]["data"]) for drawn in (alices, bobs, carols, daves)}) == 4


def test_one_key_many_times_at_once_is_one_draw(daemon: Daemon, pipe: Pipe, key: str) -> None:
    for _ in range(200):
        pipe.submit("generateIntegers", GOOD, key=key)
    drawn = [result(pipe.receive()) for _ in range(200)]
    assert all(one == drawn[0] for one in drawn)
    assert pipe.status()["serialNumber"] == 1


# --- secret draws ---


def test_a_secret_draws_values_are_its_drawers_alone(served: Daemon) -> None:
    drawn = result(draw_as(served, ALICE, secret=True))
    serial = {"serialNumber": drawn["serialNumber"]}
    body = body_of(served, drawn["serialNumber"])
    assert "seed" not in body and body["seedHash"] == hashlib.sha256(bytes.fromhex(drawn["seed"])).hexdigest()
    assert recipe.values("generateIntegers", body["params"], bytes.fromhex(drawn["seed"])) == drawn["random"]["data"]
    for uid in (ALICE, AUDITOR):
        refused = query_as(served, uid, "getResult", serial)
        assert code(refused) == 303 and "secret" in refused["error"]["message"]
        listed = result(query_as(served, uid, "listDraws", {"n": 1}))["draws"]
        assert listed[0]["serialNumber"] == drawn["serialNumber"] and drawn["seed"] not in json.dumps(listed)
    stranger = query_as(served, BOB, "getResult", serial)
    assert code(stranger) == 303 and "secret" not in stranger["error"]["message"]


def test_an_open_draw_follows_from_its_recorded_seed(served: Daemon) -> None:
    drawn = result(draw_as(served, ALICE))
    assert "seed" not in drawn
    body = body_of(served, drawn["serialNumber"])
    assert recipe.values(body["method"], body["params"], bytes.fromhex(body["seed"])) == drawn["random"]["data"]


# --- quotas ---


def test_a_quota_is_each_drawers_own_and_says_what_is_left(place: Path) -> None:
    needs.root()
    config = f"{QUICK}front_ends = [{FRONT_END}]\n[limits]\ndraws_per_minute = 3\nvalues_per_minute = 10\n"
    with Daemon(place, config) as daemon:

        def drawn(n: int, **members: object) -> tuple[str, dict[str, Any], dict[str, Any]]:
            return "generateIntegers", {"n": n, "min": 1, "max": 6}, members

        key = "0" * 32
        answers = ask_as(
            daemon, ALICE, drawn(8, key=key), drawn(3), drawn(2), drawn(1), ("getStatus", {}, {}), drawn(8, key=key)
        )
        assert code(answers[1]) == 402 and answers[1]["error"]["data"] == [3, 2]
        assert "result" in answers[2]
        assert code(answers[3]) == 402 and answers[3]["error"]["data"] == [1, 0]
        assert result(answers[4])["quota"] == {"draws": 1, "values": 0}
        assert answers[5]["result"] == answers[0]["result"], "a repeat costs nothing"
        assert result(draw_as(daemon, BOB, {"n": 10, "min": 1, "max": 6}))
        for user in ("7:alice", "8:carol"):
            assert result(draw_as(daemon, FRONT_END, {"n": 10, "min": 1, "max": 6}, user=user))
        last = [draw_as(daemon, BOB, {"n": 1, "min": 1, "max": 6})]
        assert code(last[0]) == 402
