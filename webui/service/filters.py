"""Which of the log lines somebody wants to see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext_lazy as _

from webui.service.units import Line, Lines

LEVELS = {"": _("All"), "warning": _("Warnings and errors"), "error": _("Errors only")}
_SEVERITY = {"": 0, "warning": 1, "error": 2}
LONGEST_UNIT = 100


@dataclass(frozen=True)
class Filter:
    """Lines of one program, or as bad as this at least; of all unless something else is said."""

    unit: str = ""
    level: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """What an address asks for; what makes no sense is taken for nothing."""
        level = asked.get("level", "")
        return cls(asked.get("unit", "")[:LONGEST_UNIT], level if level in LEVELS else "")

    def takes(self, line: Line) -> bool:
        """Whether a line is to be seen."""
        return self.unit in ("", line.unit) and _SEVERITY[line.level] >= _SEVERITY[self.level]

    def units(self, lines: Lines) -> list[str]:
        """The programs that one may choose from."""
        return sorted({line.unit for line in lines.lines} | ({self.unit} - {""}))
