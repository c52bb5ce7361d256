"""What a draw gave, as the page and its JSON show it."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.urls import reverse

from fifod import names
from fifod.client import Reply
from webui.draws import distribution, picture
from webui.draws.forms import Asked, DrawForm
from webui.draws.kinds import Kind
from webui.draws.list_forms import ListForm
from webui.draws.lists import NameList

_NUMBERS = (names.INTEGERS, names.SEQUENCES, names.DECIMALS, names.GAUSSIANS)
_SHOWN_AT_ONCE, _BULK = 200, 2_000
_FEW, _SHORT = 12, 12
_PICTURED = 20


@dataclass(frozen=True)
class Outcome:
    """A draw that was just made: what was asked for, and the daemon's reply."""

    kind: Kind
    asked: Asked
    reply: Reply
    names: NameList | None

    @property
    def data(self) -> list[Any]:
        """The values as the daemon sent them."""
        return self.reply.data

    @cached_property
    def items(self) -> list[str] | None:
        """The names at the positions that were drawn, if a list was given."""
        return self.names.at(self.data) if self.names else None

    @cached_property
    def rows(self) -> list[str]:
        """The values as texts, a sequence as one."""
        return [" ".join(map(str, value)) if isinstance(value, list) else _shown(value) for value in self.data]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Positions with the names there."""
        return list(zip(self.rows, self.items or [], strict=True))

    @property
    def plain(self) -> str:
        """All rows as one text, for what is too much for a list of its own."""
        lines = [f"{row}  {item}" for row, item in self.pairs] if self.items else self.rows
        return "\n".join(lines)

    @property
    def is_long(self) -> bool:
        """Whether the values are too many to stand on the page all at once."""
        return len(self.data) > _SHOWN_AT_ONCE

    @property
    def is_bulk(self) -> bool:
        """Whether they are so many that an element for each would make browsers slow."""
        return len(self.data) > _BULK

    @property
    def is_large(self) -> bool:
        """Whether the values are few and short enough to stand there in large type."""
        return len(self.data) <= _FEW and all(len(row) <= _SHORT for row in self.rows)

    @cached_property
    def _numbers(self) -> list[Decimal]:
        if self.names or self.asked.method not in _NUMBERS:
            return []
        flat = [one for value in self.data for one in (value if isinstance(value, list) else [value])]
        base = self.asked.params.get("base", 10)
        return [Decimal(int(one, base) if isinstance(one, str) else repr(one)) for one in flat]

    @property
    def count(self) -> int:
        """How many values or names there are, those of all sequences together."""
        return len(self._numbers) or len(self.data)

    @property
    def total(self) -> str | None:
        """The sum of several numbers."""
        return f"{sum(self._numbers):f}" if len(self._numbers) > 1 else None

    @property
    def mean(self) -> str | None:
        """The mean of several numbers, shortened to what people read."""
        if len(self._numbers) < 2:
            return None
        mean = sum(self._numbers, Decimal()) / len(self._numbers)
        if all(number == number.to_integral_value() for number in self._numbers):
            return f"{mean:z.4f}".rstrip("0").rstrip(".")
        return f"{mean:.6g}"

    @cached_property
    def picture(self) -> "picture.Picture | None":
        """How the values are spread, against what is expected, if there are enough numbers for that."""
        if len(self._numbers) <= _PICTURED:
            return None
        bins = distribution.of(self.asked, self._numbers)
        return picture.of(bins) if bins else None

    def as_json(self) -> dict[str, Any]:
        """All of it for programs, in the words of the protocol."""
        result = self.reply.result
        told = {
            "serialNumber": self.reply.serial_number,
            "hash": self.reply.hash,
            "ledger": self.reply.ledger,
            "completionTime": self.reply.completion_time,
            "method": self.asked.method,
            "params": self.asked.params,
            "purpose": self.asked.members["purpose"] or None,
            "input": self.asked.members.get("input"),
            "data": self.data,
            "items": self.items,
            "seed": self.reply.seed,
            "bitsUsed": result["bitsUsed"],
            "receipt": reverse("receipt", args=[self.reply.serial_number]),
        }
        return {name: value for name, value in told.items() if value is not None}


def of(kind: Kind, form: DrawForm, reply: Reply) -> Outcome:
    """What a form drew."""
    return Outcome(kind, form.asked(), reply, form.listed if isinstance(form, ListForm) else None)


def _shown(value: Any) -> str:
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else str(value)
