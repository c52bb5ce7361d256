"""Parameters of the drawing methods: checked, with RANDOM.ORG's error codes and data, and normalised."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TypeVar

from msgspec import UNSET, UnsetType

from fifod import names
from fifod.checks import Given, check_names, integer, printable
from fifod.errors import (
    DomainTooSmall,
    IllegalValue,
    Malformed,
    NotLess,
    OutOfRange,
    TooLarge,
    TooLong,
    TooShort,
)
from fifod.types import (
    AnyParams,
    Blobs,
    Decimals,
    Gaussians,
    Integers,
    Pregenerated,
    Sequences,
    Stream,
    Strings,
    UUIDs,
)

T = TypeVar("T")

_BASES = (2, 8, 10, 16)
_MAX_ID = 64


def normalise(method: str, given: Given, today: datetime.date) -> AnyParams:
    """The parameters of a drawing method, checked.

    `method` is one of names.DRAW_METHODS, `today` the day in UTC. Raises a RequestError that names the parameter.
    """
    return _CHECKS[method](given, today)


def _boolean(name: str, value: object) -> bool:
    if value is None:
        return True
    if type(value) is not bool:
        raise Malformed(f"{name} must be true or false", [name])
    return value


def _base(name: str, value: object) -> int:
    if value is None:
        return 10
    if type(value) is not int:
        raise Malformed(f"{name} must be an integer", [name])
    if value not in _BASES:
        raise IllegalValue(f"{name} must be 2, 8, 10 or 16", [name])
    return value


def _number(name: str, value: object) -> int | float:
    if type(value) not in (int, float):
        raise Malformed(f"{name} must be a number", [name])
    assert isinstance(value, int | float)
    if not -1_000_000 <= value <= 1_000_000:
        raise OutOfRange(f"{name} must be from -1000000 to 1000000", [name, -1_000_000, 1_000_000])
    return value


def _pregenerated(given: Given, today: datetime.date) -> Pregenerated | UnsetType:
    name = "pregeneratedRandomization"
    value = given.get(name)
    if value is None:
        return UNSET
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"date", "id"}:
        raise Malformed(f'{name} must be {{"date": "YYYY-MM-DD"}} or {{"id": text}}', [name])
    [(kind, text)] = value.items()
    if not isinstance(text, str):
        raise Malformed(f"{name}: {kind} must be a text", [name])
    return (
        Pregenerated(date=_past_day(name, text, today)) if kind == "date" else Pregenerated(id=_identifier(name, text))
    )


def _past_day(name: str, text: str, today: datetime.date) -> str:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    # Each day has one text: by another, such as 2026-W05-6, it would give another draw.
    if day is None or day.isoformat() != text:
        raise Malformed(f"{name}: date must be a day like 2026-01-31", [name])
    if day > today:
        raise IllegalValue(f"{name}: the day must not be in the future (UTC)", [name])
    return text


def _identifier(name: str, text: str) -> str:
    return printable(name, _length(name, text, 1, _MAX_ID, len(text)), IllegalValue)


def _length(name: str, value: T, low: int, high: int, length: int) -> T:
    if length > high:
        raise TooLong(f"{name} has {length} characters, at most {high} are allowed", [name, length, high])
    if length < low:
        raise TooShort(f"{name} has {length} characters, at least {low} are needed", [name, length, low])
    return value


def _domain(n: int, domain: int, replacement: bool) -> None:
    if not replacement and n > domain:
        raise DomainTooSmall(f"cannot draw {n} different values: there are only {domain}", [n, domain])


def _bounds(low: int, high: int) -> int:
    """How many integers lie from low to high."""
    if low > high:
        raise NotLess("min must not be greater than max", ["min", "max"])
    return high - low + 1


_PREGENERATED = frozenset(("pregeneratedRandomization",))
_CHOICES = frozenset(("replacement",)) | _PREGENERATED
_INTEGERS = frozenset(("n", "min", "max"))
_INTEGERS_OPTIONAL = _CHOICES | {"base"}


def _integers(given: Given, today: datetime.date) -> Integers:
    check_names(given, _INTEGERS, _INTEGERS_OPTIONAL)
    params = Integers(
        n=integer("n", given["n"], 1, names.MAX_INTEGERS),
        min=integer("min", given["min"], -names.MAX_BOUND, names.MAX_BOUND),
        max=integer("max", given["max"], -names.MAX_BOUND, names.MAX_BOUND),
        replacement=_boolean("replacement", given.get("replacement")),
        base=_base("base", given.get("base")),
        pregenerated_randomization=_pregenerated(given, today),
    )
    _domain(params.n, _bounds(params.min, params.max), params.replacement)
    return params


def _each(name: str, value: object, n: int, check: Callable[[str, object], T]) -> T | list[T]:
    if not isinstance(value, list):
        return check(name, value)
    if len(value) > n:
        raise TooLong(f"{name} lists {len(value)} values for {n} sequences", [name, len(value), n])
    if len(value) < n:
        raise TooShort(f"{name} lists {len(value)} values for {n} sequences", [name, len(value), n])
    return [check(name, one) for one in value]


def _bound(name: str, value: object) -> int:
    return integer(name, value, -names.MAX_BOUND, names.MAX_BOUND)


def _sequence_length(name: str, value: object) -> int:
    return integer(name, value, 1, names.MAX_VALUES)


def _sequences(given: Given, today: datetime.date) -> Sequences:
    check_names(given, _INTEGERS | {"length"}, _INTEGERS_OPTIONAL)
    n = integer("n", given["n"], 1, names.MAX_SEQUENCES)
    params = Sequences(
        n=n,
        length=_each("length", given["length"], n, _sequence_length),
        min=_each("min", given["min"], n, _bound),
        max=_each("max", given["max"], n, _bound),
        replacement=_each("replacement", given.get("replacement"), n, _boolean),
        base=_each("base", given.get("base"), n, _base),
        pregenerated_randomization=_pregenerated(given, today),
    )
    total = params.value_count
    if total > names.MAX_VALUES:
        raise TooLarge(
            f"{total} values are too many, at most {names.MAX_VALUES} fit in one reply", [total, names.MAX_VALUES]
        )
    for one in params.each():
        _domain(one.n, _bounds(one.min, one.max), one.replacement)
    return params


def _decimals(given: Given, today: datetime.date) -> Decimals:
    check_names(given, frozenset(("n", "decimalPlaces")), _CHOICES)
    params = Decimals(
        n=integer("n", given["n"], 1, names.MAX_VALUES),
        decimal_places=integer("decimalPlaces", given["decimalPlaces"], 1, names.MAX_DIGITS),
        replacement=_boolean("replacement", given.get("replacement")),
        pregenerated_randomization=_pregenerated(given, today),
    )
    _domain(params.n, 10**params.decimal_places, params.replacement)
    return params


def _gaussians(given: Given, today: datetime.date) -> Gaussians:
    check_names(given, frozenset(("n", "mean", "standardDeviation", "significantDigits")), _PREGENERATED)
    return Gaussians(
        n=integer("n", given["n"], 1, names.MAX_VALUES),
        mean=_number("mean", given["mean"]),
        standard_deviation=_number("standardDeviation", given["standardDeviation"]),
        significant_digits=integer("significantDigits", given["significantDigits"], 2, names.MAX_DIGITS),
        pregenerated_randomization=_pregenerated(given, today),
    )


def _strings(given: Given, today: datetime.date) -> Strings:
    check_names(given, frozenset(("n", "length", "characters")), _CHOICES)
    params = Strings(
        n=integer("n", given["n"], 1, names.MAX_VALUES),
        length=integer("length", given["length"], 1, names.MAX_STRING_LENGTH),
        characters=_characters("characters", given["characters"]),
        replacement=_boolean("replacement", given.get("replacement")),
        pregenerated_randomization=_pregenerated(given, today),
    )
    _domain(params.n, len(params.characters) ** params.length, params.replacement)
    return params


def _characters(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{name} must be a text", [name])
    _length(name, value, 1, names.MAX_CHARACTERS, len(value))
    repeated = next((one for at, one in enumerate(value) if one in value[:at]), None)
    if repeated is not None:
        # Twice the same character would make it twice as likely: not what one who asks for fair strings means.
        raise IllegalValue(f"{name} holds {repeated!r} more than once", [name])
    return printable(name, value, IllegalValue)


def _uuids(given: Given, today: datetime.date) -> UUIDs:
    check_names(given, frozenset(("n",)), _PREGENERATED)
    n = integer("n", given["n"], 1, names.MAX_UUIDS)
    return UUIDs(n=n, pregenerated_randomization=_pregenerated(given, today))


def _blobs(given: Given, today: datetime.date) -> Blobs:
    check_names(given, frozenset(("n", "size")), _PREGENERATED | {"format"})
    n = integer("n", given["n"], 1, names.MAX_BLOBS)
    size = integer("size", given["size"], 1, names.MAX_BLOB_BITS)
    form = "base64" if given.get("format") is None else given["format"]
    if not isinstance(form, str):
        raise Malformed("format must be a text", ["format"])
    if size % 8:
        raise IllegalValue("size is in bits and must be a multiple of 8", ["size"])
    if form not in ("base64", "hex"):
        raise IllegalValue("format must be base64 or hex", ["format"])
    if n * size > names.MAX_BLOB_BITS:
        message = f"{n * size} bits are too many, at most {names.MAX_BLOB_BITS} fit in one reply"
        raise TooLarge(message, [n * size, names.MAX_BLOB_BITS])
    return Blobs(n=n, size=size, format=form, pregenerated_randomization=_pregenerated(given, today))


def _stream(given: Given, today: datetime.date) -> Stream:
    check_names(given, frozenset())
    return Stream()


_CHECKS: dict[str, Callable[[Given, datetime.date], AnyParams]] = {
    names.INTEGERS: _integers,
    names.SEQUENCES: _sequences,
    names.DECIMALS: _decimals,
    names.GAUSSIANS: _gaussians,
    names.STRINGS: _strings,
    names.UUIDS: _uuids,
    names.BLOBS: _blobs,
    names.STREAM: _stream,
}
