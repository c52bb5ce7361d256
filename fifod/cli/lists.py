"""`pick` and `shuffle`: positions in a list are drawn, and the record says which list it was about."""

from __future__ import annotations

import hashlib
import sys

from fifod import names
from fifod.cli import output
from fifod.cli.parser import Parser, add_draw_options, add_output_options, whole
from fifod.client import Client
from fifod.errors import EX_DATAERR, FifodError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from fifod.reply import Reply

EX_NOINPUT = 66

MANNERS = """
Items stand one a line in FILE, or in standard input without FILE; a line that is empty or only white space is
refused, so that nobody wins under no name. An item that stands twice has two chances. The values drawn are
positions: value K means line K of the list. The record holds how many items there are and the SHA-256 of the
lines, each ended by a single newline (LF): `sha256sum FILE` gives the same, unless lines of FILE end with CR LF
or the last one has no newline. `fifod-client verify RECEIPT --list FILE` compares, and names the items drawn."""

PICK_EXAMPLES = """\
  fifod-client pick 3 entries.txt --purpose 'spring raffle'
  getent passwd | cut -d: -f1 | fifod-client pick 1
"""


class NoInput(FifodError):
    """The list cannot be read."""

    exit_status = EX_NOINPUT


class BadList(FifodError):
    """The list is not one to draw from."""

    exit_status = EX_DATAERR


def build(command: str) -> Parser:
    """The command's parser."""
    if command == "pick":
        examples = PICK_EXAMPLES
        parser = Parser(command, f"Pick K different lines, in the order in which they were drawn.\n{MANNERS}", examples)
        parser.add_argument("k", type=whole, metavar="K", help="how many items to pick")
    else:
        examples = "  fifod-client shuffle teams.txt\n  seq 10 | fifod-client shuffle\n"
        parser = Parser(command, f"Print all lines in random order, at most {names.MAX_INTEGERS}.\n{MANNERS}", examples)
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="the list; - is standard input, as is none"
    )
    add_output_options(parser)
    add_draw_options(parser)
    return parser


def run(command: str, options: Namespace) -> int:
    """Draw positions and print the items there."""
    items = _split(read(options.file), _name(options.file))
    count = options.k if command == "pick" else len(items)
    if not 1 <= count <= min(len(items), names.MAX_INTEGERS):
        limit = min(len(items), names.MAX_INTEGERS)
        raise BadList(
            f"cannot {command} {count} items of {_name(options.file)}: of its {len(items)}, 1 to {limit} can be drawn"
        )
    with Client(timeout=options.timeout) as client:
        reply = client.integers(
            count,
            1,
            len(items),
            replacement=False,
            input={"count": len(items), "sha256": digest(items)},
            purpose=options.purpose,
            secret=options.secret,
        )
    _print(reply, [items[position - 1] for position in reply.data], options)
    return 0


def _print(reply: Reply, drawn: list[bytes], options: Namespace) -> None:
    if options.json:
        result: dict[str, Any] = {**reply.result, "items": [item.decode(errors="replace") for item in drawn]}
        output.emit_drawn(reply, output.json_line(result))
        return
    summary = f"count {len(drawn)}\n" if options.summary else ""
    output.emit_values(reply, b"".join([item + b"\n" for item in drawn]) + summary.encode())


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def read(file: str) -> bytes:
    """A list as it stands in a file or in standard input; raises NoInput."""
    if file == "-":
        if sys.stdin is None:
            raise NoInput("cannot read the list: standard input is closed")
        if sys.stdin.isatty():
            output.tell("type the items, one a line, and end with Ctrl-D")
        return sys.stdin.buffer.read()
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError as error:
        raise NoInput(f"cannot read the list {file}: {error.strerror}") from None


def items_of(text: bytes) -> list[bytes]:
    """The items of a list: lines, however they end, as they stand otherwise."""
    items = text.split(b"\n")
    if not items[-1]:
        items.pop()
    return [item.removesuffix(b"\r") for item in items]


def _split(text: bytes, name: str) -> list[bytes]:
    items = items_of(text)
    if not items:
        raise BadList(f"cannot draw from {name}: it is empty")
    blank = next((number for number, item in enumerate(items, 1) if not item or item.isspace()), None)
    if blank is not None:
        how = "is only white space" if items[blank - 1] else "is empty"
        raise BadList(f"cannot draw from {name}: line {blank} {how}; remove it")
    return items


def digest(items: list[bytes]) -> str:
    """The SHA-256 that the record has of a list."""
    return hashlib.sha256(b"".join([item + b"\n" for item in items])).hexdigest()
