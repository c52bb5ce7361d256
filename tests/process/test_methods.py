"""Every method over the pipe: its limits, its errors with their data, and its values as the checker computes them."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import signal
from decimal import Decimal
from typing import Any

import pytest

from fifod import checker
from tests.daemons import Daemon
from tests.pipes import Answer, Neighbour, Pipe, code, result

Params = dict[str, Any]
INTEGERS: Params = {"n": 3, "min": 1, "max": 6}
SEQUENCES: Params = {"n": 2, "length": 3, "min": 1, "max": 6}
DECIMALS: Params = {"n": 3, "decimalPlaces": 5}
GAUSSIANS: Params = {"n": 3, "mean": 0, "standardDeviation": 1, "significantDigits": 6}
STRINGS: Params = {"n": 3, "length": 4, "characters": "abc"}
UUIDS: Params = {"n": 3}
BLOBS: Params = {"n": 2, "size": 64}
BASES: dict[str, Params] = {
    "generateIntegers": INTEGERS,
    "generateIntegerSequences": SEQUENCES,
    "generateDecimalFractions": DECIMALS,
    "generateGaussians": GAUSSIANS,
    "generateStrings": STRINGS,
    "generateUUIDs": UUIDS,
    "generateBlobs": BLOBS,
}
MILLION, BILLION = 10**6, 10**9


def check_against_record(daemon: Daemon, answer: Answer) -> list[Any]:
    """The values, when the checker computes the same from the record."""
    found = result(answer)
    body = next(body for head, body, _ in daemon.records() if head.get("serial") == found["serialNumber"])
    data: list[Any] = json.loads(json.dumps(found["random"]["data"]), parse_float=Decimal)
    assert not list(
        checker.differences(checker.values(body["method"], body["params"], bytes.fromhex(body["seed"])), data)
    )
    return data


GOOD: list[tuple[str, Params, int]] = [
    ("generateIntegers", {}, 8),
    ("generateIntegers", {"n": 1, "min": 5, "max": 5}, 0),
    ("generateIntegers", {"min": -BILLION, "max": BILLION}, 93),
    ("generateIntegers", {"n": 1, "min": 0, "max": 36}, 5),
    ("generateIntegers", {"n": 32, "min": 0, "max": 255}, 256),
    ("generateIntegers", {"n": 6, "replacement": False}, 16),
    ("generateIntegers", {"base": 2}, 8),
    ("generateIntegers", {"base": 8, "min": -9}, 12),
    ("generateIntegers", {"base": 16, "max": 255}, 24),
    ("generateIntegers", {"replacement": None, "base": None, "pregeneratedRandomization": None}, 8),
    ("generateIntegerSequences", {}, 16),
    ("generateIntegerSequences", {"n": 2, "length": [5, 1], "min": 1, "max": [69, 26], "replacement": False}, 36),
    ("generateIntegerSequences", {"replacement": [True, False], "base": [10, 16]}, 16),
    ("generateIntegerSequences", {"n": 1000, "length": 10}, 26000),
    ("generateIntegerSequences", {"n": 1, "length": 10_000}, 25850),
    ("generateDecimalFractions", {"n": 10, "decimalPlaces": 8}, 266),
    ("generateDecimalFractions", {"n": 10, "decimalPlaces": 1, "replacement": False}, 33),
    ("generateDecimalFractions", {"n": 10_000, "decimalPlaces": 14}, 465070),
    ("generateGaussians", {"n": 4, "significantDigits": 8}, 106),
    ("generateGaussians", {"mean": -1e6, "standardDeviation": 1e6, "significantDigits": 14}, 140),
    ("generateGaussians", {"mean": 5, "standardDeviation": 0, "significantDigits": 2}, 20),
    ("generateGaussians", {"standardDeviation": -1.5}, 60),
    ("generateGaussians", {"mean": 1.5e-300, "standardDeviation": 1e-300}, 60),
    ("generateStrings", {"n": 8, "length": 10, "characters": "abcdefghijklmnopqrstuvwxyz"}, 376),
    ("generateStrings", {"n": 9, "length": 2, "replacement": False}, 29),
    ("generateStrings", {"length": 32, "characters": "".join(map(chr, range(0x4E00, 0x4E80)))}, 672),
    ("generateStrings", {"characters": "\"\\/'\U0001f3b2é"}, 31),
    ("generateStrings", {"n": 1, "length": 1, "characters": "x"}, 0),
    ("generateUUIDs", {"n": 1}, 122),
    ("generateUUIDs", {"n": 1000}, 122000),
    ("generateBlobs", {"n": 1, "size": 8}, 8),
    ("generateBlobs", {"n": 1, "size": 1_048_576}, 1_048_576),
    ("generateBlobs", {"n": 100, "size": 10_480, "format": "hex"}, 1_048_000),
]


@pytest.mark.parametrize(("method", "changes", "bits"), GOOD, ids=lambda value: str(value)[:50])
def test_values_follow_from_the_record(shared: Daemon, client: Pipe, method: str, changes: Params, bits: int) -> None:
    params = {**BASES[method], **changes}
    answer = client.ask(method, params)
    data = check_against_record(shared, answer)
    assert len(data) == params["n"]
    assert result(answer)["bitsUsed"] == bits
    assert datetime.datetime.strptime(result(answer)["random"]["completionTime"], "%Y-%m-%d %H:%M:%SZ")


BAD: list[tuple[str, Params, int, list[Any] | None]] = [
    ("generateIntegers", {"n": 0}, 202, ["n", 1, MILLION]),
    ("generateIntegers", {"n": MILLION + 1}, 202, ["n", 1, MILLION]),
    ("generateIntegers", {"min": -BILLION - 1}, 202, ["min", -BILLION, BILLION]),
    ("generateIntegers", {"max": BILLION + 1}, 202, ["max", -BILLION, BILLION]),
    ("generateIntegers", {"min": 7}, 300, ["min", "max"]),
    ("generateIntegers", {"n": 7, "replacement": False}, 301, [7, 6]),
    ("generateIntegers", {"base": 7}, 201, ["base"]),
    ("generateIntegers", {"base": "10"}, 200, ["base"]),
    ("generateIntegers", {"replacement": "yes"}, 200, ["replacement"]),
    ("generateIntegers", {"n": [3]}, 200, ["n"]),
    ("generateIntegers", {"length": 3}, -32602, ["length"]),
    ("generateIntegerSequences", {"n": 0}, 202, ["n", 1, 1000]),
    ("generateIntegerSequences", {"n": 1001}, 202, ["n", 1, 1000]),
    ("generateIntegerSequences", {"length": 0}, 202, ["length", 1, 10_000]),
    ("generateIntegerSequences", {"length": 10_001}, 202, ["length", 1, 10_000]),
    ("generateIntegerSequences", {"length": [1]}, 204, ["length", 1, 2]),
    ("generateIntegerSequences", {"min": [1, 1, 1]}, 203, ["min", 3, 2]),
    ("generateIntegerSequences", {"base": []}, 204, ["base", 0, 2]),
    ("generateIntegerSequences", {"replacement": [True]}, 204, ["replacement", 1, 2]),
    ("generateIntegerSequences", {"length": 5001}, 304, [10_002, 10_000]),
    ("generateIntegerSequences", {"length": [9999, 2]}, 304, [10_001, 10_000]),
    ("generateIntegerSequences", {"min": [1, 7]}, 300, ["min", "max"]),
    ("generateIntegerSequences", {"length": [6, 7], "replacement": False}, 301, [7, 6]),
    ("generateDecimalFractions", {"n": 10_001}, 202, ["n", 1, 10_000]),
    ("generateDecimalFractions", {"decimalPlaces": 0}, 202, ["decimalPlaces", 1, 14]),
    ("generateDecimalFractions", {"decimalPlaces": 15}, 202, ["decimalPlaces", 1, 14]),
    ("generateDecimalFractions", {"n": 11, "decimalPlaces": 1, "replacement": False}, 301, [11, 10]),
    ("generateGaussians", {"n": 10_001}, 202, ["n", 1, 10_000]),
    ("generateGaussians", {"mean": 1_000_000.5}, 202, ["mean", -MILLION, MILLION]),
    ("generateGaussians", {"standardDeviation": -1_000_001}, 202, ["standardDeviation", -MILLION, MILLION]),
    ("generateGaussians", {"significantDigits": 1}, 202, ["significantDigits", 2, 14]),
    ("generateGaussians", {"significantDigits": 15}, 202, ["significantDigits", 2, 14]),
    ("generateGaussians", {"mean": "0"}, 200, ["mean"]),
    ("generateGaussians", {"mean": True}, 200, ["mean"]),
    ("generateStrings", {"length": 0}, 202, ["length", 1, 32]),
    ("generateStrings", {"length": 33}, 202, ["length", 1, 32]),
    ("generateStrings", {"characters": ""}, 204, ["characters", 0, 1]),
    ("generateStrings", {"characters": "".join(map(chr, range(0x4E00, 0x4E81)))}, 203, ["characters", 129, 128]),
    ("generateStrings", {"characters": "aba"}, 201, ["characters"]),
    ("generateStrings", {"characters": "a\x1b"}, 201, ["characters"]),
    ("generateStrings", {"characters": 5}, 200, ["characters"]),
    ("generateStrings", {"n": 4, "length": 1, "replacement": False}, 301, [4, 3]),
    ("generateUUIDs", {"n": 0}, 202, ["n", 1, 1000]),
    ("generateUUIDs", {"n": 1001}, 202, ["n", 1, 1000]),
    ("generateBlobs", {"n": 101}, 202, ["n", 1, 100]),
    ("generateBlobs", {"size": 0}, 202, ["size", 1, 1_048_576]),
    ("generateBlobs", {"size": 1_048_584}, 202, ["size", 1, 1_048_576]),
    ("generateBlobs", {"size": 63}, 201, ["size"]),
    ("generateBlobs", {"size": 524_296}, 304, [1_048_592, 1_048_576]),
    ("generateBlobs", {"format": "base32"}, 201, ["format"]),
    ("generateBlobs", {"format": 16}, 200, ["format"]),
    ("generateUUIDs", {"pregeneratedRandomization": "today"}, 200, ["pregeneratedRandomization"]),
    ("generateUUIDs", {"pregeneratedRandomization": {}}, 200, ["pregeneratedRandomization"]),
    ("generateUUIDs", {"pregeneratedRandomization": {"date": "2026-02-30"}}, 200, ["pregeneratedRandomization"]),
    ("generateUUIDs", {"pregeneratedRandomization": {"date": "9999-12-31"}}, 201, ["pregeneratedRandomization"]),
    ("generateUUIDs", {"pregeneratedRandomization": {"id": "x" * 65}}, 203, ["pregeneratedRandomization", 65, 64]),
    ("generateUUIDs", {"pregeneratedRandomization": {"id": ""}}, 204, ["pregeneratedRandomization", 0, 1]),
    (
        "generateUUIDs",
        {"pregeneratedRandomization": {"id": "a", "date": "2010-01-01"}},
        200,
        ["pregeneratedRandomization"],
    ),
    ("stream", {"n": 5}, -32602, ["n"]),
    ("getResult", {}, -32602, ["serialNumber"]),
    ("getResult", {"serialNumber": "1"}, 200, ["serialNumber"]),
    ("getResult", {"serialNumber": 0}, 202, ["serialNumber", 1, 2**53 - 1]),
    ("getResult", {"serialNumber": 10**9}, 303, ["serialNumber"]),
    ("listDraws", {"n": 0}, 202, ["n", 1, 1000]),
    ("listDraws", {"n": 1001}, 202, ["n", 1, 1000]),
    ("listDraws", {"before": 0}, 202, ["before", 1, 2**53 - 1]),
    ("listDraws", {"after": 0}, -32602, ["after"]),
    ("getChain", {"serialNumber": 1, "n": 1001}, 202, ["n", 1, 1000]),
    ("getChain", {"serialNumber": 1.5}, 200, ["serialNumber"]),
]


@pytest.mark.parametrize(("method", "changes", "expected", "data"), BAD, ids=lambda value: str(value)[:50])
def test_what_is_outside_the_limits_is_refused(
    shared: Daemon, client: Pipe, method: str, changes: Params, expected: int, data: list[Any] | None
) -> None:
    before = client.status()["serialNumber"]
    answer = client.ask(method, {**BASES.get(method, {}), **changes})
    assert (code(answer), answer["error"]["data"]) == (expected, data)
    assert client.status()["serialNumber"] == before, "a refused request used up a serial number"


@pytest.mark.parametrize("method", BASES)
def test_a_missing_parameter_is_named(client: Pipe, method: str) -> None:
    required = set(BASES[method])
    for name in required:
        answer = client.ask(method, {other: value for other, value in BASES[method].items() if other != name})
        assert (code(answer), answer["error"]["data"]) == (-32602, [name])


@pytest.mark.parametrize("source", [{"id": "Losnummer 7 é"}, {"date": "2010-03-05"}])
@pytest.mark.parametrize("method", BASES)
def test_pregenerated_values_are_the_same_in_another_process(daemon: Daemon, method: str, source: Params) -> None:
    params = {**BASES[method], "pregeneratedRandomization": source}
    found = []
    for _ in range(2):
        with Pipe(daemon.run) as pipe:
            found.append(result(pipe.ask(method, params)))
        daemon.stop()
        daemon.start()
    assert found[0]["random"]["data"] == found[1]["random"]["data"]
    assert [one["repeatable"] for one in found] == [True, True]
    assert [one["serialNumber"] for one in found] == [1, 2]
    assert all(body["repeatable"] is True for body in daemon.bodies("draw"))


def test_pregenerated_values_differ_by_method_and_source(client: Pipe) -> None:
    def drawn(**source: str) -> str:
        params = {"n": 20, "min": 1, "max": BILLION, "pregeneratedRandomization": source}
        return str(result(client.ask("generateIntegers", params))["random"]["data"])

    assert len({drawn(id="a"), drawn(id="b"), drawn(date="2010-03-05"), drawn(id="2010-03-05")}) == 4


def test_a_repeatable_draw_cannot_be_secret(client: Pipe) -> None:
    params = {**UUIDS, "pregeneratedRandomization": {"id": "a"}}
    answer = client.ask("generateUUIDs", params, secret=True)
    assert (code(answer), answer["error"]["data"]) == (201, ["secret"])


@pytest.mark.parametrize("replacement", [True, False])
def test_a_million_values_come_while_others_are_served(shared: Daemon, client: Pipe, replacement: bool) -> None:
    with Neighbour(shared.run) as neighbour:
        before = len(neighbour.serials)
        client.submit("generateIntegers", {"n": MILLION, "min": 1, "max": MILLION, "replacement": replacement})
        answer = client.receive()
        assert len(neighbour.serials) > before
    data = check_against_record(shared, answer)
    assert len(data) == MILLION
    assert replacement or len(set(data)) == MILLION


def test_a_million_values_cost_no_memory(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw(1000)
    before = daemon.memory()
    pipe.submit("generateIntegers", {"n": MILLION, "min": 1, "max": BILLION})
    size = 0
    while not (found := pipe.read(1 << 16)).endswith(b"\n"):
        size += len(found)
        assert daemon.memory() < before + 6144
    assert size > 9 * MILLION


def test_getstatus_needs_no_parameters_and_has_its_members(client: Pipe) -> None:
    assert set(client.status()) >= {
        "version", "ledger", "serialNumber", "hash", "time", "uptime", "pid", "state", "draws", "requests",
        "refused", "unanswerable", "undelivered", "clients", "queued", "quota", "durability",
        "queueBytes", "ledgerBytes", "segments", "latency",
    }  # fmt: skip


def test_getstatus_tells_how_long_requests_took(pipe: Pipe) -> None:
    for _ in range(5):
        pipe.draw()
    assert code(pipe.ask("generateIntegers", {"n": 0, "min": 1, "max": 6})) == 202
    status = pipe.status()
    latency, counts = status["latency"], [count for _, count in status["latency"]["buckets"]]
    assert latency["count"] == status["requests"] == 6, "a request that is refused counts, the one at hand does not yet"
    assert counts == sorted(counts) and counts[-1] == 6 and latency["sum"] > 0


def test_getstatus_tells_how_large_the_ledger_is(daemon: Daemon, pipe: Pipe) -> None:
    pipe.draw()
    [segment] = daemon.segments()
    assert (pipe.status()["segments"], pipe.status()["ledgerBytes"]) == (1, segment.stat().st_size)


def test_getstatus_tells_how_much_lies_unread(daemon: Daemon, pipe: Pipe) -> None:
    assert pipe.status()["queueBytes"] == 0
    writer = os.open(daemon.run / "requests", os.O_WRONLY | os.O_NONBLOCK)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 18)
    daemon.tell(signal.SIGSTOP)
    try:
        pipe.submit("getStatus")
        for _ in range(50):
            os.write(writer, b"x" * 3999 + b"\n")
    finally:
        daemon.tell(signal.SIGCONT)
        os.close(writer)
    assert result(pipe.receive())["queueBytes"] > 100_000, "the daemon reads less than that at a time"


def test_a_result_has_its_members(client: Pipe) -> None:
    drawn = client.draw()
    assert set(drawn) == {"random", "bitsUsed", "serialNumber", "hash", "ledger"}
    assert set(drawn["random"]) == {"data", "completionTime"}
    assert len(drawn["hash"]) == len(drawn["ledger"]) == 64
