"""What bad input gets: a clear error where one can be sent, a counted line where not, and no harm to anybody else."""

from __future__ import annotations

import json
import os
import random
import re
import signal

import pytest

from tests.children import in_child
from tests.daemons import Daemon
from tests.pipes import Neighbour, Pipe, Unharmed, code, result
from tests.waiting import until

GOOD = {"n": 1, "min": 1, "max": 6}
PARSE, INVALID, NO_METHOD, BAD_PARAMS = -32700, -32600, -32601, -32602


def request(reply: str, **members: object) -> bytes:
    base = {"jsonrpc": "2.0", "method": "generateIntegers", "params": GOOD, "id": 1, "reply": reply}
    return b"\n" + json.dumps({**base, **members}).encode() + b"\n"


UNANSWERABLE = {
    "half a line": b'\n{"jsonrpc":"2.0","meth\n',
    "an empty object": b"\n{}\n",
    "NUL": b'\n{"reply":"\0"}\n',
    "only NULs": b"\0" * 100 + b"\n",
    "invalid UTF-8": b'\n{"reply":"\xff\xfe\xc0\x80"}\n',
    "a lone surrogate": b'\n{"purpose":"\\ud800","reply":"@"}\n',
    "a lone low surrogate": b'\n{"purpose":"\\udc00x","reply":"@"}\n',
    "an encoded surrogate": b'\n{"purpose":"\xed\xa0\x80","reply":"@"}\n',
    "1000 brackets": b'\n{"id":' + b"[" * 1000 + b"]" * 1000 + b',"reply":"@"}\n',
    "2000 open brackets": b"\n" + b"[" * 2000 + b"\n",
    "4000 braces": b'\n{"a":' * 600 + b"\n",
    "NaN": b'\n{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":NaN},"id":1,"reply":"@"}\n',
    "Infinity": b'\n{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":-Infinity},"id":1,"reply":"@"}\n',
    "1e999": b'\n{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":1e999},"id":1,"reply":"@"}\n',
    "an empty batch": b"\n[]\n",
    "a batch of numbers": b"\n[1, 2]\n",
    "a number": b"\n42\n",
    "a text": b'\n"hello"\n',
    "null": b"\nnull\n",
    "4097 bytes": b"\n" + b'{"reply":"@","purpose":"' + b"x" * 4071 + b'"}\n',
    "two requests in a line": b'\n{"id":1,"reply":"@"}{"id":2,"reply":"@"}\n',
    "a byte order mark": b'\n\xef\xbb\xbf{"id":1,"reply":"@"}\n',
    "UTF-16": '\n{"id":1,"reply":"@"}\n'.encode("utf-16-le"),
}  # fmt: skip


@pytest.mark.parametrize("line", UNANSWERABLE.values(), ids=UNANSWERABLE)
def test_what_cannot_be_answered_is_counted(shared: Daemon, client: Pipe, line: bytes) -> None:
    before = client.status()["unanswerable"]
    with Unharmed(shared):
        client.write(line.replace(b"@", client.name.encode()))
        client.write(b"\n")
        assert before < client.status()["unanswerable"] <= before + 700
    shared.wait_for_log("request dropped: ")


def test_a_megabyte_without_a_newline_is_one_counted_line(shared: Daemon, client: Pipe) -> None:
    before = client.status()["unanswerable"]
    with Unharmed(shared):
        client.write(b"x" * (1 << 20))
        client.write(b"\n")
        # The neighbour's requests may lie within the megabyte, each begun by a newline: so one line or a few.
        assert before < client.status()["unanswerable"] <= before + 400


ANSWERED: dict[str, tuple[int, dict[str, object]]] = {
    "true for n": (200, {"params": {**GOOD, "n": True}}),
    "a text for n": (200, {"params": {**GOOD, "n": "5"}}),
    "a fraction for n": (200, {"params": {**GOOD, "n": 1.5}}),
    "1.0 for n": (200, {"params": {**GOOD, "n": 1.0}}),
    "1e308 for n": (200, {"params": {**GOOD, "n": 1e308}}),
    "null for n": (200, {"params": {**GOOD, "n": None}}),
    "nested lists for n": (200, {"params": {**GOOD, "n": [[[[[]]]]]}}),
    "4000 digits": (202, {"params": {**GOOD, "n": 10**3700}}),
    "4000 digits below zero": (202, {"params": {**GOOD, "min": -(10**3700)}}),
    "2^63": (202, {"params": {**GOOD, "max": 2**63}}),
    "2^64": (202, {"params": {**GOOD, "max": 2**64}}),
    "params missing": (BAD_PARAMS, {"params": None}),
    "params by position": (BAD_PARAMS, {"params": [5, 1, 6]}),
    "params that are a text": (BAD_PARAMS, {"params": "n=5"}),
    "an unknown parameter": (BAD_PARAMS, {"params": {**GOOD, "maxx": 5}}),
    "an unknown method": (NO_METHOD, {"method": "generateIntegerz"}),
    "a method that is a path": (NO_METHOD, {"method": "../../etc/passwd"}),
    "a method of 3000 characters": (NO_METHOD, {"method": "x" * 3000}),
    "no method": (INVALID, {"method": None}),
    "a number as method": (INVALID, {"method": 5}),
    "an unknown member": (INVALID, {"porpoise": "x"}),
    "a member with a wild name": (INVALID, {"\u202e\0\n": 1}),
    "jsonrpc 1.0": (INVALID, {"jsonrpc": "1.0"}),
    "jsonrpc as a number": (INVALID, {"jsonrpc": 2.0}),
    "an id that is a list": (INVALID, {"id": [1]}),
    "an id that is an object": (INVALID, {"id": {"a": 1}}),
    "a short key": (200, {"key": "abc"}),
    "a key in capitals": (200, {"key": "A" * 32}),
    "a number as key": (200, {"key": 5}),
    "an empty purpose": (200, {"purpose": ""}),
    "a number as purpose": (200, {"purpose": 5}),
    "a purpose of 401 bytes": (203, {"purpose": "x" * 401}),
    "a purpose with an escape": (200, {"purpose": "red \x1b[31m"}),
    "a purpose with a newline": (200, {"purpose": "one\ntwo"}),
    "a purpose with NUL": (200, {"purpose": "a\0b"}),
    "a purpose written backwards": (200, {"purpose": "\u202etxt.exe"}),
    "a C1 control as purpose": (200, {"purpose": "\x9b31m"}),
    "a number as classic": (200, {"classic": 4242}),
    "classic without a pid": (200, {"classic": {}}),
    "classic with more than a pid": (200, {"classic": {"pid": 4242, "n": 5}}),
    "a text as pid": (200, {"classic": {"pid": "4242"}}),
    "a fraction as pid": (200, {"classic": {"pid": 4242.0}}),
    "true as pid": (200, {"classic": {"pid": True}}),
    "null as pid": (200, {"classic": {"pid": None}}),
    "a pid beyond an int": (200, {"classic": {"pid": 2**31}}),
    "a pid below an int": (200, {"classic": {"pid": -(2**31) - 1}}),
    "secret as a text": (200, {"secret": "yes"}),
    "secret as a number": (200, {"secret": 1}),
    "an input without digest": (200, {"input": {"count": 1}}),
    "an input of nothing": (200, {"input": {"count": 0, "sha256": "0" * 64}}),
    "an input of true": (200, {"input": {"count": True, "sha256": "0" * 64}}),
    "an input too many": (200, {"input": {"count": 2**53, "sha256": "0" * 64}}),
    "an input with a wild digest": (200, {"input": {"count": 1, "sha256": "G" * 64}}),
    "an input with more members": (200, {"input": {"count": 1, "sha256": "0" * 64, "list": []}}),
    "a user from nobody's front end": (201, {"user": "7:alice"}),
    "a user of 201 bytes": (203, {"user": "x" * 201}),
    "a user with an escape": (200, {"user": "7:\x1b[2J"}),
}


@pytest.mark.parametrize(("expected", "members"), ANSWERED.values(), ids=ANSWERED)
def test_what_can_be_answered_gets_a_clear_error(
    shared: Daemon, client: Pipe, expected: int, members: dict[str, object]
) -> None:
    with Unharmed(shared):
        serial = shared_serial(client)
        answer = client.ask_raw(request(client.name, **members))
        assert code(answer) == expected, answer
        assert answer["id"] == (1 if "id" not in members else None)
        message = answer["error"]["message"]
        assert len(message) < 300 and not re.search("[\x00-\x1f\x7f-\x9f\u202e]", message)
    assert not [
        1 for head, body, _ in shared.records() if head.get("serial", 0) > serial and body.get("params") == members
    ]


def shared_serial(client: Pipe) -> int:
    serial: int = client.status()["serialNumber"]
    return serial


def test_a_request_without_an_id_is_refused(shared: Daemon, client: Pipe) -> None:
    line = request(client.name).replace(b'"id": 1, ', b"")
    assert b'"id"' not in line
    answer = client.ask_raw(line)
    assert (code(answer), answer["id"], answer["error"]["data"]) == (INVALID, None, ["id"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"id": 1', b'"id": 1, "id": 2'),
        (b'"n": 1', b'"n": 1, "n": 2'),
        (b'"n": 1', b'"n": 1, "\\u006e": 2'),
        (b'"max": 6', b'"max": 6, "pregeneratedRandomization": {"id": "a", "id": "b"}'),
        (b'"id": 1', b'"id": 1, "purpose": ":::", "purpose": "::"'),
        (b'"jsonrpc"', b'"reply": "x", "jsonrpc"'),
    ],
)
def test_a_member_given_twice_is_refused(shared: Daemon, client: Pipe, before: bytes, after: bytes) -> None:
    line = request(client.name)
    assert before in line
    assert code(client.ask_raw(line.replace(before, after))) == INVALID


def test_the_nearest_name_is_offered(shared: Daemon, client: Pipe) -> None:
    for members, hint in (
        ({"method": "generateInteger"}, "did you mean generateIntegers?"),
        ({"params": {**GOOD, "maximum": 6}}, "did you mean max?"),
        ({"purpos": "x"}, "did you mean purpose?"),
    ):
        assert hint in client.ask_raw(request(client.name, **members))["error"]["message"]


@pytest.mark.parametrize("identity", [7, "seven", -1.5, None, True, 10**40, "é\u0000\U0001f3b2", "x" * 3000, 0.1])
def test_an_id_comes_back_as_it_was(shared: Daemon, client: Pipe, identity: object) -> None:
    assert client.ask("getStatus", id=identity)["id"] == identity
    assert client.ask("nonsense", id=identity)["id"] == identity
    assert client.ask("generateIntegers", GOOD, id=identity)["id"] == identity


@pytest.mark.parametrize("depth", [1, 100, 900, *range(940, 1000, 3)])
@pytest.mark.parametrize("place", ["id", "params", "input", "purpose", "unknown"])
def test_no_depth_of_nesting_ends_it(shared: Daemon, client: Pipe, depth: int, place: str) -> None:
    """What the decoder just manages may be too deep to encode again."""
    deep = b"[" * depth + b"]" * depth
    for method in (b"getStatus", b"generateIntegers", b"x"):
        line = b'{"jsonrpc":"2.0","method":"%b","reply":"%b",' % (method, client.name.encode())
        line += b'"%b":%b' % (place.encode(), deep if place != "params" else b'{"n":%b,"x":{"a":%b}}' % (deep, b"1"))
        line += b"}" if place == "id" else b',"id":"deep"}'
        client.write(b"\n" + line + b"\n")
    client.submit("getStatus", id="last")
    until(lambda: (answer := client.receive())["id"] == "last" or code(answer) < 203, "all of it is answered")


def test_any_bytes_at_all_leave_it_as_it_was(daemon: Daemon) -> None:
    """100,000 lines of noise: random bytes, and good requests with bytes changed."""
    chance = random.Random(1)

    def noise() -> bytes:
        if chance.random() < 0.5:
            return chance.randbytes(chance.randrange(1, 60)) + b"\n"
        line = bytearray(request("n" * 32, params={"n": chance.randrange(10), "min": 1, "max": 6})[1:])
        for _ in range(chance.randrange(1, 4)):
            line[chance.randrange(len(line))] = chance.randrange(256)
        return bytes(line)

    with Unharmed(daemon, slack_kib=16384), Pipe(daemon.run) as pipe:
        for _ in range(200):
            pipe.write(b"".join(noise() for _ in range(500)) + b"\n")
        assert pipe.status()["unanswerable"] > 50_000
        until(lambda: pipe.status()["queued"] == 0, "what was parked is given up")
    lines = daemon.log.splitlines()
    assert len(lines) < 200 and all(line.isprintable() for line in lines)


def test_warnings_are_counted_not_repeated(daemon: Daemon, pipe: Pipe) -> None:
    for _ in range(1000):
        pipe.write(b"nonsense\n")
    assert pipe.status()["unanswerable"] == 1000
    daemon.wait_for_log("request dropped: a line is not JSON (RFC 8259, UTF-8): 995 more times")
    assert daemon.log.count("a line is not JSON") == 5 + 1


def test_refusals_are_counted_by_code(daemon: Daemon, pipe: Pipe) -> None:
    pipe.ask("generateIntegers", {**GOOD, "n": 0})
    pipe.ask("generateIntegers", {**GOOD, "n": -1})
    pipe.ask("nonsense")
    status = pipe.status()
    assert status["refused"] == {"-32601": 1, "202": 2}
    assert status["draws"] == 0 and status["serialNumber"] == 0


# --- clients killed at each step ---


def step_made(pipe: Pipe) -> None:
    pass


def step_half_written(pipe: Pipe) -> None:
    pipe.write(pipe.line("generateIntegers", GOOD)[:40])


def step_written(pipe: Pipe) -> None:
    pipe.submit("generateIntegers", GOOD)


def step_many_written(pipe: Pipe) -> None:
    for _ in range(100):
        pipe.submit("generateIntegers", {"n": 1000, "min": 1, "max": 10**9})


def step_answered(pipe: Pipe) -> None:
    pipe.draw()


def step_half_read(pipe: Pipe) -> None:
    pipe.submit("generateIntegers", {"n": 500_000, "min": 1, "max": 10**9})
    pipe.read(1000)


def step_streaming(pipe: Pipe) -> None:
    pipe.submit("stream")
    pipe.read(1000)


def step_hung_up(pipe: Pipe) -> None:
    pipe.submit("generateIntegers", {"n": 500_000, "min": 1, "max": 10**9})
    pipe.hang_up()


STEPS = [
    step_made,
    step_half_written,
    step_written,
    step_many_written,
    step_answered,
    step_half_read,
    step_streaming,
    step_hung_up,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__.removeprefix("step_"))
def test_a_client_may_be_killed_at_any_step(shared: Daemon, step: object) -> None:
    assert callable(step)

    def die() -> None:
        pipe = Pipe(shared.run)
        step(pipe)
        os.kill(os.getpid(), signal.SIGKILL)

    with Unharmed(shared):
        for _ in range(10):
            with pytest.raises(AssertionError, match="without a word"):
                in_child(die)


def test_requests_behind_a_dead_clients_half_line_are_answered(shared: Daemon) -> None:
    with Neighbour(shared.run) as neighbour, Pipe(shared.run) as pipe:
        for _ in range(200):
            pipe.write(b'\n{"jsonrpc":"2.0"')
            pipe.draw()
    assert len(neighbour.serials) > 1


def test_a_flooding_client_gets_errors_or_nothing_and_others_everything(shared: Daemon) -> None:
    with Unharmed(shared, slack_kib=16384), Pipe(shared.run) as flood:
        for _ in range(20):
            flood.write(b"".join(flood.line("generateIntegers", {**GOOD, "n": 0}) for _ in range(500)))
        assert code(flood.receive()) == 202
    assert result(Pipe(shared.run).ask())["state"] == "serving"


def test_a_batch_is_refused_where_its_first_request_wants_its_reply(client: Pipe) -> None:
    line = request(client.name).strip()
    assert code(client.ask_raw(b"\n[" + line + b"," + line + b"]\n")) == INVALID
