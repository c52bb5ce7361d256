"""`./deploy/install` on a Debian with nothing but Python and systemd: what it brings up, what a second run does."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from tests.system.conftest import SOURCE, Installed
from tests.system.machine import Machine

pytestmark = pytest.mark.timeout(900)

PERSON = "person"
CONFIG = "/etc/fifod/fifod.toml"
ALWAYS = ["fifod.service", "fifod-recorder.service", "fifod-web.service", "fifod.socket", "fifod-web.socket"]
# As a browser does it: the form's token and cookie, then name and password; prints where that leads.
LOG_IN = """
import re, sys, urllib.request as web
from http.cookiejar import CookieJar
from urllib.parse import urlencode
opener = web.build_opener(web.HTTPCookieProcessor(CookieJar()))
address = "http://127.0.0.1:8000/login/"
token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', opener.open(address, timeout=10).read().decode())[1]
form = {"csrfmiddlewaretoken": token, "username": "admin", "password": sys.argv[1]}
print(opener.open(address, urlencode(form).encode(), timeout=10).url)
"""
CHANGED = """
rm /usr/local/lib/systemd/system/fifod-recorder.service /usr/local/share/man/man8/fifod.8 /usr/local/bin/fifod-client
rm /opt/fifod/current/webui/urls.py
chmod 777 /var/lib/fifod/ledger
systemctl --quiet disable --now fifod.target
systemctl --quiet stop dbus.socket dbus.service
"""


@pytest.fixture(scope="module", autouse=True)
def person(machine: Machine) -> None:
    machine.add_user(PERSON)
    machine.run("groupadd", "nobody")  # so that this test may act as nobody, whose group Debian calls nogroup


@pytest.fixture(autouse=True)
def configuration(machine: Machine) -> Iterator[None]:
    """Each test finds the configuration as installed."""
    text = machine.read(CONFIG)
    yield
    machine.write(CONFIG, text)


def password_in(said: str) -> str:
    found = re.search(r"password ([a-z2-9-]{19})\n", said)
    assert found, said
    return found[1]


def install(machine: Machine, *arguments: str) -> str:
    return machine.run("./deploy/install", *arguments, folder=SOURCE, seconds=300)


def newest(machine: Machine) -> int:
    return int(json.loads(machine.run("fifod-client", "status", "--json", user=PERSON))["serialNumber"])


def test_it_says_each_step_and_ends_with_address_and_login(
    installed: Installed, record_property: Callable[[str, object], None]
) -> None:
    record_property("fresh install", f"{installed.seconds:.0f} s")
    for step in (
        "from Debian ...",
        "Making the system users",
        "Writing /etc/fifod/fifod.toml",
        "with a draw by a user",
    ):
        assert step in installed.said
    assert "http://127.0.0.1:8000/" in installed.said
    assert len(re.findall("password [a-z2-9-]{19}", installed.said)) == 1


def test_it_prints_a_draw_that_is_in_the_ledger(installed: Installed, machine: Machine) -> None:
    found = re.search(r"It drew (\d+) from 1 to 100 as serial number 1, hash ([0-9a-f]{64})\n", installed.said)
    assert found, installed.said
    receipt = json.loads(machine.run("fifod-client", "show", "1", "--json", user="nobody"))
    assert found[1] in json.dumps(receipt)
    machine.run("fifod-client", "verify", "--expect", f"1:{found[2]}")


def test_all_of_it_comes_up_with_the_machine(machine: Machine) -> None:
    assert {machine.show(unit, "ActiveState") for unit in [*ALWAYS, "run-fifod-replies.mount"]} == {"active"}
    assert machine.systemctl("--failed", "--no-legend") == ""
    report = json.loads(machine.run("python3", "-c", HEALTH))
    assert report["ok"] is True, report


HEALTH = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/healthz", timeout=10).read().decode())
"""


def test_the_password_logs_in_and_is_kept_nowhere(installed: Installed, machine: Machine) -> None:
    password = password_in(installed.said)
    assert machine.run("python3", "-c", LOG_IN, password).strip() == "http://127.0.0.1:8000/"
    assert machine.run("python3", "-c", LOG_IN, "another").strip() == "http://127.0.0.1:8000/login/"
    places = ["/etc", "/opt/fifod", "/var/lib/fifod", "/var/lib/fifod-web", "/var/log", "/run", "/root"]
    found = machine.attempt("grep", "-rlsF", "--devices=skip", "--exclude-dir=.venv", password, *places)
    assert found.stdout == ""
    assert password not in machine.journal()


def test_its_configuration_names_the_site_as_front_end(machine: Machine) -> None:
    uid = machine.run("id", "-u", "fifod-web").strip()
    assert f"\nfront_ends = [{uid}]\n" in machine.read(CONFIG)
    assert "the configuration is good" in machine.run("fifod", "--check")


def test_it_leaves_nothing_in_a_home(machine: Machine) -> None:
    ours = ["-mindepth", "1", "-not", "-path", f"{SOURCE}*", "-newer", f"{SOURCE}/deploy"]
    # systemd makes that one when a machine starts (tmpfiles.d, provision.conf).
    assert machine.run("find", "/root", *ours, "-not", "-path", "/root/.ssh") == ""


def test_what_only_builds_may_be_removed_and_what_runs_it_not(machine: Machine) -> None:
    automatic = machine.run("apt-mark", "showauto").split()
    assert {"gcc", "libc6-dev", "libsystemd-dev", "python3-dev", "python3-venv"} <= set(automatic)
    assert {"polkitd", "dbus"} <= set(machine.run("apt-mark", "showmanual").split())


def test_manual_pages_and_completion_are_found(machine: Machine) -> None:
    machine.shell("ls /usr/local/share/man/man8/fifod.8 /usr/local/share/man/man1/fifod-client.1")
    machine.shell("bash -c '. /usr/local/share/bash-completion/completions/fifod-client && complete -p fifod-client'")


def test_manage_acts_as_the_site_in_its_environment(machine: Machine) -> None:
    machine.write("/etc/fifod/web.env", "# for the test\nFIFOD_WEB_HOSTS='a.example, b.example'\n")
    code = (
        "import os; from django.conf import settings as s; "
        "print(os.getuid(), s.DATABASES['default']['NAME'], s.ALLOWED_HOSTS[-2:])"
    )
    uid = machine.run("id", "-u", "fifod-web").strip()
    assert f"{uid} /var/lib/fifod-web/web.sqlite3 ['a.example', 'b.example']" in machine.run(
        "fifod-manage", "shell", "--verbosity=0", "-c", code
    )
    refused = machine.attempt("fifod-manage", "check", user=PERSON)
    assert refused.returncode == 1
    assert (
        refused.stderr
        == "fifod-manage: only root may run it, for it becomes the user fifod-web: sudo fifod-manage ...\n"
    )


def test_again_it_changes_nothing_that_is_right(installed: Installed, machine: Machine) -> None:
    machine.write(CONFIG, f"# mine\n{machine.read(CONFIG)}")
    kept = machine.shell("cat /etc/fifod/*; readlink /opt/fifod/current")
    before, daemon = newest(machine), machine.main_pid()
    said = install(machine)
    assert "nothing to be done for it" in said
    assert "password" not in said
    assert "Copying" not in said
    assert machine.shell("cat /etc/fifod/*; readlink /opt/fifod/current") == kept
    assert newest(machine) == before + 1
    assert machine.main_pid() == daemon
    assert machine.run("python3", "-c", LOG_IN, password_in(installed.said)).strip() == "http://127.0.0.1:8000/"


def test_again_it_puts_right_what_is_missing(machine: Machine) -> None:
    machine.shell(CHANGED)
    said = install(machine)
    assert "put right what is missing" in said
    assert {machine.show(unit, "ActiveState") for unit in ALWAYS} == {"active"}
    assert machine.systemctl("is-enabled", "fifod.target").strip() == "enabled"
    assert machine.show("dbus.service", "ActiveState") == "active"
    machine.shell("test -f /opt/fifod/current/webui/urls.py -a -f /usr/local/share/man/man8/fifod.8")
    assert machine.run("stat", "-c", "%a %U %G", "/var/lib/fifod/ledger").strip() == "2750 fifod fifod-ledger"


def test_another_port_can_be_chosen_later(machine: Machine) -> None:
    assert "http://127.0.0.1:8090/" in install(machine, "--port", "8090")
    assert "127.0.0.1:8090" in machine.show("fifod-web.socket", "Listen")
    assert "http://127.0.0.1:8090/" in install(machine)


def test_a_setting_that_the_file_lacks_is_told_and_the_file_left_alone(machine: Machine) -> None:
    machine.write(CONFIG, "front_ends = []\n")
    said = install(machine)
    assert "does not mention auditors, durability, ledger.segment_mib, " in said
    assert "so the web site cannot draw" in said
    assert machine.read(CONFIG) == "front_ends = []\n"


def test_a_configuration_that_the_daemon_refuses_stops_it_at_once(machine: Machine) -> None:
    machine.write(CONFIG, "durabilty = 'disk'\n")
    done = machine.attempt("./deploy/install", folder=SOURCE)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("deploy/install: cannot use the configuration /etc/fifod/fifod.toml: ")
    assert line.endswith("; nothing was changed")
    assert "durabilty" in line
