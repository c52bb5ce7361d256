"""`stream`: random bytes until nobody takes them any more."""

from __future__ import annotations

import os
import sys
import time

from fifod.cli import output
from fifod.cli.parser import Parser, add_draw_options
from fifod.client import Client
from fifod.errors import NotRunning, TimedOut, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from fifod.client import Stream

DESCRIPTION = """\
Write random bytes to standard output until it is closed. All of them are one draw: its record holds the seed
before the first byte leaves, and their number and SHA-256 after the last. The serial number is told on standard error.
The daemon ends a stream of which nothing is taken for ten seconds.

The recorded number and SHA-256 are of what the daemon wrote into the pipe. A reader that stops early, as head -c does,
has the beginning of it: take the seed that `fifod-client show SERIAL --json` gives and compute as many bytes by the
recipe to compare."""

STALL = 10.0

EXAMPLES = """\
  fifod-client stream | head -c 1M > noise
  fifod-client stream | pv > /dev/null
  fifod-client stream --secret | shred --random-source=/dev/stdin old-disk.img
"""


def build(command: str) -> Parser:
    """The command's parser."""
    parser = Parser(command, DESCRIPTION, EXAMPLES)
    add_draw_options(parser)
    return parser


def run(command: str, options: Namespace) -> int:
    """Copy the stream to standard output."""
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError(
            "stream writes raw bytes, not fit for a terminal: send them on, as in fifod-client stream | head -c 9 | xxd"
        )
    client = Client(timeout=options.timeout)
    with client.stream(purpose=options.purpose, secret=options.secret) as stream:
        output.tell(f"this stream is draw {stream.serial_number}, hash {stream.hash}")
        output.show_seed(stream.reply)
        stalled = _copy(stream)
    if stalled:
        raise TimedOut(
            "the daemon ended the stream, because for ten seconds nothing was taken from it; start a new one"
        )
    raise NotRunning("the daemon ended the stream: it stops")


def _copy(stream: Stream) -> bool:
    """Copy until the stream ends; whether its end may be the reader's fault, who let it stand still."""
    stalled = False
    while chunk := stream.read():
        began = time.monotonic()
        rest = memoryview(chunk)
        while rest:
            rest = rest[_write(rest) :]
        stalled = stalled or time.monotonic() - began >= STALL
    return stalled


def _write(rest: memoryview) -> int:
    try:
        return os.write(1, rest)
    except BlockingIOError:
        # Somebody made our standard output non-blocking: wait for its reader, who may take as long as he likes.
        import select

        select.select([], [1], [])
        return 0
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise output.CannotWrite(f"cannot write to standard output: {error.strerror}") from None
