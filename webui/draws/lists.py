"""Lists of names, one a line, of which a draw takes positions; the record holds their count and SHA-256.

Lines are counted as `fifod-client pick` counts them, so that both write the same into the record and
`fifod-client verify RECEIPT --list FILE` agrees.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

MAX_BYTES = 1024 * 1024
MAX_ITEMS = 100_000
MAX_CHARACTERS = 500
_NAMED = 10
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class NameList:
    """The names of a list in their order."""

    items: list[str]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.items)

    @cached_property
    def repeated(self) -> int:
        """How many lines hold a name that an earlier line holds already."""
        return self.count - len(set(self.items))

    def as_input(self) -> dict[str, Any]:
        """What the record says of it: each line counts with one newline."""
        lines = "".join([item + "\n" for item in self.items])
        return {"count": self.count, "sha256": hashlib.sha256(lines.encode()).hexdigest()}

    def at(self, positions: list[int]) -> list[str]:
        """The names at these positions, of which the first is 1."""
        return [self.items[position - 1] for position in positions]


def decoded(file: bytes) -> str:
    """The text of a file; raises ValidationError if it is none."""
    _check_size(len(file))
    try:
        return file.decode()
    except UnicodeDecodeError as error:
        line = file.count(b"\n", 0, error.start) + 1
        raise ValidationError(
            _("The file is not UTF-8 text (line %(line)s). Save it as UTF-8 text, one name a line, and try again."),
            params={"line": line},
        ) from None


def parse(text: str) -> NameList:
    """The list that a text is; raises ValidationError that says which lines are wrong."""
    _check_size(len(text.encode(errors="replace").replace(b"\r\n", b"\n")))
    items = text.split("\n")
    if not items[-1]:
        items.pop()
    if not items:
        raise ValidationError(_("The list is empty: write one name a line."))
    if len(items) > MAX_ITEMS:
        raise ValidationError(
            _("The list has %(count)s lines, and at most %(limit)s are taken here; the command line takes more."),
            params={"count": len(items), "limit": MAX_ITEMS},
        )
    _check_none_is_empty(items)
    return NameList([_checked(number, item.removesuffix("\r")) for number, item in enumerate(items, 1)])


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ValidationError(
            _("The list has %(size)s bytes, and at most %(limit)s are taken here; the command line takes more."),
            params={"size": size, "limit": MAX_BYTES},
        )


def _check_none_is_empty(items: list[str]) -> None:
    """Nobody should win under no name."""
    empty = [number for number, item in enumerate(items, 1) if not item or item.isspace()]
    if not empty:
        return
    lines, more = ", ".join(map(str, empty[:_NAMED])), len(empty) - _NAMED
    if more > 0:
        raise ValidationError(
            _("Lines %(lines)s and %(more)s more are empty: remove them."), params={"lines": lines, "more": more}
        )
    raise ValidationError(
        ngettext_lazy("Line %(lines)s is empty: remove it.", "Lines %(lines)s are empty: remove them.", "count"),
        params={"lines": lines, "count": len(empty)},
    )


def _checked(number: int, item: str) -> str:
    if len(item) > MAX_CHARACTERS:
        raise ValidationError(
            _("Line %(line)s has %(size)s characters, and a name may have %(limit)s: is there one name a line?"),
            params={"line": number, "size": len(item), "limit": MAX_CHARACTERS},
        )
    if found := _CONTROL.search(item):
        raise ValidationError(
            _("Line %(line)s holds a control character (U+%(code)s): remove it."),
            params={"line": number, "code": f"{ord(found[0]):04X}"},
        )
    return item
