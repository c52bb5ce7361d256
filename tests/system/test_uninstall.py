"""`./deploy/uninstall`: all goes but the data, and with `--purge` that too."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.system import packages
from tests.system.bridges import Bridge
from tests.system.conftest import SOURCE, Installed
from tests.system.machine import Machine

pytestmark = pytest.mark.timeout(600)

UNINSTALL = "/opt/fifod/current/deploy/uninstall"
DATA = ["/etc/fifod", "/var/lib/fifod", "/var/lib/fifod-web"]
PERSON = "person"
LISTING = (
    "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /root/fifod \\) -prune -o -print"
)
# What Debian's packages write beside the files that dpkg knows.
OF_DEBIAN = (
    "/etc/alternatives/",
    "/etc/ca-certificates",
    "/etc/rc",
    "/etc/sgml",
    "/etc/ssl/",
    "/etc/xml",
    "/usr/local/share/sgml",
    "/usr/local/share/xml",
    "/usr/bin/",
    "/usr/lib/",
    "/usr/share/",
    "/var/cache/",
    "/var/lib/apt/",
    "/var/lib/dbus",
    "/var/lib/dpkg/",
    "/var/lib/polkit-1",
    "/var/lib/sgml-base",
    "/var/lib/systemd/",
    "/var/lib/xml-core",
    "/var/log/apt/",
    "/var/log/journal/",
    "/var/tmp/systemd-private-",
)
USERS_OF_DEBIAN = ("messagebus:", "polkitd:")


@pytest.fixture
def serving(installed: Installed) -> Iterator[Machine]:
    """A machine with fifod, and with what pip needs, but without network."""
    with Machine(packages.layer(), installed.layer) as machine:
        yield machine.boot()


def names_of(machine: Machine) -> list[str]:
    """Everything that has to do with fifod by its name, but for the checkout."""
    found = machine.shell(f"{LISTING} | grep -a fifod || true; getent passwd group | grep fifod || true")
    return [name for name in found.splitlines() if not name.startswith("/run/log/")]


def test_it_leaves_nothing_but_data(serving: Machine, record_property: Callable[[str, object], None]) -> None:
    kept = serving.shell("cd /var/lib; sha256sum fifod/ledger/*.jsonl fifod/host.key /etc/fifod/*")
    serving.add_user(PERSON)
    bridge = Bridge(serving, PERSON)
    serving.systemctl("--quiet", "enable", "--now", bridge.unit)
    assert serving.read(f"{bridge.directory}/classic.pid") == f"{bridge.pid}\n"
    began = time.monotonic()
    said = serving.run(UNINSTALL)
    record_property("uninstall", f"{time.monotonic() - began:.1f} s")
    assert "The data stays in /etc/fifod, /var/lib/fifod, /var/lib/fifod-web" in said
    assert {name for name in names_of(serving) if not name.startswith(tuple(DATA))} == set()
    assert serving.shell("cd /var/lib; sha256sum fifod/ledger/*.jsonl fifod/host.key /etc/fifod/*") == kept
    assert serving.systemctl("list-units", "--all", "--no-legend", "fifod*", "run-fifod*") == ""
    assert serving.attempt("mountpoint", "/run/fifod/replies").returncode != 0
    assert serving.run("id", "-un", serving.run("stat", "-c", "%u", "/var/lib/fifod").strip()).strip() == "fifod"
    assert serving.attempt("pgrep", "-u", "fifod,fifod-web").returncode != 0
    assert serving.attempt("mountpoint", "/run/fifod-classic").returncode != 0
    assert serving.shell("ls /tmp/fifo1 /tmp/fifo2 /run/fifod-classic 2>/dev/null || true") == ""
    assert {"polkitd", "dbus"} <= set(serving.run("apt-mark", "showauto").split())
    again = serving.run("./deploy/uninstall", folder=SOURCE)
    assert "Stopping" not in again


def test_installed_again_it_goes_on_with_the_data(serving: Machine) -> None:
    serving.add_user(PERSON)
    serving.run("fifod-client", "1", "--purpose", "before it was removed", user=PERSON)
    serving.run(UNINSTALL)
    done = serving.run(*packages.OFFLINE, "./deploy/install", folder=SOURCE, seconds=300)
    assert "as serial number 3, " in done
    assert "password" not in done
    assert "Writing /etc" not in done
    assert "before it was removed" in serving.run("fifod-client", "show", "2", user=PERSON)
    serving.run("fifod-client", "verify")


def test_purged_nothing_at_all_is_left(serving: Machine) -> None:
    with Machine() as bare:
        bare.boot()
        before = set(bare.shell(LISTING).splitlines())
        accounts = set(bare.shell("cat /etc/passwd /etc/group").splitlines())
    for unit in ("fifod.service", f"fifod-classic@{PERSON}.service"):
        serving.write(f"/etc/systemd/system/{unit}.d/mine.conf", "")
    said = serving.run(UNINSTALL, "--purge")
    assert "Removing /var/lib/fifod: the ledger, 1 files, for good" in said
    assert names_of(serving) == []
    known = set(serving.shell("cat /var/lib/dpkg/info/*.list").splitlines())
    left = set(serving.shell(LISTING).splitlines()) - before - known
    merged = {name for name in left if f"/{name.removeprefix('/usr/')}" in known}
    assert {name for name in left - merged if not name.startswith((*OF_DEBIAN, "/run/", packages.FOLDER))} == set()
    now = set(serving.shell("cat /etc/passwd /etc/group").splitlines())
    assert {line for line in now - accounts if not line.startswith(USERS_OF_DEBIAN)} == set()
    assert "Nothing of fifod is left." in serving.run("./deploy/uninstall", "--purge", folder=SOURCE)


def test_a_dry_run_removes_nothing(serving: Machine) -> None:
    before = serving.shell(f"{LISTING}; cat /etc/passwd")
    said = serving.run(UNINSTALL, "--purge", "--dry-run")
    for step in (
        "Stopping",
        "Removing units",
        "Removing /opt/fifod",
        "Removing /var/lib/fifod",
        "Removing the user fifod",
    ):
        assert f"\n  {step}" in said
    assert serving.shell(f"{LISTING}; cat /etc/passwd") == before
    assert serving.show("fifod.service", "ActiveState") == "active"


def test_who_is_not_root_is_refused(serving: Machine) -> None:
    serving.add_user(PERSON)
    done = serving.attempt(UNINSTALL, user=PERSON)
    assert done.returncode == 1
    assert done.stderr == "deploy/uninstall: only root may do that: run it with sudo\n"
