"""The command `fifod-client`: finds the command meant, runs it, and turns errors into one line and an exit status."""

from __future__ import annotations

import sys

from fifod.errors import FifodError, RequestError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS = {
    "integers": ("draws", "whole numbers"),
    "sequences": ("draws", "sequences of whole numbers"),
    "decimals": ("draws", "decimal fractions from 0 up to 1"),
    "gaussians": ("draws", "numbers of a normal distribution"),
    "strings": ("draws", "texts of given characters"),
    "uuids": ("draws", "UUIDs of version 4"),
    "blobs": ("draws", "blocks of random bits"),
    "pick": ("lists", "some items of a list, each at most once"),
    "shuffle": ("lists", "a list in random order"),
    "stream": ("streaming", "random bytes without end"),
    "classic": ("classic", "values by the C exercise's protocol, with SIGUSR1"),
    "status": ("status", "how the daemon is"),
    "history": ("records", "your draws, newest first"),
    "show": ("records", "one of your draws, or its receipt"),
    "verify": ("verification", "check a receipt, a ledger or its chain of hashes"),
    "archive": ("archiving", "move old files out of the ledger (for root)"),
}
"""Each command's module in this package and what it gives. Only that module is imported: it keeps the start short."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns the exit status."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except FifodError as error:
        _complain(error.message)
        return error.exit_status
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    if len(arguments) == 1 and arguments[0].isdecimal():
        return _with_name("integers", lambda: _draw_integers(int(arguments[0])))
    from fifod.cli import parser

    if not arguments:
        raise UsageError(
            "say what to draw, for example: fifod-client 5 (numbers from 1 to 100); see fifod-client --help"
        )
    if arguments[0] in ("-h", "--help", "help"):
        return parser.show_overview(COMMANDS)
    if arguments[0] == "--version":
        return parser.show_version()
    command, *rest = arguments
    if command.startswith("-") or command.isdecimal():
        command, rest = "integers", arguments
    if command[0:1].isdecimal():
        raise UsageError(f"{command[:40]!r} is not a whole number; see fifod-client --help")
    if command not in COMMANDS:
        raise UsageError(parser.unknown_command(command, COMMANDS))
    module = __import__(f"fifod.cli.{COMMANDS[command][0]}", fromlist=["run"])
    options = module.build(command).parse_intermixed_args(rest)
    return _with_name(command, lambda: module.run(command, options))


def _with_name(command: str, act: Callable[[], int]) -> int:
    """Let a refusal by the daemon, which speaks of parameters alone, name the command too."""
    try:
        return act()
    except RequestError as error:
        error.message = f"{command}: {error.message}"
        raise


def _draw_integers(n: int) -> int:
    """`fifod-client N`, what scripts run again and again: it needs no parser, which is a quarter of the start."""
    from fifod.cli.output import emit_values, lines
    from fifod.client import Client

    with Client() as client:
        reply = client.integers(n)
    emit_values(reply, lines(map(str, reply.data)))
    return 0


def _complain(message: str) -> None:
    from fifod.cli.output import tell

    tell(message)
