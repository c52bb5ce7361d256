"""`status`: how the daemon is, to a person in rows or to a program as JSON."""

from __future__ import annotations

import os
import re
import stat

from fifod import names
from fifod.cli import output
from fifod.cli.parser import Parser, add_timeout
from fifod.client import Client
from fifod.errors import EX_TEMPFAIL, meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator
    from typing import Any

    Status = dict[str, Any]

DESCRIPTION = """\
Print how the daemon is. The exit status is 75 while it refuses draws.

head is the newest draw with its hash: note it, and `fifod-client verify --expect` can tell later whether it is still
there. recorder says how far the web site's history is behind. undelivered are draws that were made but whose client
did not read the reply, unanswerable requests without a usable reply FIFO. latency is from reading a request to having
its reply ready to be written. All counts are since the daemon's start."""

NOT_KNOWN = "not known"
_RECORDED = re.compile(rb"[0-9]{1,16}\n")


def build(command: str) -> Parser:
    """The command's parser."""
    parser = Parser(command, DESCRIPTION)
    parser.add_argument("--json", action="store_true", help="the daemon's answer as one line of JSON")
    add_timeout(parser)
    return parser


def run(command: str, options: Namespace) -> int:
    """Ask the daemon and print."""
    # Before the daemon is asked: what is recorded meanwhile must not seem to be ahead of it.
    recorded = recorded_serial(os.path.join(names.runtime_dir(), names.RECORDED))
    with Client(timeout=options.timeout) as client:
        status = client.status()
    if options.json:
        output.emit(output.json_line(status))
    else:
        output.emit(output.lines(f"{name:<16}{output.plainly(text)}" for name, text in rows(status, recorded)))
    return 0 if status["state"] == "serving" else EX_TEMPFAIL


def recorded_serial(path: str) -> int | None:
    """The serial number that the recorder has noted; None if none can be read, whatever stands there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, 32) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(text) if _RECORDED.fullmatch(text) else None


def rows(status: Status, recorded: int | None) -> Iterator[tuple[str, str]]:
    """What is printed, as names and texts. What this daemon does not tell is left out."""
    for name, tell in _TELLERS.items():
        try:
            text = tell(status)
        except (LookupError, TypeError, ValueError):
            continue
        yield name, text
        if name == "head:":
            yield "recorder:", _recorder(status["serialNumber"], recorded)
        elif name == "refused:":
            yield from _refusals(status["refused"])


def _recorder(newest: int, recorded: int | None) -> str:
    if recorded is None or recorded > newest:
        return NOT_KNOWN
    behind = newest - recorded
    return f"{_counted(behind, 'draw')} behind" if behind else "up to date"


def _refusals(refused: dict[str, int]) -> Iterator[tuple[str, str]]:
    width = max((len(f"{count:,}") for count in refused.values()), default=0)
    for code, count in refused.items():
        yield f"  {code}", f"{count:>{width},}  {meaning(int(code))}"


def _size(status: Status) -> str:
    if status["ledgerBytes"] is None:
        return NOT_KNOWN
    return f"{_bytes(status['ledgerBytes'])} in {_counted(status['segments'], 'segment')}"


def _latency(status: Status) -> str:
    latency = status["latency"]
    count = latency["count"]
    if not count:
        return "no requests yet"
    half, most = (_quantile(latency["buckets"], share * count) for share in (0.5, 0.99))
    return f"p50 {half}, p99 {most}, mean {_seconds(latency['sum'] / count)}"


def _quantile(buckets: list[list[float]], rank: float) -> str:
    """Within which bucket's bound so many requests were answered: more than that the buckets do not tell."""
    bound = next((bound for bound, count in buckets if count >= rank), None)
    return f"at most {_seconds(bound)}" if bound is not None else f"more than {_seconds(buckets[-1][0])}"


_TELLERS: dict[str, Callable[[Status], str]] = {
    "state:": lambda status: str(status["state"]),
    "version:": lambda status: str(status["version"]),
    "pid:": lambda status: str(status["pid"]),
    "up:": lambda status: _duration(status["uptime"]),
    "durability:": lambda status: str(status["durability"]),
    "ledger:": lambda status: str(status["ledger"]),
    "size:": _size,
    "head:": lambda status: f"{status['serialNumber']}:{status['hash']}" if status["serialNumber"] else "no draws yet",
    "draws:": lambda status: f"{status['draws']:,}",
    "requests:": lambda status: f"{status['requests']:,}",
    "refused:": lambda status: f"{sum(status['refused'].values()):,}",
    "undelivered:": lambda status: f"{status['undelivered']:,}",
    "unanswerable:": lambda status: f"{status['unanswerable']:,}",
    "clients:": lambda status: f"{status['clients']:,}",
    "queue:": lambda status: f"{_counted(status['queued'], 'request')}, {_bytes(status['queueBytes'])} unread",
    "latency:": _latency,
    "quota left:": lambda status: (
        f"{_counted(status['quota']['draws'], 'draw')}, {_counted(status['quota']['values'], 'value')} in this minute"
    ),
}


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _bytes(count: int) -> str:
    if count < 10_000:
        return f"{count} bytes"
    size, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if size >= 1024:
            size, unit = size / 1024, larger
    return f"{size:.1f} {unit}"


def _seconds(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"


def _duration(seconds: int) -> str:
    """The two largest units that are not nothing."""
    parts: list[str] = []
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count or (size == 1 and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
