"""The table of addresses and people in access.txt, and the addresses that the site has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from django.urls import get_resolver

TABLE = Path(__file__).parent / "access.txt"


@dataclass(frozen=True)
class Line:
    """One address, and what each person is to get for GET and POST; or the test that tells instead."""

    address: str
    answers: dict[str, str]
    elsewhere: str = ""

    @property
    def shape(self) -> str:
        """The address with its fillings' names taken out."""
        return re.sub(r"<[^>]*>", "<>", self.address.partition("?")[0])


def read() -> list[Line]:
    """All lines of the table, one for each address."""
    rows = [re.split(" {2,}", row) for row in TABLE.read_text().splitlines() if row and not row.startswith("#")]
    people = rows[0][1:]
    return [_line(address, people, cells) for first, *cells in rows[1:] for address in _expanded(first)]


def _line(address: str, people: list[str], cells: list[str]) -> Line:
    if len(cells) == 1 and cells[0].startswith("see "):
        return Line(address, {}, cells[0].removeprefix("see "))
    assert len(cells) == len(people), f"the line of {address} has {len(cells)} columns of answers, not {len(people)}"
    return Line(address, dict(zip(people, cells, strict=True)))


def _expanded(address: str) -> Iterator[str]:
    parts = re.split(r"\{([^}]*)\}", address)
    for chosen in product(*(part.split(",") if number % 2 else [part] for number, part in enumerate(parts))):
        yield "".join(chosen)


def shapes() -> set[str]:
    """Every address of the site, in the shape of the table's."""
    return {re.sub(r"<[^>]*>", "<>", _plain(route)) for route in _routes(get_resolver(), "/")}


def _routes(resolver: Any, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern)


def _plain(route: str) -> str:
    """A route that is a regular expression, with its groups as fillings."""
    return re.sub(r"\^?\(\?P<(\w+)>[^)]*\)", r"<\1>", route).removesuffix("$")
