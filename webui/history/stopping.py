"""Waiting that SIGTERM and SIGINT end, without handlers.

The two signals stay blocked, so that none cuts a transaction in half; the recorder collects them where it can stop.
"""

import signal

_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def block_signals() -> None:
    """Keep SIGTERM and SIGINT for `asked`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def asked(within: float = 0) -> bool:
    """Whether one of the signals is there, or comes within so many seconds."""
    return signal.sigtimedwait(_SIGNALS, within) is not None
