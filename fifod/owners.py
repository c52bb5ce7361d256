"""Whose uid is it: a subordinate uid counts as the user it was given to (subuid(5))."""

from __future__ import annotations

import pwd
from typing import NamedTuple

SUBUID = "/etc/subuid"


class _Range(NamedTuple):
    first: int
    size: int
    owner: int


class Owners:
    """The ranges of /etc/subuid.

    Any user can make FIFOs as one of his own subordinate uids, and would otherwise have 65,536 names.
    """

    def __init__(self, path: str = SUBUID) -> None:
        self._ranges = [found for line in _lines(path) if (found := _parse(line))]

    def owner(self, uid: int) -> int:
        """The uid itself, or the owner's within whose range it lies."""
        for one in self._ranges:
            if one.first <= uid < one.first + one.size:
                return one.owner
        return uid


def _lines(path: str) -> list[str]:
    try:
        with open(path, errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _parse(line: str) -> _Range | None:
    try:
        name, first, count = line.strip().split(":")
        return _Range(int(first), int(count), int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid)
    except (ValueError, KeyError):
        return None
