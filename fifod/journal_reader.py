"""Gives the journal lines of fifod's units, and of nothing else, to whoever may connect to its socket.

The web site's user would need the group systemd-journal for that, which reads the whole machine. This program has the
group in its place and knows one question: {"after": CURSOR or null, "n": at most 500}. The answer is one JSON object a
line, oldest first; then the connection is closed.
"""

import json
import os
import re
import select
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from systemd import journal

SERVICES = ("fifod.service", "fifod-recorder.service", "fifod-web.service")
UNITS = (*SERVICES, "fifod.socket", "run-fifod-replies.mount")
DEFAULT_ADDRESS = "/run/fifod-journal/socket"
FIRST_DESCRIPTOR = 3
CANNOT_START = 3

MOST_LINES = 500
LONGEST_QUESTION = 1024
LONGEST_MESSAGE = 2000
SECONDS_FOR_A_CLIENT = 3.0
SECONDS_IDLE = 20.0
MOST_CLIENTS = 16
_CURSOR = re.compile(r"s=[0-9a-f]{32};i=[0-9a-f]+;b=[0-9a-f]{32};m=[0-9a-f]+;t=[0-9a-f]+;x=[0-9a-f]+")

Line = dict[str, Any]


class Refused(Exception):
    """A question that gets an error for an answer."""


class Unusable(Exception):
    """The descriptor that was passed is not the socket that this program serves."""


def main() -> int:
    """Serve the socket that systemd passed until nobody asks any more; the exit status."""
    try:
        listener = passed_socket(os.environ.get("FIFOD_JOURNAL", DEFAULT_ADDRESS))
    except Unusable as error:
        print(f"fifod.journal_reader: cannot start: {error}", file=sys.stderr)
        return CANNOT_START
    with listener:
        Reader(listener).serve()
    return 0


def passed_socket(address: str) -> socket.socket:
    """The listening socket among the descriptors that systemd passed, known by its address, not by its number."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not re.fullmatch("[1-9][0-9]?", count):
        raise Unusable("systemd passed no socket; start fifod-journal.socket, which starts this program when needed")
    for descriptor in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count)):
        if (found := _listener(descriptor, address)) is not None:
            return found
    raise Unusable(f"none of the {count} descriptors passed is a socket that listens at {address}")


def _listener(descriptor: int, address: str) -> socket.socket | None:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        candidate = socket.socket(fileno=descriptor)
    except OSError:
        return None
    is_stream = (candidate.family, candidate.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
    is_listening = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if is_stream and is_listening and candidate.getsockname() == address:
        os.set_inheritable(descriptor, False)
        return candidate
    candidate.detach()
    return None


class Reader:
    """Serves some clients at a time, each for a bounded time, so that none keeps another waiting for longer."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)

    def serve(self) -> None:
        """Serve until nobody came for a while; systemd keeps the socket and starts this program again."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while poll.poll(SECONDS_IDLE * 1000):
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                continue
            self._places.acquire()  # the next ones wait in the socket's queue, no longer than a client has
            threading.Thread(target=self._attend, args=(client,)).start()

    def _attend(self, client: socket.socket) -> None:
        try:
            with client:
                Conversation(client).hold()
        finally:
            self._places.release()


class Conversation:
    """One client's question and its answer, before a deadline."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._end = time.monotonic() + SECONDS_FOR_A_CLIENT

    def hold(self) -> None:
        """Answer; a client that went away or is too slow is left."""
        try:
            self._send(self._answer())
        except OSError:
            pass

    def _answer(self) -> str:
        try:
            after, count = question(self._line())
            return "".join(f"{json.dumps(line)}\n" for line in lines(after, count))
        except Refused as error:
            return json.dumps({"error": str(error)}) + "\n"
        except OSError as error:
            return json.dumps({"error": f"the journal cannot be read: {error.strerror}"}) + "\n"

    def _line(self) -> bytes:
        data = b""
        while b"\n" not in data:
            self._client.settimeout(self._left())
            try:
                more = self._client.recv(LONGEST_QUESTION)
            except TimeoutError:
                raise Refused(f"no line came within {SECONDS_FOR_A_CLIENT:.0f} s") from None
            data += more
            if not more or len(data) >= LONGEST_QUESTION:
                raise Refused(f"a question is one line of at most {LONGEST_QUESTION} bytes")
        return data.partition(b"\n")[0]

    def _send(self, answer: str) -> None:
        rest = memoryview(answer.encode())
        self._end = max(self._end, time.monotonic() + 1)  # an error, too, should have its time to leave
        while rest:
            self._client.settimeout(self._left())
            rest = rest[self._client.send(rest) :]

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def question(line: bytes) -> tuple[str | None, int]:
    """After which line, and how many lines; what is no such question is refused."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("the question is not JSON") from None
    if not isinstance(asked, dict) or asked.keys() != {"after", "n"}:
        raise Refused('a question has the members "after" and "n"')
    after, count = asked["after"], asked["n"]
    if type(count) is not int or not 1 <= count <= MOST_LINES:
        raise Refused(f'"n" must be a whole number from 1 to {MOST_LINES}')
    if after is not None and not (isinstance(after, str) and _CURSOR.fullmatch(after)):
        raise Refused('"after" must be null or the cursor of a line')
    return after, count


def lines(after: str | None, count: int) -> list[Line]:
    """The lines behind a cursor, or the newest ones, oldest first."""
    with journal.Reader(flags=journal.SYSTEM_ONLY | journal.LOCAL_ONLY) as reader:
        reader.data_threshold = 4 * LONGEST_MESSAGE
        _match(reader)
        entries = _newest(reader, count) if after is None else _behind(reader, after, count)
        return [_told(entry) for entry in entries]


def _match(reader: "journal.Reader") -> None:
    """Of these units only: what they write themselves, and what systemd says about them.

    Fields with an underscore before them come from journald, not from who writes.
    """
    for service in SERVICES:
        reader.add_match(_SYSTEMD_UNIT=service)
        reader.add_disjunction()
    reader.add_match("_PID=1", *(f"UNIT={unit}" for unit in UNITS))


def _newest(reader: "journal.Reader", count: int) -> list[Line]:
    reader.seek_tail()
    found: list[Line] = []
    while len(found) < count and (entry := reader.get_previous()):
        found.append(entry)
    return found[::-1]


def _behind(reader: "journal.Reader", after: str, count: int) -> Iterator[Line]:
    # Seeking leads before the line of the cursor, or to where it would stand.
    reader.seek_cursor(after)
    entry = reader.get_next()
    if entry and reader.test_cursor(after):
        entry = reader.get_next()
    while entry and count > 0:
        yield entry
        entry = reader.get_next()
        count -= 1


def _told(entry: Line) -> Line:
    message = entry.get("MESSAGE", "")
    if isinstance(message, list):
        message = message[0]
    text = message.decode("utf-8", "backslashreplace") if isinstance(message, bytes) else str(message)
    unit = entry.get("UNIT") if entry.get("_PID") == 1 else entry.get("_SYSTEMD_UNIT")
    return {
        "cursor": entry["__CURSOR"],
        "time": entry["__REALTIME_TIMESTAMP"].timestamp(),
        "unit": unit,
        "priority": entry.get("PRIORITY", 6),
        "message": text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} …",
    }


if __name__ == "__main__":
    sys.exit(main())
