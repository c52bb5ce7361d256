"""The service page of a trial: it drives the programs that `./deploy/try` started."""

import re
from collections.abc import Callable

import pytest

from tests.system.trial import Trial
from tests.system.visitor import Visitor

PROGRAMS = {"daemon": ("fifod", "-m fifod"), "recorder": ("recorder", "manage.py record")}


@pytest.fixture
def visitor(trial: Trial) -> Visitor:
    """The administrator's browser."""
    visitor = Visitor(f"http://127.0.0.1:{trial.port}")
    visitor.log_in("admin", trial.password)
    assert visitor.get("/service/")["status"] == 200
    return visitor


def commands(trial: Trial) -> list[str]:
    return list(trial.processes().values())


@pytest.mark.parametrize("part", PROGRAMS)
def test_what_the_page_stops_stays_stopped_until_the_page_starts_it(
    trial: Trial, visitor: Visitor, part: str, record_property: Callable[[str, object], None]
) -> None:
    name, command = PROGRAMS[part]
    stopped = visitor.post(f"/service/{part}/stop/")
    record_property("stop", f"{stopped['seconds']:.2f} s from click to shown")
    assert "stop: done." in stopped["page"] and "Stopped" in stopped["page"]
    assert not [line for line in commands(trial) if command in line]
    trial.wait_for(f"{name} ended with status 0, as it was asked to")
    started = visitor.post(f"/service/{part}/start/")
    record_property("start", f"{started['seconds']:.2f} s from click to shown")
    # The page waits for three seconds, and a slow machine may take longer to start the recorder.
    assert re.search(r"start: (done|still under way after 3 s)\.", started["page"])
    assert [line for line in commands(trial) if command in line]
    assert len(trial.shell(trial.commands[0])) == 5


def test_a_restart_gives_a_new_daemon_that_draws(trial: Trial, visitor: Visitor) -> None:
    before = trial.process_of("-m fifod")
    assert "Daemon, restart: done." in visitor.post("/service/daemon/restart/")["page"]
    assert trial.process_of("-m fifod") != before
    assert len(trial.shell(trial.commands[0])) == 5


def test_a_reload_is_answered_by_the_daemons_own_line(trial: Trial, visitor: Visitor) -> None:
    assert "Daemon, reload: done." in visitor.post("/service/daemon/reload/")["page"]
    trial.wait_for("configuration read again")
    assert "configuration read again" in visitor.get("/service/")["page"]


def test_a_daemon_that_can_not_start_again_leaves_trial_and_page_alive(trial: Trial, visitor: Visitor) -> None:
    config = trial.checkout / "var" / "fifod.toml"
    before = config.read_text()
    config.write_text("durabilty = 'disk'\n")
    try:
        page = visitor.post("/service/daemon/restart/")["page"]
    finally:
        config.write_text(before)
    assert "Daemon, restart: failed: it ended with status 3" in page and "durabilty" in page
    assert "Daemon, start: done." in visitor.post("/service/daemon/start/")["page"]


def test_a_trial_whose_programs_were_stopped_still_ends_cleanly(trial: Trial, visitor: Visitor) -> None:
    visitor.post("/service/daemon/stop/")
    visitor.post("/service/recorder/stop/")
    trial.process.terminate()
    assert trial.wait() == 0
    assert not trial.processes()


def test_the_password_stands_in_no_line_of_the_page(trial: Trial, visitor: Visitor) -> None:
    assert trial.password not in visitor.get("/service/")["page"]
    assert re.search(r'<div class="log".*begins|serving requests', visitor.page)
