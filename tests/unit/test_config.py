"""The configuration: what may be set, and what is said of what may not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fifod.config import Config, ConfigError, LedgerSettings, Limits, load, parse
from fifod.errors import EXIT_CANNOT_START
from tests import needs

EVERYTHING = """
durability = "process"
auditors = [1000, 1001]
front_ends = [33]

[limits]
draws_per_minute = 1
values_per_minute = 2
clients = 3
clients_per_uid = 4

[ledger]
segment_mib = 5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fifod.toml"


def reason(file: Path, text: str | bytes) -> str:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(str(file))
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_status == EXIT_CANNOT_START == 3
    return caught.value.message


def test_nothing_need_be_set(file: Path) -> None:
    file.touch()
    assert load(str(file)) == Config() == Config("disk", (), (), Limits(600_000, 100_000_000), LedgerSettings(64))


def test_everything_may_be_set(file: Path) -> None:
    file.write_text(EVERYTHING)
    assert load(str(file)) == Config("process", (1000, 1001), (33,), Limits(1, 2, 3, 4), LedgerSettings(5))


@pytest.mark.parametrize(
    ("setting", "low", "high"),
    [
        ("limits.draws_per_minute", 1, 10**12),
        ("limits.values_per_minute", 1, 10**12),
        ("limits.clients", 1, 100_000),
        ("limits.clients_per_uid", 1, 100_000),
        ("ledger.segment_mib", 1, 65536),
    ],
)
def test_a_number_has_its_range(setting: str, low: int, high: int) -> None:
    table, _, name = setting.partition(".")
    for good in (low, high):
        assert getattr(getattr(parse({table: {name: good}}), table), name) == good
    for bad in (low - 1, high + 1, -1, True, 1.0, "1", [1]):
        with pytest.raises(ConfigError, match=f"^{setting} must be a whole number from {low} to {high}, not "):
            parse({table: {name: bad}})


@pytest.mark.parametrize("setting", ["auditors", "front_ends"])
def test_uids_are_a_list_of_uids(setting: str) -> None:
    assert getattr(parse({setting: [0, 2**32 - 2]}), setting) == (0, 2**32 - 2)
    for bad in (1000, "root", ["root"], [-1], [2**32 - 1], [True], [1.0], [[1]], {"a": 1}):
        with pytest.raises(ConfigError, match=f"^{setting} must be a list of uids"):
            parse({setting: bad})


@pytest.mark.parametrize("bad", ["", "Disk", "none", True, 1, ["disk"], {"disk": 1}])
def test_durability_is_one_of_two(bad: object) -> None:
    with pytest.raises(ConfigError, match=r'^durability must be "disk" or "process", not '):
        parse({"durability": bad})


@pytest.mark.parametrize("table", ["limits", "ledger"])
@pytest.mark.parametrize("bad", [1, "x", [], [{}]])
def test_a_table_is_a_table(table: str, bad: object) -> None:
    with pytest.raises(ConfigError, match=f"^{table} must be a table"):
        parse({table: bad})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"durabilty": "disk"}, "there is no setting 'durabilty'; did you mean durability?"),
        ({"frontends": [33]}, "there is no setting 'frontends'; did you mean front_ends?"),
        ({"limits": {"draw_per_minute": 1}}, "there is no setting 'limits.draw_per_minute'; did you mean limits.draws"),
        ({"ledger": {"segment_mb": 1}}, "there is no setting 'ledger.segment_mb'; did you mean ledger.segment_mib?"),
        ({"zzzz": 1}, "there is no setting 'zzzz'"),
    ],
)
def test_an_unknown_setting_is_told_the_nearest_one(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(given)
    assert caught.value.message.startswith(message)


def test_what_is_wrong_in_a_file_is_said_with_the_files_name(file: Path) -> None:
    assert reason(file, "auditors = 5") == (
        f"cannot use the configuration {file}: auditors must be a list of uids like [1000, 1001], not 5"
    )


@pytest.mark.parametrize(
    "text",
    [
        "durability: disk",
        'durability = "disk"\ndurability = "disk"',
        b'durability = "\xff"',
        "limits = [",
        "ledger = " + "[" * 3000,
        f"limits = {'9' * 5000}",
        "\x00",
    ],
    ids=["yaml", "twice", "not utf-8", "cut off", "nested", "5000 digits", "nul"],
)
def test_what_is_not_toml_is_said_to_be_none(file: Path, text: str | bytes) -> None:
    assert reason(file, text).startswith(f"cannot read the configuration {file}: it is not TOML: ")


# --- which file ---


def test_a_file_that_is_named_must_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot read the configuration {file}: No such file or directory"):
        load(str(file))


def test_a_file_that_the_environment_names_must_be_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIFOD_CONFIG", str(file))
    with pytest.raises(ConfigError, match=f"cannot read the configuration {file}: No such file or directory"):
        load()
    file.write_text("auditors = [7]")
    assert load().auditors == (7,)


def test_the_file_that_is_named_goes_before_the_environments(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIFOD_CONFIG", str(file.parent / "none"))
    file.write_text("auditors = [7]")
    assert load(str(file)).auditors == (7,)


def test_the_installed_file_may_be_missing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIFOD_CONFIG", raising=False)
    monkeypatch.setattr("fifod.names.config_file", lambda: str(file))
    assert load() == Config()
    file.write_text("auditors = [7]")
    assert load().auditors == (7,)


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot read the configuration {tmp_path}: Is a directory"):
        load(str(tmp_path))


def test_a_file_that_may_not_be_read_is_said_to_be(file: Path) -> None:
    needs.root()
    file.touch(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match="Permission denied"):
            load(str(file))
    finally:
        os.seteuid(0)
