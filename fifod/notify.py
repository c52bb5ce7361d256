"""A word to whoever started this process (sd_notify(3)): systemd, the trial, or nobody.

Not with python-systemd's notify: that one waits for as long as nobody reads what was told before, and a supervisor that
stands still must stop nothing else.
"""

from __future__ import annotations

import os
import socket


def notify(text: str, patience: float) -> None:
    """Send a message, waiting at most so many seconds for room; raises OSError if it does not get through."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(patience)
        sender.sendto(text.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
