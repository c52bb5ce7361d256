"""The service page over a trial's supervisor: what it shows, what it does, and what it says."""

import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from tests.daemons import Daemon
from tests.supervised import STAND_IN, Supervised
from tests.web.conftest import PASSWORD, logged_in
from tests.web.pages import draw, text
from tests.web.service import act, pid_of, wait_until_said
from webui.service.models import ServiceAct
from webui.service.systemd import Systemd
from webui.service.units import exit_in_words, printable


def test_it_shows_both_programs_and_their_lines(trial: Supervised, operator: Client) -> None:
    page = operator.get("/service/")
    assert page.status_code == 200 and text(page).count("Running since") == 2
    assert text(page).count("Says standing in") == 2
    for name in ("fifod", "recorder"):
        assert f"Main process {pid_of(trial, name)}" in text(page)
    assert "fifod begins" in text(page)
    assert "no-store" in page["Cache-Control"]


def test_stop_and_start_take_effect_and_show(trial: Supervised, operator: Client) -> None:
    page = text(act(operator, "daemon", "stop"))
    assert pid_of(trial, "fifod") is None
    assert "Daemon, stop: done." in page and "Stopped since" in page and "Last exit was killed by SIGTERM" in page
    page = text(act(operator, "daemon", "start"))
    assert pid_of(trial, "fifod")
    assert "Daemon, start: done." in page and page.count("Running since") == 2


def test_one_draw_is_counted_as_one(daemon: Daemon, operator: Client, browser: Client) -> None:
    draw(browser)
    page = text(operator.get("/service/"))
    assert "Since its start 1 draw, " in page and ", 0 of them refused" in page


def test_what_was_stopped_stays_stopped(trial: Supervised, operator: Client) -> None:
    act(operator, "recorder", "stop")
    trial.supervisor.output.lines.add("trial", "a turn of the supervisor")
    act(operator, "daemon", "restart")
    assert pid_of(trial, "recorder") is None and pid_of(trial, "fifod")


def test_restart_gives_a_new_process(trial: Supervised, operator: Client) -> None:
    before = pid_of(trial, "recorder")
    assert "Recorder, restart: done." in text(act(operator, "recorder", "restart"))
    assert pid_of(trial, "recorder") not in (None, before)


def test_reload_reaches_the_daemon(trial: Supervised, operator: Client) -> None:
    before = pid_of(trial, "fifod")
    assert "Daemon, reload: done." in text(act(operator, "daemon", "reload"))
    wait_until_said(trial, "fifod", "reads its configuration")
    assert pid_of(trial, "fifod") == before


def test_reload_of_a_stopped_daemon_is_refused(trial: Supervised, operator: Client) -> None:
    act(operator, "daemon", "stop")
    assert "Daemon, reload: refused: fifod does not run." in text(act(operator, "daemon", "reload"))


def test_a_stop_that_hangs_is_said_to_hang(place: Path, settings: Settings, operator: Client) -> None:
    trial = Supervised(place)
    trial.start("fifod", "stays")
    settings.SUPERVISOR = trial.address
    with trial.running():
        trial.wait_until_ready()
        page = text(act(operator, "daemon", "stop"))
        assert "Daemon, stop: still under way after 3 s." in page
        assert re.search(
            r"The stop hangs\. It was asked to stop at [-\d]+ [:\d]+ and still runs; the trial will kill", page
        )
        assert "Unknown: the trial has not started recorder yet." in page
    assert ServiceAct.objects.get().result == "still under way after 3 s"


def test_a_program_that_can_not_run_is_said_to_have_failed(place: Path, settings: Settings, operator: Client) -> None:
    broken = place / "broken"
    trial = Supervised(place)
    trial.start(
        "fifod",
        str(broken),
        code="import pathlib, sys\nif pathlib.Path(sys.argv[1]).exists(): sys.exit(3)\n" + STAND_IN,
    )
    settings.SUPERVISOR = trial.address
    with trial.running():
        trial.wait_until_ready()
        broken.touch()
        page = text(act(operator, "daemon", "restart"))
        assert "Daemon, restart: failed: it ended with status 3; the lines below say why." in page
        assert "Failed at" in page
        broken.unlink()
        assert "Daemon, start: done." in text(act(operator, "daemon", "start"))


def test_each_act_is_written_down(trial: Supervised, operator: Client, caplog: pytest.LogCaptureFixture) -> None:
    number = User.objects.get(username="operator").pk
    with caplog.at_level(logging.INFO, "webui.service.acts"):
        act(operator, "daemon", "stop")
        act(operator, "daemon", "reload")
    rows = list(ServiceAct.objects.order_by("id").values_list("account_id", "account_name", "verb", "unit", "result"))
    assert rows == [
        (number, "operator", "stop", "fifod", "done"),
        (number, "operator", "reload", "fifod", "refused: fifod does not run"),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"account {number}: stop fifod: done",
        f"account {number}: reload fifod: refused: fifod does not run",
    ]


def test_nothing_is_done_that_cannot_be_written_down(
    trial: Supervised, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**values: object) -> ServiceAct:
        raise DatabaseError("disk I/O error")

    before = pid_of(trial, "fifod")
    monkeypatch.setattr(ServiceAct.objects, "create", fail)
    assert "Daemon, stop: failed: it cannot be written down" in text(act(operator, "daemon", "stop"))
    assert pid_of(trial, "fifod") == before


def test_it_sends_the_lines_behind_a_cursor(trial: Supervised, operator: Client) -> None:
    first = operator.get("/service/fresh/", {"after": cursor_of(operator.get("/service/"))})
    assert "fifod begins" not in text(first) and 'data-whole="0"' in first.content.decode()
    trial.supervisor.output.lines.add("fifod", "something new")
    second = operator.get("/service/fresh/", {"after": cursor_of(first)})
    assert "something new" in text(second) and "begins" not in text(second)


@pytest.mark.parametrize("cursor", ["", "wild", "0123456789abcdef:1", "x" * 5000, "a:²", "\0"])
def test_a_cursor_that_is_none_brings_all_lines(trial: Supervised, operator: Client, cursor: str) -> None:
    page = operator.get("/service/fresh/", {"after": cursor})
    assert "fifod begins" in text(page) and 'data-whole="1"' in page.content.decode()


def cursor_of(page: Any) -> str:
    found = re.search(r'data-cursor="([^"]*)"', page.content.decode())
    assert found
    return found[1]


def test_lines_cannot_steer_the_page_or_the_direction_of_writing(trial: Supervised, operator: Client) -> None:
    trial.supervisor.output.lines.add("fifod", "<script>alert(1)</script>\x1b[2J\u202e\x85")
    page = operator.get("/service/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J\\u202e\\x85" in page
    assert "\x1b" not in page and "\u202e" not in page


def test_the_audit_log_can_be_read_and_filtered_but_not_changed(trial: Supervised, operator: Client) -> None:
    act(operator, "daemon", "stop")
    act(operator, "recorder", "restart")
    admin = logged_in(User.objects.create_superuser("root", password=PASSWORD))
    page = admin.get("/admin/service/serviceact/", {"verb__exact": "stop"})
    assert [row.verb for row in page.context["cl"].result_list] == ["stop"]
    row = ServiceAct.objects.latest("id").pk
    for action in ("add/", f"{row}/delete/"):
        assert admin.post(f"/admin/service/serviceact/{action}", {"post": "yes"}).status_code == 403
    assert admin.post(f"/admin/service/serviceact/{row}/change/", {"result": "x"}).status_code == 403
    assert ServiceAct.objects.count() == 2


def test_a_supervisor_that_is_gone_is_said_so(place: Path, settings: Settings, operator: Client) -> None:
    settings.SUPERVISOR = "@fifod-control-nobody"
    page = text(operator.get("/service/"))
    assert page.count("Unknown: the trial's supervisor is not there.") == 2
    assert "The lines cannot be shown: the trial's supervisor is not there." in page
    assert "failed: the trial's supervisor is not there." in text(act(operator, "daemon", "stop"))


def test_a_supervisor_that_does_not_answer_is_not_waited_for(settings: Settings, operator: Client) -> None:
    name = f"fifod-control-silent-{os.urandom(8).hex()}"  # other tests may run on this machine, too
    with listening(f"\0{name}"):
        settings.SUPERVISOR = f"@{name}"
        assert "the trial's supervisor does not answer" in text(operator.get("/service/"))


@contextmanager
def listening(address: str) -> Iterator[None]:
    """A server that takes connections and says nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        yield


def test_without_a_bus_it_says_what_is_missing(
    place: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, operator: Client
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={place}/nothing")
    settings.JOURNAL = place / "no-reader"
    page = text(operator.get("/service/"))
    assert page.count("Unknown: the system bus is not there; D-Bus (package dbus) must be installed and running.") == 2
    assert "fifod-journal.socket must be installed and active" in page
    assert "failed: the system bus is not there" in text(act(operator, "daemon", "restart"))


def test_a_bus_that_does_not_answer_is_not_waited_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(str(place / "bus")):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={place}/bus")
        assert {state.problem for state in Systemd().states()} == {"the system bus does not answer"}


def test_exits_are_told_in_words() -> None:
    assert exit_in_words(1, 0) == "ended by itself, as it should (status 0)"
    assert exit_in_words(1, 3) == "said that it can never start like this (status 3)"
    assert exit_in_words(1, 203) == "could not be set up by systemd (status 203)"
    assert exit_in_words(1, 42) == "ended with status 42"
    assert exit_in_words(2, 9, "SIGKILL") == "was killed by SIGKILL"
    assert exit_in_words(3, 6, "SIGABRT") == "was killed by SIGABRT and left a core dump"


def test_what_is_printable_stays_as_it_is() -> None:
    assert printable("draw 5 für „Ann“ 🎲") == "draw 5 für „Ann“ 🎲"
