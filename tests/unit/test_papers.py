"""deploy/README.md says of the installation what is so: each unit, each event of the journal, each exit status."""

import re
from pathlib import Path

from fifod import errors, log

DEPLOY = Path(__file__).parents[2] / "deploy"
README = (DEPLOY / "README.md").read_text()


def section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]]


def test_it_has_every_event_of_the_journal_and_no_other() -> None:
    known = {value for name, value in vars(log).items() if name.isupper() and re.fullmatch("[0-9a-f]{32}", str(value))}
    told = [name for row in rows(section("The journal")) for name in re.findall("[0-9a-f]{32}", row[1])]
    assert sorted(told) == sorted(known)


def test_it_has_every_unit_and_no_other() -> None:
    named = {name for row in rows(section("What runs as whom, and why")) for name in re.findall("`([^`]+)`", row[0])}
    assert named == {unit.name for unit in (DEPLOY / "systemd").iterdir()} - {"fifod.target"}


def test_it_has_every_exit_status_of_the_daemon() -> None:
    told = {int(row[1]) for row in rows(section("Exit statuses")) if row[0] == "`fifod`"}
    failures = (errors.LedgerNotWritable, errors.AlreadyRunning)
    assert told == {0, errors.EXIT_CANNOT_START, *(kind.exit_status for kind in failures)}


def test_it_has_every_exit_status_of_the_bridge() -> None:
    told = {int(row[1]) for row in rows(section("Exit statuses")) if row[0] == "`fifod-classic`"}
    assert told == {0, errors.StartError.exit_status, errors.AlreadyRunning.exit_status}


def test_every_line_of_the_bridges_unit_has_its_reason_above() -> None:
    for block in re.split(r"\n\n|^\[.*\]$", (DEPLOY / "systemd" / "fifod-classic@.service").read_text(), flags=re.M):
        lines = [line for line in block.splitlines() if not line.startswith(("Description=", "Documentation="))]
        settings = [line for line in lines if "=" in line and not line.startswith("#")]
        first = next(filter(None, lines), "")
        assert not settings or first.startswith("# "), first


def test_every_restriction_left_off_is_explained_in_its_unit() -> None:
    for name in ("fifod", "fifod-recorder", "fifod-web", "fifod-classic@"):
        text = (DEPLOY / "systemd" / f"{name}.service").read_text()
        comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
        assert "RootDirectory=" in comments
        assert "PrivateUsers=yes" in text.splitlines() or "PrivateUsers=" in comments
