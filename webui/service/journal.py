"""Journal lines of fifod's units, from the small reader that alone may read the journal (fifod/journal_reader.py)."""

import json
import socket
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from webui.service.units import Line, Lines
from webui.service.words import gettext_noop as _

SECONDS = 2.0
MOST_BYTES = 8 << 20


class Unreadable(Exception):
    """The reader cannot be reached, or does not say what it should."""


class NotTheReaders(Exception):
    """The reader refused the question, as it does when the cursor is none of its."""


def lines(after: str, count: int) -> Lines:
    """The lines behind a cursor, or the newest."""
    try:
        try:
            return _lines(_ask(after, count), after, is_whole=not after)
        except NotTheReaders:
            if not after:
                raise
            return _lines(_ask("", count), "", is_whole=True)
    except (Unreadable, NotTheReaders) as error:
        return Lines(cursor=after, is_whole=not after, problem=str(error))


def _lines(found: list[dict[str, Any]], after: str, is_whole: bool) -> Lines:
    cursor = found[-1]["cursor"] if found else after
    return Lines(tuple(_line(entry) for entry in found), cursor, is_whole)


def _line(entry: dict[str, Any]) -> Line:
    time = datetime.fromtimestamp(entry["time"], UTC)
    return Line(time, str(entry["unit"]), int(entry["priority"]), str(entry["message"]))


def _ask(after: str, count: int) -> list[dict[str, Any]]:
    question = json.dumps({"after": after or None, "n": count}).encode() + b"\n"
    try:
        found = [json.loads(line) for line in _exchange(question).splitlines()]
    except FileNotFoundError:
        raise Unreadable(
            _("the reader's socket is not there; fifod-journal.socket must be installed and active")
        ) from None
    except ConnectionRefusedError:
        raise Unreadable(
            _("nobody serves the reader's socket; start fifod-journal.socket, then restart fifod-web.service")
        ) from None
    except PermissionError:
        raise Unreadable(_("this site's user may not use the reader's socket")) from None
    except TimeoutError:
        raise Unreadable(f"the reader did not answer within {SECONDS:.0f} s") from None
    except (OSError, ValueError) as error:
        raise Unreadable(f"the reader did not answer as it should: {error}") from None
    return _checked(found)


def _checked(found: list[Any]) -> list[dict[str, Any]]:
    for entry in found:
        if not isinstance(entry, dict) or not entry.keys() >= {"cursor", "time", "unit", "priority", "message"}:
            if isinstance(entry, dict) and "error" in entry:
                raise NotTheReaders(str(entry["error"]))
            raise Unreadable(_("the reader did not answer as it should"))
    return found


def _exchange(question: bytes) -> bytes:
    end = time.monotonic() + SECONDS
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(settings.JOURNAL))
        client.sendall(question)
        answer = bytearray()
        while len(answer) < MOST_BYTES:
            client.settimeout(max(0.001, end - time.monotonic()))
            more = client.recv(65536)
            if not more:
                return bytes(answer)
            answer += more
    raise Unreadable(_("the reader sent more than it should"))
