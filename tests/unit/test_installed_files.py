"""The files that an installation puts into /etc/fifod, and what has to agree with its units."""

import re
import tomllib
from pathlib import Path

import pytest
from msgspec import structs

from deploy import configuration, management, places
from deploy.environment import ROOT
from fifod import config

TEMPLATE = (ROOT / "deploy" / "fifod.toml").read_text()


def every_setting() -> set[str]:
    found = set()
    for field in structs.fields(config.Config):
        if isinstance(field.default, (config.Limits, config.LedgerSettings)):
            found |= {f"{field.name}.{inner.name}" for inner in structs.fields(type(field.default))}
        else:
            found.add(field.name)
    return found


def test_the_configuration_shows_every_setting_and_no_other() -> None:
    assert configuration.settings_in(TEMPLATE) == every_setting()


def test_uncommented_it_is_the_defaults_with_the_site_as_front_end() -> None:
    text = re.sub(r"^#(?=[a-z_]+ = )", "", TEMPLATE, flags=re.MULTILINE).replace(configuration.UID, "993")
    assert config.parse(tomllib.loads(text)) == structs.replace(config.Config(), front_ends=(993,))


def test_as_written_it_is_the_defaults_too() -> None:
    text = TEMPLATE.replace(configuration.UID, "993")
    assert config.parse(tomllib.loads(text)) == structs.replace(config.Config(), front_ends=(993,))


def test_each_setting_is_explained_above_it() -> None:
    lines = TEMPLATE.splitlines()
    for number, line in enumerate(lines):
        if configuration.SETTING.match(line) and not configuration.SETTING.match(lines[number - 1]):
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("unit", ["fifod-web.service", "fifod-recorder.service"])
def test_manage_has_the_environment_of_the_units(unit: str) -> None:
    text = (ROOT / "deploy" / "systemd" / unit).read_text()
    words = " ".join(re.findall(r"^Environment=(.*)$", text, flags=re.MULTILINE)).split()
    assert dict(word.split("=", 1) for word in words) == management.VARIABLES
    assert re.findall(r"^EnvironmentFile=-?(.*)$", text, flags=re.MULTILINE) == [str(places.WEB_ENV)]


def test_a_command_that_the_release_in_use_lacks_is_taken_away_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, gone, theirs = (tmp_path / name for name in ("ours", "gone", "theirs"))
    monkeypatch.setattr(places, "COMMANDS", {name: tmp_path / "release" / name.name for name in (ours, gone, theirs)})
    (tmp_path / "release").mkdir()
    for name in ("ours", "gone"):
        (tmp_path / "release" / name).touch()
    theirs.touch()
    places.link_commands()
    assert ours.is_symlink() and gone.is_symlink()
    (tmp_path / "release" / "gone").unlink()
    places.link_commands()
    assert ours.exists() and theirs.exists()
    assert not places.is_there(gone)


def test_every_unit_is_installed_and_found_for_removal() -> None:
    units = {unit.name for unit in (ROOT / "deploy" / "systemd").iterdir()}
    installed = {target.name for target in places.files_of(ROOT) if target.parent == places.UNITS}
    assert installed == units
    assert all(any(places.UNITS.joinpath(unit).match(pattern) for pattern in places.UNIT_NAMES) for unit in units)
