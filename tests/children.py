"""Child processes of tests, also as other users."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.waiting import DEADLINE, readable


def in_child(work: Callable[[], object], uid: int | None = None, deadline: float = 2 * DEADLINE) -> Any:
    """Do something in a process of its own, perhaps as another user; returns what it returned, by way of JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(work, uid, writer)
    os.close(writer)
    descriptor = os.pidfd_open(child)
    try:
        with os.fdopen(reader, "rb") as stream:
            found = _read_all(stream.fileno(), deadline)
        assert readable(descriptor), "a child does not end"
    finally:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(descriptor)
    told = json.loads(found or b'{"failure": "the child ended without a word"}')
    assert "failure" not in told, told["failure"]
    return told["value"]


def _work_and_exit(work: Callable[[], object], uid: int | None, writer: int) -> None:
    try:
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        told: dict[str, object] = {"value": work()}
    except BaseException as error:
        told = {"failure": f"{type(error).__name__}: {error}"}
    try:
        data = json.dumps(told).encode()
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(0)


def _read_all(descriptor: int, seconds: float) -> bytes:
    end, found = time.monotonic() + seconds, b""
    while readable(descriptor, seconds=end - time.monotonic()):
        if not (more := os.read(descriptor, 65536)):
            return found
        found += more
    return found
