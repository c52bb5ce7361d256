"""Asks a server of the exercise's protocol for pid -1, which kill(2) takes for everybody: how many are signalled?

Runs as the first process of a pid namespace, where nobody else can be hurt; classic.py starts it so.
Usage: python -m tests.benchmarks.everybody FIFO1 FIFO2 COMMAND [ARGUMENT]...
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time

BYSTANDERS = 5
QUESTION = struct.Struct("ii")
_WAIT = 1.0


def main() -> None:
    """Print how many bystanders were ended by SIGUSR1."""
    if os.getpid() != 1:
        sys.exit("this is for a pid namespace of its own")
    fifo1, fifo2, *command = sys.argv[1:]
    bystanders = [subprocess.Popen(["sleep", "60"]) for _ in range(BYSTANDERS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        ends = [os.open(fifo1, os.O_RDWR), os.open(fifo2, os.O_RDONLY | os.O_NONBLOCK)]
        os.write(ends[0], QUESTION.pack(-1, 5))
        end = time.monotonic() + _WAIT
        while time.monotonic() < end and any(one.poll() is None for one in bystanders):
            time.sleep(0.01)
        print(sum(one.poll() == -signal.SIGUSR1 for one in bystanders))
        for one in (*bystanders, server):
            one.kill()
    for one in bystanders:
        one.wait()


if __name__ == "__main__":
    main()
