"""`classic`: draws by the protocol of the C exercise, through the classic bridge."""

from __future__ import annotations

import signal
import sys
import time

from fifod.classic.client import Asker
from fifod.classic.frames import MAX_VALUES
from fifod.classic.places import MAX_PID
from fifod.cli import output
from fifod.cli.parser import Parser, add_timeout, whole
from fifod.errors import EX_DATAERR, FifodError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

DESCRIPTION = """\
Ask the classic bridge (fifod-classic) for N values from 1 to 100, N from 1 to 100, as the C programs of the exercise
do: a question of two ints into one FIFO, sleep until SIGUSR1, an answer of 101 ints out of the other, SIGUSR1 back
as acknowledgement. The bridge must be your own: it answers its own user's processes only."""

EXAMPLES = """\
  fifod-client classic 5                 five values
  fifod-client classic 5 --trace         and each step as it happens
  fifod-client classic --interactive     asks how many, again and again
"""


class NoValues(FifodError):
    """The bridge answered, with no values."""

    exit_status = EX_DATAERR


class Steps:
    """Shows the steps of an exchange on standard error, with microseconds since its start."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """An exchange starts now."""
        self._start = time.monotonic_ns() // 1000

    def show(self, microseconds: int, step: str) -> None:
        """One step, on a line of its own."""
        _say(f"{microseconds - self._start:>9} µs  {step}\n")


def build(command: str) -> Parser:
    """The command's parser."""
    parser = Parser(command, DESCRIPTION, EXAMPLES)
    parser.add_argument("n", nargs="?", type=whole, metavar="N", help="how many values")
    parser.add_argument(
        "--interactive",
        action="store_true",
        help="ask how many, show values, sum and mean, and ask again, until an empty line or the end of input",
    )
    parser.add_argument("--trace", action="store_true", help="each step on standard error, with microseconds")
    parser.add_argument("--summary", action="store_true", help="behind the values their count, sum and mean")
    parser.add_argument(
        "--pid", type=process, metavar="PID", help="the bridge's process; otherwise as its PID file says"
    )
    add_timeout(parser)
    return parser


def process(text: str) -> int:
    """The number of a process that may be signalled."""
    from argparse import ArgumentTypeError

    pid = whole(text)
    if not 1 < pid <= MAX_PID:
        raise ArgumentTypeError(f"{pid} is not the PID of a bridge; it prints its own as it starts")
    return pid


def run(command: str, options: Namespace) -> int:
    """Ask and print."""
    if options.interactive == (options.n is not None):
        raise UsageError("classic: give either N or --interactive; see fifod-client classic --help")
    # A bridge that was not waited for may still signal, and the default action would end this process.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    steps = Steps()
    told = {"told": steps.show} if options.trace else {}
    with Asker(pid=options.pid, timeout=options.timeout, **told) as asker:
        if options.interactive:
            _converse(asker, steps)
        else:
            _draw(asker, options.n, options.summary)
    return 0


def _draw(asker: Asker, n: int, with_summary: bool) -> None:
    values = asker.ask(n)
    if not values:
        raise NoValues(f"the classic bridge answered with no values: {_why_none(n)}")
    output.emit(output.lines(map(str, values)) + (output.summary(values) if with_summary else ""))


def _why_none(n: int) -> str:
    if 1 <= n <= MAX_VALUES:
        return "fifod could not draw for it; see fifod-client status, and the log of the bridge"
    return f"n must be from 1 to {MAX_VALUES}, not {n}"


# --- interactively ---


def _converse(asker: Asker, steps: Steps) -> None:
    while (answer := _question()) is not None:
        if (n := _count(answer)) is None:
            output.tell(f"{answer[:40]!r} is not a whole number from 1 to {MAX_VALUES}")
            continue
        steps.begin()
        try:
            _draw(asker, n, True)
        except NoValues as error:
            output.tell(error.message)


def _question() -> str | None:
    """What the person says; None at the end of input or for an empty line."""
    _say(f"how many values, 1 to {MAX_VALUES}? ")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if not line:
        _say("\n")
    return line.strip() or None


def _count(answer: str) -> int | None:
    is_count = answer.isascii() and answer.isdigit() and len(answer) <= len(str(MAX_VALUES))
    return int(answer) if is_count and 1 <= int(answer) <= MAX_VALUES else None


def _say(text: str) -> None:
    """Something for the person's eyes, on standard error if there is one."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        pass
