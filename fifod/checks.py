"""Checks that requests, queries and the configuration share: names, integers, printable texts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

from fifod.errors import InvalidParams, Malformed, OutOfRange, RequestError

Given = Mapping[str, object]

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control and bidirectional characters: texts reach terminals, where these would forge what is shown."""


def check_names(given: Given, required: frozenset[str], optional: frozenset[str] = frozenset()) -> None:
    """Raises InvalidParams if a parameter is missing or unknown."""
    if given.keys() == required:
        return
    if missing := required - given.keys():
        name = min(missing)
        raise InvalidParams(f"the parameter {name} is missing", [name])
    known = required | optional
    for name in given:
        if name not in known:
            raise InvalidParams(unknown_name("parameter", name, known), [name[:40]])


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """A message that names what is unknown and the nearest thing that is known."""
    nearest = difflib.get_close_matches(name[:60], known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"there is no {kind} {name[:40]!r}{hint}"


def integer(name: str, value: object, low: int, high: int) -> int:
    """The value if it is an integer from low to high; raises Malformed or OutOfRange."""
    if type(value) is not int:
        raise Malformed(f"{name} must be an integer", [name])
    if not low <= value <= high:
        raise OutOfRange(f"{name} must be from {low} to {high}", [name, low, high])
    return value


def printable(name: str, text: str, error: type[RequestError]) -> str:
    """The text, if it holds no control or bidirectional characters."""
    if found := UNPRINTABLE.search(text):
        raise error(f"{name} holds the character U+{ord(found[0]):04X}, which is not printable", [name])
    return text
