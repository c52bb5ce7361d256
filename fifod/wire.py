"""The wire format: bytes in, requests and bad requests out; results and errors to bytes. No I/O.

A request is one line of JSON-RPC 2.0 of at most 4096 bytes with its newline. Clients write a newline before it too,
so that half a line that somebody left behind spoils nobody else's: empty lines are skipped.
"""

from __future__ import annotations

import json
import re

import msgspec

from fifod import errors, names
from fifod.checks import printable, unknown_name
from fifod.errors import InvalidRequest, Malformed, RequestError, TooLong
from fifod.types import BadRequest, Classic, Id, Input, Request

Event = Request | BadRequest

_MEMBERS = frozenset(
    ("jsonrpc", "method", "params", "id", "reply", "key", "purpose", "input", "secret", "user", "classic")
)
_KEY = re.compile("[0-9a-f]{32}")
_SHA256 = re.compile("[0-9a-f]{64}")
_MAX_COUNT = 2**53 - 1
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class LineReader:
    """Cuts what comes out of the request FIFO into lines, and the lines into events."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_skipping = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. What has no newline yet waits, at most 4095 bytes of it."""
        *lines, rest = (self._rest + data).split(b"\n")
        events = []
        for line in lines:
            if self._is_skipping:
                self._is_skipping = False
            elif line:
                events.append(parse(line))
        if len(rest) >= names.PIPE_BUF and not self._is_skipping:
            events.append(_too_long())
            self._is_skipping = True
        self._rest = b"" if self._is_skipping else rest
        return events

    @property
    def has_part_of_a_line(self) -> bool:
        """Whether the last line is still to be completed; one that is too long anyway does not count."""
        return bool(self._rest)


def _too_long() -> BadRequest:
    return BadRequest(errors.ParseError.code, f"a line is longer than {names.PIPE_BUF} bytes", None)


def parse(line: bytes) -> Event:
    """The request that a line holds, or why it holds none."""
    if len(line) >= names.PIPE_BUF:
        return _too_long()
    try:
        members = _decode(line)
    except (ValueError, RecursionError):
        return BadRequest(errors.ParseError.code, "a line is not JSON (RFC 8259, UTF-8)", None)
    if isinstance(members, list):
        first = members[0] if members and isinstance(members[0], dict) else {}
        return BadRequest(InvalidRequest.code, "a line is a batch, not one request", None, None, _reply_name(first))
    if not isinstance(members, dict):
        return BadRequest(InvalidRequest.code, "a line is no object, not one request", None)
    reply = _reply_name(members)
    if reply is None:
        return BadRequest(InvalidRequest.code, "a request has no usable reply name", None)
    try:
        _check_duplicates(line, members)
        return _request(members, reply)
    except RequestError as error:
        return BadRequest(error.code, error.message, error.data, _scalar(members.get("id")), reply)
    except RecursionError:
        return BadRequest(errors.ParseError.code, "a line is nested too deeply", None)


def _reply_name(members: dict[str, object]) -> str | None:
    name = members.get("reply")
    return name if isinstance(name, str) and names.REPLY_NAME.fullmatch(name) else None


def _check_duplicates(line: bytes, members: dict[str, object]) -> None:
    # The decoder keeps the last of two equal names. As many colons as members prove that there are none, and costs
    # nothing.
    params = members.get("params")
    if line.count(b":") != len(members) + (len(params) if type(params) is dict else 0):
        json.loads(line, object_pairs_hook=_refuse_duplicates)


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidRequest(f"the request has two members {name[:40]!r}", [name[:40]])
        seen.add(name)


def _request(members: dict[str, object], reply: str) -> Request:
    if not members.keys() <= _MEMBERS:
        unknown = next(name for name in members if name not in _MEMBERS)
        raise InvalidRequest(unknown_name("request member", unknown, _MEMBERS), [unknown[:40]])
    if members.get("jsonrpc") != "2.0":
        raise InvalidRequest('the member jsonrpc must be "2.0"', ["jsonrpc"])
    if "id" not in members:
        raise InvalidRequest("the request has no id", ["id"])
    request_id = _scalar(members["id"])
    if request_id is None and members["id"] is not None:
        raise InvalidRequest("the id must be a text, a number or null", ["id"])
    method, params, key = members.get("method"), members.get("params"), members.get("key")
    if not isinstance(method, str):
        raise InvalidRequest("the member method must be a text", ["method"])
    if params is None:
        params = {}
    elif not isinstance(params, dict):
        raise errors.InvalidParams("params must be an object: parameters go by name", ["params"])
    if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise Malformed("key must be 32 lower-case hex digits", ["key"])
    return Request(
        request_id,
        method,
        params,
        reply,
        key,
        _text(members, "purpose", names.MAX_PURPOSE_BYTES) if "purpose" in members else None,
        _input(members["input"]) if "input" in members else None,
        _flag(members, "secret") if "secret" in members else False,
        _text(members, "user", names.MAX_USER_BYTES) if "user" in members else None,
        _classic(members["classic"]) if "classic" in members else None,
    )


def _scalar(value: object) -> Id:
    # An id goes back with every reply, and what can be decoded may be nested too deeply to be encoded again.
    return value if isinstance(value, str | int | float) else None


def _text(members: dict[str, object], name: str, limit: int) -> str | None:
    value = members[name]
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} must be a text that is not empty", [name])
    size = len(value.encode())
    if size > limit:
        raise TooLong(f"{name} has {size} bytes, at most {limit} are allowed", [name, size, limit])
    return printable(name, value, Malformed)


def _flag(members: dict[str, object], name: str) -> bool:
    value = members[name]
    if value is not True and value is not False:
        raise Malformed(f"{name} must be true or false", [name])
    return value


def _input(value: object) -> Input | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"count", "sha256"}:
        raise Malformed('input must be {"count": …, "sha256": …}', ["input"])
    count, digest = value["count"], value["sha256"]
    if type(count) is not int or not 0 < count <= _MAX_COUNT:
        raise Malformed("input: count must be the number of items, at least 1", ["input"])
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise Malformed("input: sha256 must be 64 lower-case hex digits", ["input"])
    return Input(count, digest)


def _classic(value: object) -> Classic | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"pid"}:
        raise Malformed('classic must be {"pid": …}', ["classic"])
    pid = value["pid"]
    if type(pid) is not int or pid not in names.INT32:
        lowest, highest = names.INT32[0], names.INT32[-1]
        raise Malformed(f"classic: pid must be an integer from {lowest} to {highest}", ["classic"])
    return Classic(pid)


def encode_error(error: RequestError | BadRequest, request_id: Id) -> bytes:
    """The line that tells a client why its request was refused."""
    body = {"code": error.code, "message": error.message, "data": error.data}
    return _encode({"jsonrpc": "2.0", "error": body, "id": request_id}) + b"\n"


def encode_result(result: object, request_id: Id) -> bytes:
    """The line that answers a query."""
    return _encode({"jsonrpc": "2.0", "result": result, "id": request_id}) + b"\n"


class DrawResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The result of a draw beside `random`. A secret draw's reply holds its seed, a recorded one's its record."""

    bits_used: int
    serial_number: int
    hash: str
    ledger: str
    seed: str | None = None
    repeatable: bool = False
    head: str | None = None
    body: str | None = None


RESULT_START = b'{"jsonrpc":"2.0","result":{"random":{"data":'


def encode_result_end(completion_time: str, result: DrawResult, request_id: Id) -> bytes:
    """What follows the data in the reply to a draw: RESULT_START, the data, this."""
    start = b',"completionTime":"' + completion_time.encode() + b'"},'
    return b"".join((start, _encode(result)[1:], b',"id":', _encode(request_id), b"}\n"))
