"""The service: what a request is answered with, and what stands in the ledger by then."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from fifod import __version__, checker
from fifod.config import Limits
from fifod.keystream import Keystream
from fifod.ledger.record import END, UNDELIVERED
from fifod.types import Classic
from tests.unit.ledgers import content, no_file_beyond
from tests.unit.services import ALICE, AUDITOR, BOB, FRONT_END, HOST_KEY, Office, asked, text_of

KEY, OTHER_KEY = "0123456789abcdef" * 2, "f" * 32
FIVE = {"n": 5, "min": 1, "max": 100}
LISTED = {"count": 3, "sha256": "ab" * 32}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "ledger")


# --- a draw ---


def test_a_draw_is_answered_as_random_org_would_and_with_its_record(office: Office) -> None:
    answer = office.answer("generateIntegers", FIVE, id="x")
    [record] = office.drawn()
    assert answer == {
        "jsonrpc": "2.0",
        "result": {
            "random": {
                "data": checker.values("generateIntegers", FIVE, bytes.fromhex(record.body["seed"])),
                "completionTime": "2026-11-23 08:00:00Z",
            },
            "bitsUsed": 33,
            "serialNumber": 1,
            "hash": record.hash,
            "ledger": office.writer.identity,
        },
        "id": "x",
    }


def test_a_record_says_who_drew_what_when_and_from_which_seed(office: Office) -> None:
    office.draw(purpose="für die Probe", input=LISTED, key=KEY)
    [record] = office.drawn()
    assert json.loads(record.body_bytes) == {
        "drawer": "unix:1000",
        "uid": 1000,
        "transport": "fifo",
        "purpose": "für die Probe",
        "input": LISTED,
        "key": hashlib.sha256(f"unix:1000\0{KEY}".encode()).hexdigest(),
        "method": "generateIntegers",
        "params": {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10},
        "recipe": "fifod-1",
        "seed": hashlib.sha256(b"seed 1").hexdigest(),
        "received": "2026-11-23T08:00:00.123456Z",
    }
    assert record.head.time == "2026-11-23T08:00:00.123456Z"


def test_a_record_says_which_process_a_classic_client_claimed_to_be(office: Office) -> None:
    office.draw(classic=Classic(-1))
    [record] = office.drawn()
    assert (record.body["transport"], record.body["claimedPid"]) == ("classic", -1)


def test_a_key_of_a_classic_client_gives_its_draw_again_and_nobody_elses(office: Office) -> None:
    first = office.draw(key=KEY, classic=Classic(4242))
    office.start()
    assert office.draw(key=KEY, classic=Classic(4242)) == first
    for other in ({}, {"classic": Classic(4243)}, {"classic": Classic(0)}):
        assert office.error("generateIntegers", FIVE, key=KEY, **other) == (302, ["key"])


def test_every_character_of_a_purpose_comes_back_from_the_record(office: Office) -> None:
    purpose = 'a "quoted" \\ text, "key":"x", 中文 😀'
    office.draw(purpose=purpose)
    assert office.drawn()[0].body["purpose"] == purpose


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("generateIntegers", {"n": 3000, "min": 1, "max": 3000, "replacement": False}),
        ("generateIntegers", {"n": 3, "min": -5, "max": 5, "base": 16}),
        ("generateIntegerSequences", {"n": 2, "length": [5, 1], "min": 1, "max": [69, 26], "replacement": False}),
        ("generateDecimalFractions", {"n": 3, "decimalPlaces": 8}),
        ("generateGaussians", {"n": 3, "mean": 0.5, "standardDeviation": 2, "significantDigits": 5}),
        ("generateStrings", {"n": 2000, "length": 4, "characters": 'äß"\\'}),
        ("generateUUIDs", {"n": 2}),
        ("generateBlobs", {"n": 2, "size": 524_288}),
    ],
)
def test_every_methods_values_follow_from_the_record(office: Office, method: str, params: dict[str, Any]) -> None:
    data = office.result(method, params)["random"]["data"]
    [record] = office.drawn()
    assert record.body["method"] == method
    right = checker.values(method, record.body["params"], bytes.fromhex(record.body["seed"]))
    assert data == json.loads(json.dumps(right, default=float))


def test_a_record_stands_before_its_reply_is_made(office: Office) -> None:
    [reply] = office.service.answer([asked("generateIntegers", {"n": 100_000, "min": 1, "max": 6})])
    assert len(office.drawn()) == 1
    assert reply.rest is not None
    assert reply.serial == 1
    assert len(json.loads(text_of(reply))["result"]["random"]["data"]) == 100_000


def test_a_batch_is_recorded_by_one_write(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        written.append(data)
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    those = [asked("generateIntegers", FIVE, id=number, uid=ALICE + number % 3) for number in range(50)]
    answers = office.batch(*those)
    monkeypatch.undo()
    assert [answer["id"] for answer in answers] == list(range(50))
    assert [answer["result"]["serialNumber"] for answer in answers] == list(range(1, 51))
    assert len(written) == 1
    assert written[0].count(b"\n") == 50


def test_a_refused_request_uses_up_no_serial_number_and_spoils_no_other(office: Office) -> None:
    bad = {**FIVE, "n": 0}
    answers = office.batch(
        asked("generateIntegers", FIVE),
        asked("generateIntegers", bad),
        asked("getStatus"),
        asked("generateUUIDs", {"n": 1}),
    )
    assert answers[1]["error"]["code"] == 202
    assert answers[1]["error"]["data"] == ["n", 1, 1_000_000]
    assert [answers[0]["result"]["serialNumber"], answers[3]["result"]["serialNumber"]] == [1, 2]
    assert len(office.drawn()) == 2


def test_an_empty_batch_has_no_answers(office: Office) -> None:
    assert office.batch() == []


def test_an_unknown_method_is_told_the_nearest_one(office: Office) -> None:
    error = office.answer("generateInteger", FIVE)["error"]
    assert (error["code"], error["data"]) == (-32601, ["generateInteger"])
    assert error["message"] == "there is no method 'generateInteger'; did you mean generateIntegers?"


def test_a_stream_is_answered_before_its_bytes(office: Office) -> None:
    [reply] = office.service.answer([asked("stream")])
    [record] = office.drawn()
    assert json.loads(reply.first)["result"] == {
        "completionTime": "2026-11-23 08:00:00Z",
        "serialNumber": 1,
        "hash": record.hash,
        "ledger": office.writer.identity,
    }
    assert reply.is_stream
    assert reply.rest is not None
    taken = b"".join(next(reply.rest) for _ in range(3))
    assert taken == Keystream(bytes.fromhex(record.body["seed"])).take(len(taken))


def test_what_became_of_replies_and_streams_is_recorded(office: Office) -> None:
    office.draw()
    office.service.record_undelivered(1, "the client left")
    office.service.record_end(1, 65536, "ab" * 32)
    records = [record for record, _ in office.reader.records()][2:]
    assert [(record.head.kind, record.body) for record in records] == [
        (UNDELIVERED, {"draw": 1, "reason": "the client left"}),
        (END, {"draw": 1, "length": 65536, "sha256": "ab" * 32}),
    ]


# --- keys ---


def test_a_repeated_request_gets_its_draw_again_under_its_own_id(office: Office) -> None:
    first = office.answer("generateIntegers", FIVE, key=KEY, id=1)
    again = office.answer("generateIntegers", FIVE, key=KEY, id=2)
    assert again == {**first, "id": 2}
    assert len(office.drawn()) == 1


def test_a_repeated_request_gets_its_draw_again_later_and_after_a_restart(office: Office) -> None:
    first = office.draw(key=KEY)
    office.clock.now += 3600 * 10**9
    assert office.draw(key=KEY) == first
    office.start()
    assert office.draw(key=KEY) == first
    assert len(office.drawn()) == 1


def test_a_key_that_comes_twice_in_a_batch_is_one_draw(office: Office) -> None:
    those = [asked("generateIntegers", FIVE, key=key, id=1) for key in (KEY, OTHER_KEY, KEY, None, KEY, OTHER_KEY)]
    serials = [answer["result"]["serialNumber"] for answer in office.batch(*those)]
    assert serials == [1, 2, 1, 3, 1, 2]
    assert len(office.drawn()) == 3


def test_a_batch_may_be_one_request_repeated(office: Office) -> None:
    answers = office.batch(*[asked("generateIntegers", FIVE, key=KEY)] * 512)
    assert {answer["result"]["serialNumber"] for answer in answers} == {1}


def test_a_large_draw_is_repeated_whole(office: Office) -> None:
    assert office.draw(5000, key=KEY) == office.draw(5000, key=KEY)


@pytest.mark.parametrize(
    ("params", "members"),
    [
        ({**FIVE, "n": 6}, {}),
        ({**FIVE, "base": 16}, {}),
        (FIVE, {"purpose": "another"}),
        (FIVE, {"input": LISTED}),
        (FIVE, {"secret": True}),
        (FIVE, {"classic": Classic(4242)}),
    ],
)
def test_a_key_is_good_for_one_request_only(office: Office, params: dict[str, Any], members: dict[str, Any]) -> None:
    office.draw(key=KEY)
    assert office.error("generateIntegers", params, key=KEY, **members) == (302, ["key"])
    assert office.error("generateUUIDs", {"n": 5}, key=KEY) == (302, ["key"])
    assert len(office.drawn()) == 1


def test_parameters_that_are_written_otherwise_are_no_others(office: Office) -> None:
    first = office.draw(key=KEY)
    spelt_out = {"replacement": True, "base": None, "max": 100, "min": 1, "n": 5}
    assert office.result("generateIntegers", spelt_out, key=KEY) == first


def test_everyone_has_keys_of_his_own(office: Office) -> None:
    callers: list[dict[str, Any]] = [
        {"uid": ALICE},
        {"uid": BOB},
        {"uid": FRONT_END},
        {"uid": FRONT_END, "user": "7:alice"},
        {"uid": FRONT_END, "user": "8:bob"},
    ]
    for _ in range(2):
        assert [office.draw(key=KEY, **caller)["serialNumber"] for caller in callers] == [1, 2, 3, 4, 5]


def test_a_key_is_compared_in_full(office: Office) -> None:
    office.draw(key=KEY)
    digest = office.drawn()[0].body["key"]
    [segment] = office.directory.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(digest.encode(), digest[:32].encode() + b"0" * 32))
    assert office.draw(key=KEY)["serialNumber"] == 2


def test_a_repeated_stream_begins_again(office: Office) -> None:
    first, again = (office.service.answer([asked("stream", key=KEY)])[0] for _ in range(2))
    assert first.first == again.first
    assert first.rest is not None
    assert again.rest is not None
    assert next(first.rest) == next(again.rest)


def test_a_repeated_request_costs_no_quota(tmp_path: Path) -> None:
    office = Office(tmp_path / "ledger", Limits(draws_per_minute=1))
    assert office.draw(key=KEY) == office.draw(key=KEY)


# --- secret draws ---


def test_a_secret_draws_seed_goes_to_its_drawer_and_not_into_the_record(office: Office) -> None:
    result = office.draw(secret=True)
    [record] = office.drawn()
    seed = bytes.fromhex(result["seed"])
    assert record.body["seedHash"] == hashlib.sha256(seed).hexdigest()
    assert result["seed"].encode() not in content(office.directory)
    assert result["random"]["data"] == checker.values("generateIntegers", record.body["params"], seed)


def test_a_secret_draw_is_repeated_to_who_knows_its_key_even_after_a_restart(office: Office) -> None:
    first = office.draw(key=KEY, secret=True)
    office.start()
    assert office.draw(key=KEY, secret=True) == first
    assert first["seed"].encode() not in content(office.directory)
    assert KEY.encode() not in content(office.directory)


def test_a_secret_stream_tells_its_seed(office: Office) -> None:
    [reply] = office.service.answer([asked("stream", secret=True)])
    seed = json.loads(reply.first)["result"]["seed"]
    assert reply.rest is not None
    assert next(reply.rest).startswith(Keystream(bytes.fromhex(seed)).take(100))


# --- repeatable draws ---


@pytest.mark.parametrize(("kind", "value"), [("date", "2010-12-31"), ("id", "Ziehung 7")])
def test_a_repeatable_draw_is_the_same_for_all_for_ever_and_says_so(office: Office, kind: str, value: str) -> None:
    params = {**FIVE, "pregeneratedRandomization": {kind: value}}
    first = office.result("generateIntegers", params)
    office.start()
    second = office.result("generateIntegers", params, uid=BOB)
    assert first["random"]["data"] == second["random"]["data"]
    assert first["repeatable"] is second["repeatable"] is True
    assert [first["serialNumber"], second["serialNumber"]] == [1, 2]
    seed = hmac.digest(HOST_KEY, f"generateIntegers\n{kind}\n{value}".encode(), "sha256").hex()
    assert [(record.body["repeatable"], record.body["seed"]) for record in office.drawn()] == [(True, seed)] * 2
    assert office.entropy.count == 0


def test_another_host_or_method_or_id_gives_another_repeatable_draw(office: Office) -> None:
    def seed(method: str, params: dict[str, Any], name: str) -> str:
        office.result(method, {**params, "pregeneratedRandomization": {"id": name}})
        found: str = office.drawn()[-1].body["seed"]
        return found

    assert (
        len(
            {
                seed("generateIntegers", FIVE, "a"),
                seed("generateIntegers", FIVE, "b"),
                seed("generateUUIDs", {"n": 1}, "a"),
            }
        )
        == 3
    )


def test_a_repeatable_draw_cannot_be_secret(office: Office) -> None:
    params = {**FIVE, "pregeneratedRandomization": {"id": "x"}}
    assert office.error("generateIntegers", params, secret=True) == (201, ["secret"])


def test_today_is_the_day_in_utc(office: Office) -> None:
    params = {**FIVE, "pregeneratedRandomization": {"date": "2026-11-24"}}
    office.clock.now += 16 * 3600 * 10**9 - 10**9
    assert office.error("generateIntegers", params) == (201, ["pregeneratedRandomization"])
    office.clock.now += 10**9
    assert office.result("generateIntegers", params)


# --- on behalf of ---


def test_a_front_end_draws_on_behalf_of_its_users(office: Office) -> None:
    office.draw(uid=FRONT_END, user="7:alice")
    [record] = office.drawn()
    assert (record.body["drawer"], record.body["uid"], record.body["user"]) == ("web:7:alice", FRONT_END, "7:alice")


@pytest.mark.parametrize("uid", [ALICE, AUDITOR, 0])
@pytest.mark.parametrize("method", ["generateIntegers", "stream", "getStatus", "listDraws", "getResult", "getChain"])
def test_nobody_else_may_name_a_user(office: Office, uid: int, method: str) -> None:
    assert office.error(method, uid=uid, user="7:alice") == (201, ["user"])
    assert office.drawn() == []


def test_a_front_end_that_is_an_auditor_lends_its_eyes_to_no_user(office: Office) -> None:
    office.draw(uid=ALICE)
    office.config = type(office.config)("process", (FRONT_END,), (FRONT_END,))
    office.service.configure(office.config)
    assert len(office.result("listDraws", uid=FRONT_END)["draws"]) == 1
    assert office.result("listDraws", uid=FRONT_END, user="7:alice")["draws"] == []
    assert office.error("getResult", {"serialNumber": 1}, uid=FRONT_END, user="7:alice") == (303, ["serialNumber"])


# --- quotas ---


def test_a_quota_of_draws_is_each_drawers_own_and_comes_back_after_a_minute(tmp_path: Path) -> None:
    office = Office(tmp_path / "ledger", Limits(draws_per_minute=2))
    for _ in range(2):
        office.draw()
    assert office.error("generateIntegers", FIVE) == (402, [1, 0])
    assert office.draw(uid=BOB)["serialNumber"] == 3
    assert office.result("getStatus")["quota"]["draws"] == 0
    office.monotonic.now += 60 * 10**9
    assert office.draw()["serialNumber"] == 4


def test_a_quota_of_values_tells_what_was_asked_and_what_is_left(tmp_path: Path) -> None:
    office = Office(tmp_path / "ledger", Limits(values_per_minute=12))
    office.draw(5)
    assert office.error("generateIntegers", {**FIVE, "n": 8}) == (402, [8, 7])
    assert office.draw(7)["serialNumber"] == 2


def test_a_quota_holds_within_a_batch(tmp_path: Path) -> None:
    office = Office(tmp_path / "ledger", Limits(draws_per_minute=3))
    answers = office.batch(*[asked("generateIntegers", FIVE)] * 5)
    assert ["error" in answer for answer in answers] == [False] * 3 + [True] * 2


# --- when something fails ---


def test_without_entropy_nothing_is_drawn(office: Office) -> None:
    office.entropy.is_broken = True
    before = content(office.directory)
    assert office.error("generateIntegers", FIVE, secret=True) == (101, None)
    assert office.error("stream") == (101, None)
    assert content(office.directory) == before
    office.entropy.is_broken = False
    assert office.draw()["serialNumber"] == 1


def test_without_room_for_the_record_nothing_is_drawn_until_there_is(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.draw()
    before = content(office.directory)
    with no_file_beyond(len(before) + 100), caplog.at_level(logging.WARNING):
        answers = office.batch(
            asked("generateIntegers", FIVE), asked("getResult", {"serialNumber": 1}), asked("stream")
        )
        assert [answers[0]["error"]["code"], answers[2]["error"]["code"]] == [101, 101]
        assert "File too large" in answers[0]["error"]["message"]
        assert answers[1]["result"]["serialNumber"] == 1
        assert office.result("getStatus")["state"].startswith("refusing: cannot write the ledger in ")
        for _ in range(10):
            office.error("generateIntegers", FIVE)
    assert office.draw()["serialNumber"] == 2
    assert office.result("getStatus")["state"] == "serving"
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "refusing draws",
        "drawing again",
    ]
    assert content(office.directory).startswith(before)


def test_draws_for_which_there_was_room_are_answered_and_the_others_cost_nothing(office: Office) -> None:
    quota = office.result("getStatus")["quota"]
    with no_file_beyond(len(content(office.directory)) + 1500):
        answers = office.batch(*(asked("generateIntegers", FIVE) for _ in range(8)))
    made = [answer["result"]["serialNumber"] for answer in answers if "result" in answer]
    refused = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert made == list(range(1, len(made) + 1)) and len(made) in range(1, 8)
    assert refused == [101] * (8 - len(made)) and "error" in answers[-1]
    status = office.result("getStatus")
    assert status["state"].startswith("refusing: ")
    assert status["quota"]["draws"] == quota["draws"] - len(made)
    assert (
        office.result("getResult", {"serialNumber": made[-1]})["random"]["data"]
        == answers[made[-1] - 1]["result"]["random"]["data"]
    )
    assert office.draw()["serialNumber"] == made[-1] + 1
    assert office.result("getStatus")["state"] == "serving"


def test_a_draw_that_came_to_nothing_uses_up_no_quota(office: Office) -> None:
    before = office.result("getStatus")["quota"]
    with no_file_beyond(len(content(office.directory))):
        assert office.error("generateIntegers", FIVE)[0] == 101
    office.entropy.is_broken = True
    assert office.error("generateIntegers", FIVE)[0] == 101
    assert office.result("getStatus")["quota"] == before


def test_a_key_of_a_draw_that_was_not_recorded_is_still_free(office: Office) -> None:
    with no_file_beyond(len(content(office.directory))):
        assert office.error("generateIntegers", FIVE, key=KEY)[0] == 101
    assert office.result("generateUUIDs", {"n": 1}, key=KEY)["serialNumber"] == 1


def test_a_record_that_cannot_be_understood_costs_one_request_only(office: Office) -> None:
    office.draw(key=KEY)
    [segment] = office.directory.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"method":"generateIntegers"', b'"method":"generateNonsense"'))
    answers = office.batch(asked("getResult", {"serialNumber": 1}), asked("generateIntegers", FIVE))
    assert answers[0]["error"]["code"] == -32603
    assert answers[1]["result"]["serialNumber"] == 2


def test_a_fault_of_the_program_costs_one_request_only(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(method: str, given: object, today: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("fifod.service.normalise", fail)
        answers = office.batch(asked("generateIntegers", FIVE), asked("getStatus"))
    assert answers[0]["error"]["code"] == -32603
    assert answers[1]["result"]["requests"] == 0
    assert office.draw()["serialNumber"] == 1


# --- status ---


def test_status_counts_what_happened(office: Office) -> None:
    office.draw()
    office.error("generateIntegers", {**FIVE, "n": 0})
    office.error("generateIntegers", {**FIVE, "n": -1})
    office.error("nonsense")
    last = office.draw(7)
    office.monotonic.now += 5_999_999_999
    office.clock.now += 10**9
    assert office.result("getStatus") == {
        "version": __version__,
        "state": "serving",
        "ledger": office.writer.identity,
        "serialNumber": 2,
        "hash": last["hash"],
        "segments": 1,
        "ledgerBytes": len(content(office.directory)),
        "time": "2026-11-23T08:00:01.123456Z",
        "uptime": 5,
        "durability": "process",
        "draws": 2,
        "requests": 5,
        "refused": {"-32601": 1, "202": 2},
        "quota": {"draws": 600_000 - 2, "values": 100_000_000 - 12},
    }
    assert office.service.head == (2, last["hash"])


def test_status_also_tells_what_the_daemon_knows(office: Office) -> None:
    office.service.live = lambda: {"clients": 3}
    assert office.result("getStatus")["clients"] == 3


def test_a_new_configuration_holds_at_once(office: Office) -> None:
    office.service.configure(type(office.config)("disk", (), (), Limits(draws_per_minute=1)))
    status = office.result("getStatus")
    assert (status["durability"], status["quota"]["draws"]) == ("disk", 1)
    assert office.error("generateIntegers", FIVE, uid=FRONT_END, user="7:alice") == (201, ["user"])


# --- what may be seen ---


def test_get_result_gives_the_draw_as_it_was_with_its_record(office: Office) -> None:
    first = office.draw()
    office.clock.now += 10**12
    [record] = office.drawn()
    shown = {"head": record.head_bytes.decode(), "body": record.body_bytes.decode()}
    assert office.result("getResult", {"serialNumber": 1}) == {**first, **shown}
    assert hashlib.sha256(shown["head"].encode()).hexdigest() == first["hash"]


def test_get_result_gives_a_large_draw_whole(office: Office) -> None:
    first = office.draw(5000)
    assert office.result("getResult", {"serialNumber": 1})["random"] == first["random"]


def test_showing_a_draw_again_does_not_count_as_delivering_it(office: Office) -> None:
    office.draw()
    [reply] = office.service.answer([asked("getResult", {"serialNumber": 1})])
    assert reply.serial == 0


def test_get_result_shows_a_streams_record(office: Office) -> None:
    office.service.answer([asked("stream")])
    [record] = office.drawn()
    assert office.result("getResult", {"serialNumber": 1}) == {
        "serialNumber": 1,
        "hash": record.hash,
        "ledger": office.writer.identity,
        "head": record.head_bytes.decode(),
        "body": record.body_bytes.decode(),
    }


def test_draws_are_seen_by_their_drawer_and_auditors_only(office: Office) -> None:
    callers: list[dict[str, Any]] = [
        {"uid": ALICE},
        {"uid": BOB},
        {"uid": FRONT_END, "user": "7:alice"},
        {"uid": FRONT_END, "user": "8:bob"},
    ]
    for caller in callers:
        office.draw(**caller)
    for own, caller in enumerate(callers, 1):
        for serial in range(1, 5):
            answer = office.answer("getResult", {"serialNumber": serial}, **caller)
            assert ("result" in answer) == (serial == own)
        assert [draw["serialNumber"] for draw in office.result("listDraws", **caller)["draws"]] == [own]
    assert [draw["serialNumber"] for draw in office.result("listDraws", uid=AUDITOR)["draws"]] == [4, 3, 2, 1]
    for serial in range(1, 5):
        assert office.result("getResult", {"serialNumber": serial}, uid=AUDITOR)
    assert office.result("listDraws", uid=FRONT_END)["draws"] == []


def test_anothers_draw_and_none_are_answered_alike(office: Office) -> None:
    office.draw(uid=BOB)
    assert office.error("getResult", {"serialNumber": 1}) == (303, ["serialNumber"])
    assert office.error("getResult", {"serialNumber": 2}) == (303, ["serialNumber"])


def test_a_secret_draws_values_are_shown_to_nobody(office: Office) -> None:
    office.draw(secret=True, key=KEY)
    for uid in (ALICE, AUDITOR):
        assert office.error("getResult", {"serialNumber": 1}, uid=uid) == (303, ["serialNumber"])
    [shown] = office.result("listDraws")["draws"]
    assert "seedHash" in json.loads(shown["body"])


@pytest.mark.parametrize(
    ("method", "params", "code", "data"),
    [
        ("getResult", {}, -32602, ["serialNumber"]),
        ("getResult", {"serialNumber": "1"}, 200, ["serialNumber"]),
        ("getResult", {"serialNumber": True}, 200, ["serialNumber"]),
        ("getResult", {"serialNumber": 0}, 202, ["serialNumber", 1, 2**53 - 1]),
        ("getResult", {"serialNumber": 10**4000}, 202, ["serialNumber", 1, 2**53 - 1]),
        ("getResult", {"serialNumber": 1, "n": 1}, -32602, ["n"]),
        ("listDraws", {"n": 0}, 202, ["n", 1, 1000]),
        ("listDraws", {"n": 1001}, 202, ["n", 1, 1000]),
        ("listDraws", {"before": "x"}, 200, ["before"]),
        ("listDraws", {"befor": 1}, -32602, ["befor"]),
        ("getChain", {"serialNumber": 1, "n": 1001}, 202, ["n", 1, 1000]),
        ("getChain", {"serialNumber": 1.5}, 200, ["serialNumber"]),
        ("getChain", {"before": 1}, -32602, ["before"]),
    ],
)
def test_wrong_questions_have_their_code_and_data(
    office: Office, method: str, params: dict[str, Any], code: int, data: list[object]
) -> None:
    office.draw()
    assert office.error(method, params) == (code, data)


# --- lists ---


def serials(result: dict[str, Any]) -> list[int]:
    return [draw["serialNumber"] for draw in result["draws"]]


def test_a_list_has_the_newest_twenty_first(office: Office) -> None:
    office.batch(*[asked("generateIntegers", FIVE)] * 25)
    result = office.result("listDraws")
    assert serials(result) == list(range(25, 5, -1))
    assert result["next"] == 6


def test_a_listed_draw_says_what_it_was(office: Office) -> None:
    office.draw(purpose="für die Probe")
    [record] = office.drawn()
    assert office.result("listDraws")["draws"] == [
        {
            "serialNumber": 1,
            "time": "2026-11-23T08:00:00.123456Z",
            "method": "generateIntegers",
            "purpose": "für die Probe",
            "head": record.head_bytes.decode(),
            "body": record.body_bytes.decode(),
        }
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("uid", [ALICE, BOB, AUDITOR])
def test_pages_of_a_list_joined_are_the_whole_list(office: Office, n: int, uid: int) -> None:
    drawers = [ALICE, BOB, BOB, ALICE, BOB, ALICE, ALICE]
    for drawer in drawers:
        office.draw(uid=drawer)
        office.service.record_undelivered(1, "a record of another kind between them")
    before: int | None = None
    found: list[int] = []
    pages = 0
    while pages == 0 or before is not None:
        result = office.result("listDraws", {"n": n, "before": before}, uid=uid)
        found += serials(result)
        before = result["next"]
        pages += 1
        assert pages <= 8
    own = [serial for serial, drawer in enumerate(drawers, 1) if uid in (drawer, AUDITOR)]
    assert found == own[::-1]


def test_who_drew_nothing_has_an_empty_list(office: Office) -> None:
    office.draw()
    assert office.result("listDraws", uid=BOB) == {"draws": [], "next": None}


def test_nobody_gets_anothers_draws_by_what_he_writes(office: Office) -> None:
    office.draw(uid=BOB, purpose='"drawer":"unix:1000"')
    office.result("generateStrings", {"n": 1, "length": 1, "characters": '"drawe:unix10,'}, uid=BOB)
    assert office.result("listDraws", uid=ALICE)["draws"] == []


def test_a_list_lets_others_have_their_turn_while_it_searches(office: Office) -> None:
    office.batch(*[asked("generateIntegers", FIVE, uid=BOB)] * 1000)
    [reply] = office.service.answer([asked("listDraws", uid=ALICE)])
    assert reply.rest is not None
    assert sum(piece == b"" for piece in reply.rest) >= 4


# --- the chain ---


def test_the_newest_head_is_open_to_anyone(office: Office) -> None:
    office.draw(uid=BOB)
    office.service.record_undelivered(1, "r")
    last = office.reader.last()
    assert last is not None
    assert office.result("getChain") == {"heads": [last.head_bytes.decode()], "next": None}


def test_the_chain_from_a_draw_on_holds_every_head(office: Office) -> None:
    for _ in range(5):
        office.draw(uid=BOB)
        office.service.record_undelivered(1, "r")
    all_ = [record.head_bytes.decode() for record, _ in office.reader.records()]
    assert office.result("getChain", {"serialNumber": 1, "n": 1000}) == {"heads": all_, "next": None}
    assert office.result("getChain", {"serialNumber": 2, "n": 2}) == {"heads": all_[3:7], "next": 4}
    assert office.result("getChain", {"serialNumber": 5}) == {"heads": all_[9:], "next": None}


def test_parts_of_the_chain_joined_are_the_chain(office: Office) -> None:
    office.batch(*[asked("generateIntegers", FIVE)] * 7)
    heads: list[str] = []
    serial: int | None = 1
    while serial is not None:
        result = office.result("getChain", {"serialNumber": serial, "n": 3})
        heads += result["heads"]
        serial = result["next"]
    assert heads == [record.head_bytes.decode() for record, _ in office.reader.records()]


def test_the_chain_holds_nothing_private(office: Office) -> None:
    office.draw(uid=BOB, purpose="hush")
    assert "hush" not in json.dumps(office.result("getChain", {"serialNumber": 1}))
    assert "unix:" not in json.dumps(office.result("getChain", {"serialNumber": 1}))
