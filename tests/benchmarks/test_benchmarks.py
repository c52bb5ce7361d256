"""The benchmarks run, quickly: no time is promised here."""

import json
import subprocess
import sys
from pathlib import Path

from tests import needs
from tests.benchmarks import picture, report
from tests.benchmarks.bench import CHECKOUT
from tests.benchmarks.figures import Figure, Goal


def test_they_measure_round_trips_and_leave_nothing_but_the_results(tmp_path: Path) -> None:
    needs.commands("cc")
    scratch, output = tmp_path / "scratch", tmp_path / "output"
    scratch.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "round-trip"]
    subprocess.run(
        [*command, "--scratch", str(scratch), "--output", str(output)],
        cwd=CHECKOUT,
        check=True,
        timeout=100,
        capture_output=True,
    )
    found = json.loads((output / "figures.json").read_text())["figures"]
    assert all(figure["value"] > 0 for figure in found)
    assert (output / "figures.svg").read_text().startswith("<svg")
    assert list(scratch.iterdir()) == []


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
