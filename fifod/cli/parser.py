"""Arguments: one parser per command, with the options that commands have in common, and the overview."""

from __future__ import annotations

import argparse
import math
import os

from fifod import __version__
from fifod.cli.output import emit
from fifod.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MAX_TIMEOUT = 86_400.0

OVERVIEW = """\
usage: fifod-client COMMAND [ARGUMENT...]
       fifod-client N [OPTION...]          short for: fifod-client integers N

Fair random draws from the daemon fifod. Each draw is in its ledger before you see it, and nobody can quietly redo it.

commands:
{commands}

`fifod-client COMMAND --help` explains one of them. The commands up to shuffle take --json, --summary, --purpose TEXT,
--secret and --timeout SECONDS. Values go to standard output, one a line, and nothing else does.

examples:
  fifod-client 5                                     five numbers from 1 to 100
  fifod-client integers 6 --min 1 --max 49 --unique  lottery numbers
  fifod-client pick 2 names.txt --purpose raffle     two of the lines of names.txt
  ls | fifod-client shuffle                          standard input in random order
  fifod-client show 17 --json > receipt.json         a receipt of draw 17 ...
  fifod-client verify receipt.json                   ... which anyone can check, without the daemon

exit status (sysexits.h):
   0  done                                70  a fault of the daemon or of this program
  64  wrong arguments                     74  cannot write
  65  refused, or the check failed        75  try again later: time-out, quota, draws refused for now
  66  the list cannot be read             76  daemon and client do not understand each other
  69  fifod, or the bridge, does not run  77  no permission
  130 interrupted

environment:
  FIFOD_RUNTIME_DIR   where the daemon's FIFOs are; otherwise /run/fifod
  FIFOD_STATE_DIR     where the ledger is, for verify; otherwise /var/lib/fifod
  FIFOD_CLASSIC_FIFO1, FIFOD_CLASSIC_FIFO2, FIFOD_CLASSIC_DIR
                      for classic: its two FIFOs, otherwise /tmp/fifo1 and /tmp/fifo2, and where classic.pid is
"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Asks the terminal for its width by itself: argparse would import shutil, at a tenth of the start's cost."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=min(_columns(), 110) - 2)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line and exit status 64."""

    def __init__(self, command: str, description: str, examples: str = "") -> None:
        epilog = f"examples:\n{examples}" if examples else None
        super().__init__(
            f"fifod-client {command}", description=description, epilog=epilog, formatter_class=Help, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog.split()[-1]}: {message}; see {self.prog} --help")


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number") from None


def number(text: str) -> float:
    """A finite number; one that is whole stays an int, so that it is recorded as it was given."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number")
    return int(value) if value.is_integer() else value


def text(given: str) -> str:
    """A text that can be sent."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("the text holds bytes that are not UTF-8") from None
    return given


def seconds(text: str) -> float:
    """A time-out."""
    value = number(text)
    if not 0 < value <= MAX_TIMEOUT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time: it must be more than 0 and at most {MAX_TIMEOUT:g} seconds"
        )
    return value


def add_timeout(parser: Parser) -> None:
    """What every command that asks the daemon takes."""
    parser.add_argument("--timeout", type=seconds, default=10.0, metavar="SECONDS", help="give up after this time (10)")


def add_draw_options(parser: Parser) -> None:
    """What every command that draws takes."""
    parser.add_argument(
        "--purpose", type=text, metavar="TEXT", help="what the draw is for; stands in the record, up to 400 bytes"
    )
    parser.add_argument(
        "--secret",
        action="store_true",
        help="keep the seed out of the record; it is shown once, on standard error, and proves the draw later",
    )
    add_timeout(parser)


def add_output_options(parser: Parser) -> None:
    """How values are shown."""
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="the whole result as one line of JSON")
    shape.add_argument(
        "--summary", action="store_true", help="behind the values their count, and sum and mean of numbers"
    )


def show_overview(commands: dict[str, tuple[str, str]]) -> int:
    """Print the help that `fifod-client --help` gives."""
    emit(OVERVIEW.format(commands="\n".join(f"  {name:<11}{gives}" for name, (_, gives) in commands.items())))
    return 0


def show_version() -> int:
    """Print what `fifod-client --version` gives."""
    emit(f"fifod-client {__version__}\n")
    return 0


def unknown_command(command: str, commands: dict[str, tuple[str, str]]) -> str:
    """A message that names the nearest command there is."""
    from difflib import get_close_matches

    nearest = get_close_matches(command[:40], commands, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else "see fifod-client --help"
    return f"there is no command {command[:40]!r}; {hint}"
