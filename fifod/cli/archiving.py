"""`archive`: has the daemon move old files out of the ledger, and says what became of them."""

from __future__ import annotations

from fifod import names
from fifod.cli import output
from fifod.cli.parser import Parser, add_timeout, whole
from fifod.client import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

DESCRIPTION = """\
Move old files out of the ledger into the directory `archive` beside it: whole files, none of whose draws is among the
newest N. Before that, a note of it is written into the ledger, so that `fifod-client verify` can tell archived draws
from missing ones. Draws go on meanwhile. Nothing is deleted: what you do with the archived files is up to you, as long
as you keep them together. For root, and for the user that fifod runs as."""

EXAMPLES = """\
  fifod-client archive --dry-run                      what would be archived?
  fifod-client archive --keep 200000
  fifod-client verify /var/lib/fifod/archive          check what was archived
"""


def build(command: str) -> Parser:
    """The command's parser."""
    parser = Parser(command, DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--keep",
        type=whole,
        default=names.DEFAULT_KEPT,
        metavar="N",
        help=f"how many of the newest draws stay in the ledger, 100000 or more ({names.DEFAULT_KEPT})",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be archived")
    add_timeout(parser)
    return parser


def run(command: str, options: Namespace) -> int:
    """Archive all there is to archive and report."""
    with Client(timeout=options.timeout) as client:
        done = client.archive(options.keep, dry_run=options.dry_run)
        total = done
        while done["more"]:
            done = client.archive(options.keep)
            total = _together(total, done)
    output.emit(_report(total, options))
    return 0


def _together(total: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    counts = {name: total[name] + done[name] for name in ("files", "bytes")}
    return {**total, **counts, "last": done["last"] or total["last"]}


def _report(done: dict[str, Any], options: Namespace) -> str:
    if not done["files"]:
        return f"nothing to archive: each file of the ledger holds some of the newest {options.keep} draws\n"
    which = f"draws {done['first']} to {done['last']}: {_size(done)}"
    if options.dry_run:
        return f"would archive {which}, to {done['directory']}\n"
    return output.lines(
        [
            f"archived {which}, now in {done['directory']}",
            f"check them with: fifod-client verify {done['directory']}",
            "then keep them there, or move them all to where you keep such things; the ledger verifies without them",
        ]
    )


def _size(done: dict[str, Any]) -> str:
    files = "1 file" if done["files"] == 1 else f"{done['files']} files"
    return f"{files}, {done['bytes'] / 1e6:.1f} MB"
