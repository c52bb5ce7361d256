"""Draws: how one comes about, what its record says, and what its reply says."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from fifod import names, wire
from fifod.errors import IllegalValue, LedgerError, NotFound, Refusing
from fifod.keystream import BLOCK, Keystream
from fifod.ledger.record import Record, completion_time
from fifod.ledger.writer import Stamp
from fifod.recipe import bits_used, data, data_pieces
from fifod.types import PARAMS, AnyParams, Caller, Id, Input, Integers, Pregenerated, Request, Stream

SEED_BYTES = 32
_HEAVY = 50_000  # so many different numbers are remembered while they are drawn
_SMALL = 500  # so many integers take well below a millisecond
_encode = msgspec.json.Encoder().encode


class Body(Struct, frozen=True, omit_defaults=True, kw_only=True, rename="camel"):
    """The private half of a draw's record. Exactly one of `seed` and `seed_hash` is there."""

    drawer: str
    uid: int
    user: str | None = None
    transport: str
    claimed_pid: int | None = None
    purpose: str | None = None
    input: Input | None = None
    key: str | None = None
    method: str
    params: AnyParams
    recipe: str
    seed: str | None = None
    seed_hash: str | None = None
    sealed: str | None = None
    repeatable: bool = False
    received: str


class Draw(Struct, frozen=True):
    """A draw before or after its record: everything that its values and its reply follow from."""

    params: AnyParams
    seed: bytes
    is_secret: bool
    is_repeatable: bool
    key: str | None


class Reply(Struct, frozen=True):
    """What goes to a reply FIFO: `first`, then what `rest` makes when there is room.

    `serial` is the draw's that it delivers, 0 if none; a stream has no end but the client's. A heavy one takes up to
    a hundred megabytes while it is made.
    """

    first: bytes
    rest: Iterator[bytes] | None = None
    serial: int = 0
    is_stream: bool = False
    is_heavy: bool = False


def new_draw(
    request: Request, params: AnyParams, digest: str | None, host_key: bytes, entropy: Callable[[int], bytes]
) -> Draw:
    """A draw with a seed from the kernel, or of a repeatable one from the host key; `digest` is the request's key's.

    Raises Refusing if the kernel gives no randomness, and IllegalValue for a repeatable draw that is to be secret.
    """
    source = None if isinstance(params, Stream) else params.pregenerated_randomization
    if isinstance(source, Pregenerated):
        if request.secret:
            raise IllegalValue("a repeatable draw cannot be secret: whoever asks again is given it", ["secret"])
        kind, value = source.kind_and_value
        seed = hmac.digest(host_key, f"{params.method}\n{kind}\n{value}".encode(), "sha256")
        return Draw(params, seed, False, True, digest)
    try:
        seed = entropy(SEED_BYTES)
    except OSError as error:
        raise Refusing(f"the kernel gives no randomness: {error.strerror}; nothing was drawn") from None
    return Draw(params, seed, request.secret, False, digest)


def record_body(draw: Draw, request: Request, caller: Caller, received: str) -> bytes:
    """The bytes of the record's private half."""
    seed_hash = sealed = None
    if draw.is_secret:
        seed_hash = hashlib.sha256(draw.seed).hexdigest()
        sealed = _seal(draw.seed, request.key, caller.drawer, seed_hash).hex() if request.key else None
    body = Body(
        drawer=caller.drawer,
        uid=caller.uid,
        user=caller.user,
        transport=names.FIFO if request.classic is None else names.CLASSIC,
        claimed_pid=_claimed_pid(request),
        purpose=request.purpose,
        input=request.input,
        key=draw.key,
        method=draw.params.method,
        params=draw.params,
        recipe=names.RECIPE,
        seed=None if draw.is_secret else draw.seed.hex(),
        seed_hash=seed_hash,
        sealed=sealed,
        repeatable=draw.is_repeatable,
        received=received,
    )
    return _encode(body)


def _claimed_pid(request: Request) -> int | None:
    return None if request.classic is None else request.classic.pid


def _seal(seed: bytes, key: str, drawer: str, seed_hash: str) -> bytes:
    """Seed to sealed seed and back, for who knows the request's key.

    A client that repeats a secret request must get the same draw, even from a daemon that was restarted in between
    and has forgotten the seed. The record holds only a digest of the key, so from the record alone nobody can open
    it.
    """
    pad = hashlib.sha256(f"fifod sealed seed\0{drawer}\0{key}\0{seed_hash}".encode()).digest()
    return bytes(a ^ b for a, b in zip(seed, pad, strict=True))


def recorded_draw(record: Record, key: str | None = None) -> Draw:
    """The draw that a record is about. A secret one needs the request's key; raises NotFound without."""
    body = record.body
    try:
        params = msgspec.convert(body["params"], PARAMS[body["method"]])
        is_secret = "seedHash" in body
        seed = _unsealed(body, key) if is_secret else bytes.fromhex(body["seed"])
    except (KeyError, ValueError) as error:
        raise LedgerError(f"the record of draw {record.head.serial} cannot be understood: {error}") from None
    return Draw(params, seed, is_secret, bool(body.get("repeatable")), body.get("key"))


def _unsealed(body: dict[str, Any], key: str | None) -> bytes:
    if key is None or "sealed" not in body:
        raise NotFound(
            "the values of a secret draw are not in the record: only its drawer has its seed", ["serialNumber"]
        )
    return _seal(bytes.fromhex(body["sealed"]), key, body["drawer"], body["seedHash"])


def was_asked_by(record: Record, request: Request, caller: Caller, params: AnyParams) -> bool:
    """Whether a request with the record's key asks for just what was recorded."""
    body = record.body
    asked = {
        "method": params.method,
        "params": msgspec.to_builtins(params),
        "purpose": request.purpose,
        "input": msgspec.to_builtins(request.input),
        "drawer": caller.drawer,
        "claimedPid": _claimed_pid(request),
    }
    return request.secret == ("seedHash" in body) and all(body.get(name) == value for name, value in asked.items())


def draw_reply(draw: Draw, stamp: Stamp, ledger: str, request_id: Id, record: Record | None = None) -> Reply:
    """The reply to a draw that is in the record; with `record` it shows that too."""
    if isinstance(draw.params, Stream):
        return _stream_reply(draw, stamp, ledger, request_id)
    result = wire.DrawResult(
        bits_used(draw.params),
        stamp.serial,
        stamp.hash,
        ledger,
        draw.seed.hex() if draw.is_secret else None,
        draw.is_repeatable,
        record.head_bytes.decode() if record else None,
        record.body_bytes.decode() if record else None,
    )
    end = wire.encode_result_end(completion_time(stamp.time), result, request_id)
    if draw.params.weight <= _SMALL:
        values = data(draw.params, draw.seed).encode()
        return Reply(b"".join((wire.RESULT_START, values, end)), None, stamp.serial)
    pieces = _with_end(data_pieces(draw.params, draw.seed), end)
    return Reply(wire.RESULT_START, pieces, stamp.serial, is_heavy=_is_heavy(draw.params))


def _stream_reply(draw: Draw, stamp: Stamp, ledger: str, request_id: Id) -> Reply:
    result = {
        "completionTime": completion_time(stamp.time),
        "serialNumber": stamp.serial,
        "hash": stamp.hash,
        "ledger": ledger,
    }
    if draw.is_secret:
        result["seed"] = draw.seed.hex()
    return Reply(wire.encode_result(result, request_id), _stream_pieces(draw.seed), stamp.serial, is_stream=True)


def _is_heavy(params: AnyParams) -> bool:
    return isinstance(params, Integers) and not params.replacement and params.n > _HEAVY


def _with_end(pieces: Iterator[str], end: bytes) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()
    yield end


def _stream_pieces(seed: bytes) -> Iterator[bytes]:
    stream = Keystream(seed)
    while True:
        yield stream.take(BLOCK)
