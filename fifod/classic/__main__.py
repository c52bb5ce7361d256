"""The command `fifod-classic`: the bridge for the C exercise's clients, in the foreground."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the bridge; returns its exit status."""
    # Before anything else is loaded: a client of the bridge that had this number before could acknowledge, and the
    # signal would end a process that does not expect it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    from fifod.classic.command import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
