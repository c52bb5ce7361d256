"""README.md says of the program what is so: each code, setting, command, method, member and variable, and no other."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from msgspec import structs, to_builtins

from fifod import errors, names
from fifod.classic import places
from fifod.cli import COMMANDS
from fifod.config import Config
from fifod.types import PARAMS, Request

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

Row = list[str]


def table(first_heading: str) -> list[Row]:
    """The cells of the table whose first column has this heading."""
    lines = iter(README.splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            break
    else:
        raise AssertionError(f"README.md has no table of {first_heading}s")
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def first_column(heading: str) -> list[str]:
    return [name for row in table(heading) for name in quoted(row[0])]


def subclasses(kind: type[errors.FifodError]) -> set[type[errors.FifodError]]:
    direct = {one for one in kind.__subclasses__() if one.__module__ == "fifod.errors"}
    return direct.union(*map(subclasses, direct))


def test_it_has_every_error_code() -> None:
    codes = {kind.code for kind in subclasses(errors.RequestError)}
    assert sorted(map(int, first_column("code"))) == sorted(codes)


def test_it_has_every_setting_with_its_default() -> None:
    described = {quoted(name)[0]: json.loads(quoted(default)[0]) for name, default, _ in table("setting")}
    defaults: dict[str, object] = {}
    for name, value in to_builtins(Config()).items():
        if isinstance(value, dict):
            defaults |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            defaults[name] = list(value) if isinstance(value, tuple) else value
    assert described == defaults


def test_it_has_every_command() -> None:
    described = [quoted(row[0])[0].removeprefix("fifod-client ").split()[0] for row in table("command")]
    assert sorted(set(described) - {"5"}) == sorted(COMMANDS)


def test_it_has_every_method() -> None:
    assert first_column("method") == [*names.DRAW_METHODS, *names.QUERY_METHODS, *names.OPERATOR_METHODS]


@pytest.mark.parametrize("method", [method for method in names.DRAW_METHODS if method != names.STREAM])
def test_it_has_every_parameter(method: str) -> None:
    [described] = [quoted(row[1]) for row in table("method") if quoted(row[0]) == [method]]
    parameters = [field.encode_name for field in structs.fields(PARAMS[method])]
    assert [name for name in parameters if name not in described] == ["pregeneratedRandomization"]
    assert "`pregeneratedRandomization`" in README


def test_it_has_every_member_of_a_request() -> None:
    assert set(first_column("member")) == {"jsonrpc", *Request.__struct_fields__}


def test_it_has_every_variable_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIFOD_RUNTIME_DIR", "FIFOD_STATE_DIR", "FIFOD_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FIFOD_CLASSIC_FIFO1", "FIFOD_CLASSIC_FIFO2"):
        monkeypatch.delenv(name, raising=False)
    told = {quoted(row[0])[0]: quoted(row[1])[0] for row in table("variable")}
    assert told.pop("FIFOD_CLASSIC_DIR")
    assert told == {
        "FIFOD_RUNTIME_DIR": names.runtime_dir(),
        "FIFOD_STATE_DIR": names.state_dir(),
        "FIFOD_CONFIG": names.config_file(),
        "FIFOD_CLASSIC_FIFO1": places.fifo1(),
        "FIFOD_CLASSIC_FIFO2": places.fifo2(),
    }


def test_the_classic_bridges_directory_is_sought_as_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [(_, where, _)] = [row for row in table("variable") if quoted(row[0]) == ["FIFOD_CLASSIC_DIR"]]
    monkeypatch.delenv("FIFOD_CLASSIC_DIR", raising=False)
    *variables, last = quoted(where)
    for variable in variables:
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in variables:
        assert places.directory() == str(tmp_path / variable)
        monkeypatch.setenv(variable, str(tmp_path / "none") if variable == "FIFOD_RUNTIME_DIR" else "")
    monkeypatch.setattr(places, "_own_directory", lambda path: path)
    assert places.directory() == last.replace("UID", str(os.geteuid()))


@pytest.mark.parametrize("document", sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*.md")))
def test_every_link_to_a_file_leads_to_one(document: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / document).read_text())
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []
