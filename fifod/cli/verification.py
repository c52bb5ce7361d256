"""`verify`: checks receipts and ledgers, and says what that proves."""

from __future__ import annotations

import os
import sys

from fifod import names
from fifod.cli import output
from fifod.cli.parser import Parser, add_timeout
from fifod.client import Client
from fifod.errors import EX_DATAERR, FifodError, LedgerError, NoPermission, NotFound, UsageError
from fifod.ledger.chain import Findings, verify_heads
from fifod.ledger.noted import noted_beside, verify_with_note
from fifod.ledger.reader import LedgerReader
from fifod.ledger.verifier import Progress, is_hex64, verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

EX_NOINPUT = 66
SHOWN_FAULTS = 20
LONG_WORK = 8 << 20

DESCRIPTION = """\
Check a receipt (from `fifod-client show SERIAL --json`), one file of a ledger, or a ledger's directory; - is
standard input. No daemon is needed. Without FILE, the ledger of this machine is checked if you may read it;
otherwise the daemon is asked for the chain of heads, which anyone may check.

A receipt proves that its values follow from the seed and the parameters in its record. That the record is the one
made at the time is proved by its hash: find it in the ledger with --expect, or with someone who noted it. A chain
proves that nothing before a noted hash was changed, removed or added since. Against an administrator who writes
everything anew, only hashes that were noted elsewhere help: so note some. The daemon notes its newest draw beside
the ledger, in the file `head`: a ledger that no longer holds that draw has lost its end. Draws that are missing from
the ledger's beginning were archived if a note in its chain says so, with the hash of the last of them; then that is
said, and the archived files are to be checked where they are kept. Whatever else is missing is a fault.

Exit status 65: something is wrong; each fault is named with its file and line."""

EXAMPLES = """\
  fifod-client verify receipt.json
  fifod-client verify receipt.json --list names.txt
  fifod-client verify --expect 17:7c3e...             is the noted draw 17 still there?
  fifod-client verify /var/lib/fifod/ledger --recompute
"""


class CannotRead(FifodError):
    """What is to be checked cannot be read."""

    exit_status = EX_NOINPUT


class OneSegment(LedgerReader):
    """One file of a ledger."""

    def __init__(self, path: str) -> None:
        super().__init__(os.path.dirname(path))
        self._name = os.path.basename(path)

    def segments(self) -> list[str]:
        return [self._name]


def build(command: str) -> Parser:
    """The command's parser."""
    parser = Parser(command, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a receipt, a file of a ledger, or a ledger's directory"
    )
    parser.add_argument(
        "--expect",
        type=expectation,
        action="append",
        default=[],
        metavar="SERIAL:HASH",
        help="a draw's noted hash, which must be there; may be given several times",
    )
    parser.add_argument(
        "--list", metavar="FILE", help="the list that a receipt's draw is about: is it this one, and who was drawn?"
    )
    parser.add_argument(
        "--recompute",
        action="store_true",
        help="compute all values and streams of a ledger by the recipe, which takes long",
    )
    add_timeout(parser)
    return parser


def expectation(text: str) -> tuple[int, str]:
    """A serial number and a hash."""
    from argparse import ArgumentTypeError

    serial, _, digest = text.partition(":")
    if not (serial.isdecimal() and is_hex64(digest.lower())):
        raise ArgumentTypeError(f"{text[:100]!r} is not a serial number, a colon and a hash of 64 hexadecimal digits")
    return int(serial), digest.lower()


def run(command: str, options: Namespace) -> int:
    """Check what is meant and report."""
    if options.list is not None and (options.file is None or os.path.isdir(options.file)):
        raise UsageError("verify: --list goes with a receipt, which holds the SHA-256 of its draw's list")
    if options.list == options.file == "-":
        raise UsageError("verify: the receipt and its list cannot both come from standard input")
    if options.file is None:
        return _check_this_machine(options)
    if os.path.isdir(options.file):
        return _check_ledger(LedgerReader(options.file), f"the ledger in {options.file}", options)
    text = _read(options.file)
    if text.startswith(b'{"v":'):
        if options.file == "-":
            raise CannotRead("cannot check a ledger from standard input: give its file or directory")
        if options.list is not None:
            raise UsageError(f"verify: --list goes with a receipt, and {options.file} is a file of a ledger")
        return _check_ledger(OneSegment(options.file), options.file, options, whole=False)
    from fifod.cli import receipts

    return receipts.check(text, options)


def _read(file: str) -> bytes:
    """A receipt, or the start of a file of a ledger, which may be very long."""
    if file == "-" and sys.stdin is None:
        raise CannotRead("cannot read the receipt: standard input is closed")
    try:
        with sys.stdin.buffer if file == "-" else open(file, "rb") as source:
            start = source.read(5)
            return start if start == b'{"v":' else start + source.read()
    except OSError as error:
        raise CannotRead(f"cannot read {file}: {error.strerror}") from None


def _check_this_machine(options: Namespace) -> int:
    directory = os.path.join(names.state_dir(), "ledger")
    reader = LedgerReader(directory)
    try:
        can_read = bool(reader.segments() or noted_beside(directory))
    except NoPermission:
        can_read = False
    except LedgerError:
        can_read = noted_beside(directory) is not None
    if can_read:
        return _check_ledger(reader, f"the ledger in {directory}", options)
    if options.recompute:
        raise NoPermission(
            f"cannot recompute the draws of {directory}: you may not read it, only ask the daemon for its heads"
        )
    with Client(timeout=options.timeout) as client:
        first = _first_serial(client)
        heads = _heads(client, first)
        findings = verify_heads(heads, dict(options.expect), whole=True, archived=first - 1)
        return _report(findings, "the chain of heads that the daemon gave")


def _first_serial(client: Client) -> int:
    """From which draw on the daemon has heads: not from the first one if older ones were archived."""
    try:
        client.chain(1)
    except NotFound as error:
        if error.data and len(error.data) == 2 and isinstance(error.data[1], int):
            return error.data[1]
        raise
    return 1


def _heads(client: Client, first: int) -> Iterator[str]:
    serial: int | None = first
    while serial is not None:
        page = client.chain(serial, names.MAX_LISTED)
        yield from page["heads"]
        serial = page["next"]


def _check_ledger(reader: LedgerReader, what: str, options: Namespace, whole: bool = True) -> int:
    expected = dict(options.expect)
    with _Bar(_size(reader)) as progress:
        if whole:
            findings = verify_with_note(reader, expected, progress, recompute=options.recompute)
        else:
            findings = verify(reader, expected, progress, whole=False, recompute=options.recompute)
    return _report(findings, what)


def _size(reader: LedgerReader) -> int:
    try:
        return reader.size_after(None)
    except LedgerError:
        return 0


class _Bar:
    """A progress bar for long work in front of a person."""

    def __init__(self, size: int) -> None:
        self._bar = None
        if size >= LONG_WORK and sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=size, unit="B", unit_scale=True, desc="verify", leave=False)

    def __enter__(self) -> Progress:
        return self._bar.update if self._bar is not None else lambda size: None

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _report(findings: Findings, what: str) -> int:
    if findings.is_good:
        output.emit(_good_text(findings, what))
        return 0
    output.emit(output.lines(output.plainly(str(fault)) for fault in findings.faults[:SHOWN_FAULTS]))
    if findings.fault_count > SHOWN_FAULTS:
        output.emit(f"and {findings.fault_count - SHOWN_FAULTS} more\n")
    count = "one thing is" if findings.fault_count == 1 else f"{findings.fault_count} things are"
    output.tell(f"{what} is not good: {count} wrong; see above")
    return EX_DATAERR


def _archived_text(last: int, time: str) -> str:
    if time:
        return (
            f"draws 1 to {last} were archived on {time[:10]}, says a note in this chain: check them where they are kept"
        )
    return f"draws 1 to {last} were archived, says the daemon: check them where they are kept"


def _good_text(findings: Findings, what: str) -> str:
    drawn = f"draws {findings.first_serial} to {findings.last_serial}" if findings.draws else "no draws yet"
    lines = [f"good: {what} holds {findings.records} records, {drawn}, in one unbroken chain"]
    if findings.archived:
        lines.append(_archived_text(*findings.archived))
    if findings.erased:
        lines.append(f"the bodies of {findings.erased} records were erased, which the chain allows")
    if findings.torn:
        lines.append(f"behind the last record are {findings.torn} bytes that are no record (yet)")
    lines.append(f"newest hash {findings.hash}")
    lines.append(
        "nothing before a hash that was noted elsewhere has changed since; without such a hash a chain proves little"
    )
    return output.lines(map(output.plainly, lines))
