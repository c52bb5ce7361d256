"""The benchmarks run, quickly: no time is promised here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.benchmarks import picture, report
from tests.benchmarks.bench import CHECKOUT
from tests.benchmarks.figures import Figure, Goal


def measured(name: str, folder: Path) -> list[dict[str, Any]]:
    """What they find out; they leave nothing but the results."""
    scratch, output = folder / "scratch", folder / "output"
    scratch.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", name]
    subprocess.run(
        [*command, "--scratch", str(scratch), "--output", str(output)],
        cwd=CHECKOUT,
        check=True,
        timeout=100,
        capture_output=True,
    )
    assert (output / "figures.svg").read_text().startswith("<svg")
    assert list(scratch.iterdir()) == []
    found: list[dict[str, Any]] = json.loads((output / "figures.json").read_text())["figures"]
    return found


def test_they_measure_round_trips(tmp_path: Path) -> None:
    needs.commands("cc")
    assert all(figure["value"] > 0 for figure in measured("round-trip", tmp_path))


def test_they_measure_draws_by_post(tmp_path: Path) -> None:
    found = measured("posts", tmp_path)
    assert len(found) == 3 * 12 and all(figure["value"] > 0 for figure in found)


def test_they_measure_the_history(tmp_path: Path) -> None:
    assert all(figure["value"] > 0 for figure in measured("history", tmp_path))


@pytest.mark.parametrize("name", ["live", "weights"])
def test_they_measure_pages_in_a_browser(tmp_path: Path, name: str) -> None:
    needs.commands("chromium")
    assert all(figure["value"] is not None for figure in measured(name, tmp_path))


def test_they_compare_the_bridge_with_a_naive_server_that_signals_everybody(tmp_path: Path) -> None:
    needs.commands("cc")
    needs.namespaces()
    found = {figure["name"]: figure for figure in measured("classic", tmp_path)}
    signalled = found["processes of 5 signalled for pid -1"]
    assert (signalled["value"], signalled["reference"]) == (0, 5)
    assert found["1 at a time: time per request"]["value"] > 0


def test_a_reference_of_nothing_is_shown() -> None:
    assert "0 %  reference" in report.table([Figure("group", "name", 30.0, "%", 0.0, "reference")])


def test_a_goal_is_kept_or_not() -> None:
    def figure(goal: Goal | None) -> Figure:
        return Figure("group", "name", 30.0, "µs", 10.0, "reference", goal)

    assert figure(Goal(3)).verdict == "kept"
    assert figure(Goal(2.9)).verdict == "NOT KEPT"
    assert figure(Goal(30, at_least=True, of_ratio=False)).verdict == "kept"
    assert figure(None).verdict == ""


def test_what_was_not_measured_says_why() -> None:
    missing = Figure("group", "name", None, "", note="needs a C compiler")
    assert "not measured needs a C compiler" in report.table([missing])
    assert picture.draw([missing]).startswith("<svg")
