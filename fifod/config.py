"""The configuration: read from TOML, checked, frozen."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct, structs

from fifod import names
from fifod.checks import unknown_name
from fifod.errors import StartError

_MAX_UID = 2**32 - 2

T = TypeVar("T", bound=Struct)
Checks = Mapping[str, Callable[[str, Any], Any]]


class Limits(Struct, frozen=True):
    """What one drawer may use up in a minute, and how many clients are served at once."""

    draws_per_minute: int = 600_000
    values_per_minute: int = 100_000_000
    clients: int = 1000
    clients_per_uid: int = 600


class LedgerSettings(Struct, frozen=True):
    """How the ledger is kept."""

    segment_mib: int = 64


class Config(Struct, frozen=True):
    """Everything that an operator can set."""

    durability: str = "disk"
    auditors: tuple[int, ...] = ()
    front_ends: tuple[int, ...] = ()
    limits: Limits = Limits()
    ledger: LedgerSettings = LedgerSettings()


class ConfigError(StartError):
    """The configuration cannot be used."""


def load(path: str | None = None) -> Config:
    """Read a configuration file: the one named, else FIFOD_CONFIG's, else the installed one, which may be missing.

    Raises ConfigError that names the file, the setting and what is wrong.
    """
    may_be_missing = path is None and "FIFOD_CONFIG" not in os.environ
    path = path or names.config_file()
    try:
        with open(path, "rb") as file:
            return parse(tomllib.load(file))
    except FileNotFoundError as error:
        if may_be_missing:
            return Config()
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: bytes that are not UTF-8, numbers of 5000 digits and deep nesting come as they are.
        raise ConfigError(f"cannot read the configuration {path}: it is not TOML: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"cannot use the configuration {path}: {error.message}") from None


def parse(given: Mapping[str, Any]) -> Config:
    """The configuration that a parsed TOML file stands for."""
    return _read(Config, _SETTINGS, given, "")


def _read(kind: type[T], checks: Checks, given: Mapping[str, Any], prefix: str) -> T:
    known = [prefix + name for name in checks]
    for name in given:
        if name not in checks:
            raise ConfigError(unknown_name("setting", prefix + name, known))
    return kind(**{name: checks[name](prefix + name, value) for name, value in given.items()})


def _whole_number(low: int, high: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r:.40}")
        return value

    return check


def _uids(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(uid) is not int or not 0 <= uid <= _MAX_UID for uid in value):
        raise ConfigError(f"{name} must be a list of uids like [1000, 1001], not {value!r:.40}")
    return tuple(value)


def _durability(name: str, value: Any) -> str:
    if value not in ("disk", "process"):
        raise ConfigError(f'{name} must be "disk" or "process", not {value!r:.40}')
    return str(value)


def _table(kind: type[Struct], checks: Checks) -> Callable[[str, Any], Struct]:
    def check(name: str, value: Any) -> Struct:
        if not isinstance(value, dict):
            raise ConfigError(f"{name} must be a table: [{name}]")
        return _read(kind, checks, value, f"{name}.")

    return check


_COUNT = _whole_number(1, 10**12)
_SETTINGS: dict[str, Callable[[str, Any], Any]] = {
    "durability": _durability,
    "auditors": _uids,
    "front_ends": _uids,
    "limits": _table(Limits, {
        "draws_per_minute": _COUNT,
        "values_per_minute": _COUNT,
        "clients": _whole_number(1, 100_000),
        "clients_per_uid": _whole_number(1, 100_000),
    }),
    "ledger": _table(LedgerSettings, {"segment_mib": _whole_number(1, 65536)}),
}  # fmt: skip
assert set(_SETTINGS) == {field.name for field in structs.fields(Config)}
