"""The wire format: whatever surrounds good requests, and however the bytes are cut, the same requests come out."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod import names, wire
from fifod.errors import OutOfRange
from fifod.types import BadRequest, Classic, Input, Request
from fifod.wire import Event, LineReader

REPLY = "0123456789abcdef0123456789abcdef"
texts = st.text(st.characters(codec="utf-8"), max_size=20)
printable = st.text(st.characters(whitelist_categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)
ids = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=10,
)
hexes = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, Request]:
    """A good line without its newline, and the request that it holds."""
    request = Request(
        draw(ids),
        draw(st.sampled_from((*names.DRAW_METHODS, *names.QUERY_METHODS)) | texts),
        draw(st.dictionaries(texts, values, max_size=5)),
        draw(st.from_regex(names.REPLY_NAME, fullmatch=True)),
        draw(st.none() | hexes),
        draw(st.none() | printable),
        draw(st.none() | st.builds(Input, st.integers(1, 2**53 - 1), hexes.map(lambda text: text * 2))),
        draw(st.booleans()),
        draw(st.none() | printable),
        draw(st.none() | st.builds(Classic, st.integers(names.INT32[0], names.INT32[-1]))),
    )
    members: dict[str, Any] = {"jsonrpc": "2.0", **msgspec.to_builtins(request)}
    for name in ("key", "purpose", "input", "user", "classic"):
        if members[name] is None and draw(st.booleans()):
            del members[name]
    if not request.secret and draw(st.booleans()):
        del members["secret"]
    line = json.dumps(members, ensure_ascii=draw(st.booleans())).encode()
    return line, request


short_requests = requests().filter(lambda pair: len(pair[0]) < names.PIPE_BUF)
noise = st.binary(max_size=200).map(lambda data: data.replace(b"\n", b""))


def feed(data: bytes, cuts: list[int]) -> list[Event]:
    reader = LineReader()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [event for start, end in itertools.pairwise(edges) for event in reader.feed(data[start:end])]


def good(events: list[Event]) -> list[Request]:
    return [event for event in events if isinstance(event, Request)]


@given(short_requests)
def test_a_request_survives_its_round_trip(pair: tuple[bytes, Request]) -> None:
    line, request = pair
    assert LineReader().feed(b"\n" + line + b"\n") == [request]


@given(st.lists(short_requests, max_size=4), st.lists(st.integers(0, 10**6), max_size=8))
def test_any_cut_gives_the_same_requests(pairs: list[tuple[bytes, Request]], cuts: list[int]) -> None:
    data = b"".join(b"\n" + line + b"\n" for line, _ in pairs)
    assert feed(data, cuts) == [request for _, request in pairs]


@given(st.lists(st.tuples(noise, short_requests), max_size=4), noise, st.lists(st.integers(0, 10**6), max_size=8))
def test_any_bytes_between_requests_give_the_same_requests(
    pairs: list[tuple[bytes, tuple[bytes, Request]]], last: bytes, cuts: list[int]
) -> None:
    data = b"".join(stray + b"\n" + line + b"\n" for stray, (line, _) in pairs) + last
    assert good(feed(data, cuts)) == [request for _, (_, request) in pairs]


@given(st.binary(max_size=20_000), st.lists(st.integers(0, 10**6), max_size=8), short_requests)
def test_nothing_keeps_the_next_request_from_being_understood(
    data: bytes, cuts: list[int], pair: tuple[bytes, Request]
) -> None:
    whole, pieces = feed(data, []), feed(data, cuts)
    assert whole == pieces
    line, request = pair
    assert feed(data + b"\n" + line + b"\n", cuts)[-1] == request


@given(st.integers(names.PIPE_BUF - 3, names.PIPE_BUF + 3), st.lists(st.integers(0, 10**6), max_size=4))
def test_a_line_may_have_4096_bytes_with_its_newline(size: int, cuts: list[int]) -> None:
    start = f'{{"jsonrpc":"2.0","method":"getStatus","id":1,"reply":"{REPLY}"'.encode()
    line = start + b" " * (size - len(start) - 2) + b"}\n"
    [event] = feed(line, cuts)
    assert isinstance(event, Request) == (size <= names.PIPE_BUF)


@given(st.lists(st.integers(0, 10**6), max_size=8), st.integers(names.PIPE_BUF, 100_000))
def test_a_line_too_long_is_one_event_however_long(cuts: list[int], size: int) -> None:
    events = feed(b"x" * size + b"\n\n\n", cuts)
    assert [event.code for event in events if isinstance(event, BadRequest)] == [-32700] and len(events) == 1


def test_what_waits_for_its_newline_is_bounded() -> None:
    reader = LineReader()
    for _ in range(1000):
        reader.feed(b"x" * 1000)
    assert len(reader._rest) < names.PIPE_BUF


@given(st.binary(max_size=4000).filter(lambda data: b"\n" not in data))
def test_a_line_of_any_bytes_is_an_event_and_nothing_worse(line: bytes) -> None:
    event = wire.parse(line)
    assert isinstance(event, Request | BadRequest)
    assert event.reply is None or names.REPLY_NAME.fullmatch(event.reply)


@given(values, values)
def test_any_json_at_all_is_an_event_and_can_be_answered(params: object, identity: object) -> None:
    line = json.dumps({"jsonrpc": "2.0", "method": "x", "params": params, "id": identity, "reply": REPLY}).encode()
    event = wire.parse(line[: names.PIPE_BUF - 1])
    assert json.loads(wire.encode_error(OutOfRange("n must be from 1 to 5", ["n", 1, 5]), event.id))["id"] == event.id


@pytest.mark.parametrize("depth", range(900, 1010, 3))
@pytest.mark.parametrize("member", ["id", "params", "purpose", "other"])
def test_an_error_can_be_encoded_however_deep_the_request_was(depth: int, member: str) -> None:
    line = f'{{"jsonrpc":"2.0","method":"x","reply":"{REPLY}","{member}":{"[" * depth}{"]" * depth}}}'
    event = wire.parse(line.encode())
    assert isinstance(event, BadRequest)
    assert wire.encode_error(event, event.id).endswith(b"\n")


@given(st.sampled_from(["jsonrpc", "method", "params", "id", "key", "purpose", "n"]), st.text(':{}",', max_size=5))
def test_a_name_given_twice_is_refused_whatever_stands_around_it(name: str, around: str) -> None:
    members = [("purpose", json.dumps(f"a{around}")), ("jsonrpc", '"2.0"'), ("method", '"x"'), ("id", "1")]
    members += [("reply", f'"{REPLY}"'), ("params", '{"n": 1, "n": 2}' if name == "n" else '{"n": 1}')]
    members += [(name, "1")] * (2 if name == "key" else 1) if name != "n" else []
    line = "{" + ",".join(f'"{key}":{value}' for key, value in members) + "}"
    event = wire.parse(line.encode())
    assert isinstance(event, BadRequest) and event.code == -32600 and "two members" in event.message


@given(ids, texts, st.lists(st.integers() | texts, max_size=3))
def test_errors_are_one_line_of_json(identity: Any, message: str, data: list[Any]) -> None:
    line = wire.encode_error(BadRequest(202, message, data), identity)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "jsonrpc": "2.0",
        "error": {"code": 202, "message": message, "data": data},
        "id": identity,
    }
