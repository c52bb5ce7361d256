"""The commands of fifod/CLASSIC.md, and what it says that they print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "fifod" / "CLASSIC.md"
BRIDGE = "4242"
"""The bridge's PID on the page; a number that long, or longer, is any other number."""

_FENCE = re.compile("^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile("^##+ (.*)$", re.MULTILINE)
_SCORE = re.compile(r"(\d+) values:((?: \d+)+)")
_MASK = re.compile(r".*\t[0-9a-f]{16}")
_NOTICE = re.compile(r"\S+: line \d+: +\d+ (Killed|Terminated|User defined signal 1) .*")
_PART = re.compile(
    r'(?P<field>"(?:number|time|exchange|serial)":)\d+'
    r'|(?P<acknowledged>"acknowledged".*)"SIGUSR1"'
    r"|(?P<clock> *\d+ µs)|(?P<any>…)|(?P<number>\d{4,})"
)


class Command(NamedTuple):
    """What is typed, and the lines that it prints; None where the page does not show them."""

    text: str
    output: list[str] | None


@dataclass(frozen=True)
class Section:
    """A heading and the fenced blocks below it, up to the next."""

    heading: str
    blocks: list[tuple[str, str]]

    @property
    def commands(self) -> list[Command]:
        """All commands, in order."""
        found: list[Command] = []
        for language, text in self.blocks:
            if language == "sh":
                found.append(Command(text, None))
            elif language == "console":
                found.extend(_typed(text))
        return found


def _typed(text: str) -> list[Command]:
    """The commands of a console block, each with what it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        else:
            found[-1][1].append(line)
    return [Command(*one) for one in found]


def sections() -> list[Section]:
    """The page's sections that have commands."""
    _, *parts = _HEADING.split(PAGE.read_text())
    found = [Section(name, _FENCE.findall(text)) for name, text in zip(parts[::2], parts[1::2], strict=True)]
    return [section for section in found if section.commands]


def without_notices(printed: str) -> list[str]:
    """The lines that were printed, but for what bash says of programs that were killed."""
    return [line for line in printed.splitlines() if line and not _NOTICE.fullmatch(line)]


def pattern(lines: list[str], bridge: int) -> str:
    """What must match the lines printed: numbers that differ from run to run are any, "…" is whatever comes."""
    return "".join("(?:.*\n)*?" if line == "…" else _line(line, bridge) + "\n" for line in lines)


def _line(line: str, bridge: int) -> str:
    if score := _SCORE.fullmatch(line):
        return rf"{score[1]} values:(?: \d+){{{len(score[2].split())}}}"
    if re.fullmatch(r"\d+|(sum|mean) [\d.]+|sum \d+, mean [\d.]+", line):
        return re.sub(r"[\d.]+", r"[\\d.]+", line)
    if _MASK.fullmatch(line):
        return re.escape(line)
    return "".join(_pieces(line, bridge))


def _pieces(line: str, bridge: int) -> list[str]:
    found, end = [], 0
    for part in _PART.finditer(line):
        found += [re.escape(line[end : part.start()]), _any(part, bridge)]
        end = part.end()
    return [*found, re.escape(line[end:])]


def _any(part: re.Match[str], bridge: int) -> str:
    if part["field"]:
        return re.escape(part["field"]) + r"\d+"
    if part["acknowledged"]:
        # One that takes long shows as read.
        return "".join(_pieces(part["acknowledged"], bridge)) + '"(?:SIGUSR1|read)"'
    if part["clock"]:
        return r" *\d+ µs"
    if part["any"]:
        return ".*"
    return str(bridge) if part["number"] == BRIDGE else r"\d+"
