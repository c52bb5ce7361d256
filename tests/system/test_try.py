"""`./deploy/try` on a machine that has what it takes: starts, restarts, the ways to stop it, and bad luck."""

import http.cookiejar
import json
import os
import pty
import re
import shlex
import signal
import socket
import stat
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.system.trial import READY, Trial, wait_until_gone
from tests.waiting import until

PROGRAMS = {"fifod": "-m fifod", "recorder": "manage.py record", "web": "-m webui.server"}

# A network name space starts with its loopback interface down; 0x8914 is SIOCSIFFLAGS, 0x41 says up and running.
WITH_LOOPBACK = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))
os.execv(sys.argv[1], sys.argv[1:])
"""

Start = Callable[..., Trial]


def test_it_says_in_plain_words_what_the_first_start_does(first_start: Trial) -> None:
    for step in ("Making a Python environment", "Fetching and building packages", "Starting the daemon"):
        assert step in first_start.printed


def test_each_command_it_prints_works_as_printed(trial: Trial) -> None:
    integers, pick, history = trial.commands
    values = [int(line) for line in trial.shell(integers)]
    assert len(values) == 5
    assert all(1 <= value <= 100 for value in values)
    assert set(trial.shell(pick)) < {"Ann", "Ben", "Cleo", "Dan"}
    assert len(trial.shell(history)) >= 2


def test_more_accounts_are_made_with_what_it_prints_and_its_own_key(trial: Trial) -> None:
    before = set(trial.checkout.glob("var/lib/*.key"))
    # The variable is these tests' own, and names their settings.
    here = f"{trial.export}; unset DJANGO_SETTINGS_MODULE; cd {shlex.quote(str(trial.checkout))}"
    trial.shell(f"{here}; echo open-sesame | ./manage.py firstlogin audrey --role auditor")
    asked = "from django.contrib.auth.models import User as U; print(U.objects.get(username='audrey').groups.get())"
    assert trial.shell(f'{here}; ./manage.py shell -v0 -c "{asked}"') == ["auditor"]
    assert set(trial.checkout.glob("var/lib/*.key")) == before
    assert trial.checkout / "var/lib/secret.key" in before


def test_its_login_opens_the_pages(trial: Trial) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(f"http://127.0.0.1:{trial.port}/", timeout=30) as page:
        address, text = page.url, page.read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": trial.password}
    with opener.open(address, urllib.parse.urlencode(form).encode(), timeout=30) as page:
        assert "admin" in page.read().decode()


def test_the_site_says_that_daemon_recorder_and_database_are_well(trial: Trial) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{trial.port}/healthz", timeout=30) as answer:
        assert json.load(answer).keys() >= {"daemon", "recorder", "database"}


def test_its_metrics_are_read_with_the_token_that_it_keeps(trial: Trial) -> None:
    token = trial.checkout / "var" / "metrics.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    header = {"Authorization": f"Bearer {token.read_text().strip()}"}
    request = urllib.request.Request(f"http://127.0.0.1:{trial.port}/metrics", headers=header)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"\nfifod_up 1.0\n" in answer.read()


def test_its_status_tells_how_far_the_recorder_is(trial: Trial) -> None:
    def says_so() -> bool:
        return "recorder:       up to date" in trial.shell(f"{trial.export}; fifod-client status")

    until(says_so, "status tells that all is recorded")


def test_it_listens_on_this_machine_only(trial: Trial) -> None:
    addresses = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = [address for address in addresses if address.endswith(f":{trial.port:04X}")]
    assert set(ports) == {f"0100007F:{trial.port:04X}"}


def test_a_second_start_keeps_login_and_draws_and_sets_nothing_up(first_start: Trial, start: Start) -> None:
    one = start()
    serial = draw_a_serial(one)
    one.process.terminate()
    one.wait()
    log = first_start.checkout / "var" / "log" / "setup.log"
    size = log.stat().st_size
    two = start()
    assert two.password == first_start.password
    assert draw_a_serial(two) == serial + 1
    assert "pip" not in log.read_text()[size:]
    assert "Setting up" not in two.printed


def test_a_start_where_its_own_python_comes_first_sets_nothing_up(checkout: Path, tmp_path: Path, start: Start) -> None:
    log = checkout / "var" / "log" / "setup.log"
    size = log.stat().st_size
    alias = tmp_path / "alias"
    alias.symlink_to(checkout)
    for folder in (checkout, alias):
        trial = start(PATH=f"{folder}/.venv/bin:{os.environ['PATH']}")
        assert "Setting up" not in trial.printed
        trial.process.terminate()
        assert trial.wait() == 0
    assert "venv --clear" not in log.read_text()[size:]


def test_its_daemon_can_be_checked_with_what_it_prints(trial: Trial) -> None:
    with changed(trial.checkout / "var" / "fifod.toml", "durabilty = 'disk'\n"):
        assert "durabilty" in "\n".join(trial.shell(f"{trial.export}; fifod --check 2>&1 || true"))


def test_a_second_start_needs_no_network(checkout: Path) -> None:
    needs.namespaces()
    trial = Trial(checkout, command=["unshare", "--net", sys.executable, "-c", WITH_LOOPBACK, "./deploy/try"])
    try:
        trial.wait_for(READY)
    finally:
        trial.end()


def test_its_password_is_for_its_owner_alone(checkout: Path) -> None:
    assert stat.S_IMODE((checkout / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((checkout / "var" / "login").stat().st_mode) == 0o600


def test_it_never_writes_the_configuration_again(checkout: Path, start: Start) -> None:
    config = checkout / "var" / "fifod.toml"
    with changed(config, config.read_text() + "# mine\n"):
        start()
        assert config.read_text().endswith("# mine\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_everything(trial: Trial, number: signal.Signals) -> None:
    assert len(trial.processes()) == len(PROGRAMS)
    trial.process.send_signal(number)
    assert trial.wait() == 0
    assert not trial.processes()
    assert not (trial.checkout / "var" / "run" / "fifod.pid").exists()
    assert f"Stopping because of {number.name}" in trial.printed


def test_a_closed_terminal_stops_everything(checkout: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(checkout)
        os.execv("./deploy/try", ["./deploy/try", "--port", "0"])
    try:
        printed = b""
        while READY.encode() not in printed:
            printed += os.read(terminal, 4096)
        running = list(Trial.processes_in(checkout))
    finally:
        os.close(terminal)
    assert len(running) == len(PROGRAMS)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not Trial.processes_in(checkout)


def test_a_reader_of_its_output_that_goes_away_stops_everything(trial: Trial) -> None:
    running = list(trial.processes())
    trial.stop_reading()
    os.kill(trial.process_of(PROGRAMS["recorder"]), signal.SIGKILL)  # gives it something to say
    trial.process.wait(60)
    wait_until_gone(running)
    assert not trial.processes()


def test_nothing_outlives_a_kill_of_the_trial_itself(trial: Trial) -> None:
    running = list(trial.processes())
    assert len(running) == len(PROGRAMS)
    trial.process.kill()
    wait_until_gone(running)
    assert not trial.processes()


def test_it_starts_again_after_a_kill(checkout: Path, start: Start) -> None:
    killed = start()
    running = list(killed.processes())
    killed.process.kill()
    wait_until_gone(running)
    again = start()
    assert len(again.shell(again.commands[0])) == 5


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_dies_is_started_again_and_said_so(trial: Trial, name: str) -> None:
    trial.forget()
    before = trial.process_of(PROGRAMS[name])
    os.kill(before, signal.SIGKILL)
    trial.wait_for(f"{name} was killed by SIGKILL; it starts again in")
    trial.wait_for(f"{name} runs again")
    assert trial.process_of(PROGRAMS[name]) != before


def test_draws_go_on_after_the_daemon_was_killed(trial: Trial) -> None:
    command = trial.commands[0]
    os.kill(trial.process_of(PROGRAMS["fifod"]), signal.SIGKILL)
    trial.wait_for("fifod is ready again")
    assert len(trial.shell(command)) == 5


def test_a_daemon_that_can_never_start_ends_the_trial_with_its_reason(checkout: Path, start: Start) -> None:
    with changed(checkout / "var" / "fifod.toml", "durabilty = 'disk'\n"):
        trial = start(ready=False)
        assert trial.wait() == 1
    assert "durabilty" in trial.printed.splitlines()[-1]
    assert trial.printed.splitlines()[-1].startswith("deploy/try: fifod ended with status 3")
    assert not trial.processes()


def test_a_second_trial_in_the_same_folder_is_refused(trial: Trial, start: Start) -> None:
    second = start(ready=False)
    assert second.wait() == 1
    assert second.printed == f"deploy/try: it already runs in this folder, as process {trial.process.pid}\n"


def test_a_port_that_is_taken_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        trial = start("--port", str(port), ready=False)
        assert trial.wait() == 1
    assert trial.printed.startswith(f"deploy/try: port {port} cannot be had (address already in use)")
    assert trial.printed.count("\n") == 1


@pytest.mark.parametrize("port", ["http", "-1", "65536", "²"])
def test_a_port_that_is_none_is_refused(start: Start, port: str) -> None:
    trial = start(f"--port={port}", ready=False)
    assert trial.wait() == 2
    assert "a port is a number from 0 to 65535" in trial.printed


def test_quiet_prints_address_and_login_only(start: Start) -> None:
    trial = start("--port", "0", "--quiet", ready=False)
    trial.wait_for(f"password {(trial.checkout / 'var' / 'login').read_text().split()[-1]}\n")
    trial.process.terminate()
    assert trial.wait() == 0
    address, login = trial.printed.splitlines()
    assert address.endswith(f"http://127.0.0.1:{trial.port}/")
    assert login.endswith(f"password {trial.password}")


def test_what_a_program_prints_is_logged_and_shown_with_its_name(trial: Trial) -> None:
    log = trial.checkout / "var" / "log" / "fifod.log"
    last = log.read_text().splitlines()[-1]
    assert f"   fifod | {last.strip()}" in trial.printed


def draw_a_serial(trial: Trial) -> int:
    """Draw, and say which serial number that got."""
    reply = json.loads("\n".join(trial.shell(f"{trial.commands[0]} --json")))
    return int(reply["serialNumber"])


@contextmanager
def changed(file: Path, text: str) -> Iterator[None]:
    """Let a file have another content for a while."""
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)
