"""`./deploy/install` where fifod serves already: a release takes the place of another, and nobody loses a request."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.system import packages
from tests.system.bridges import Bridge, drop_in
from tests.system.checkout import ROOT
from tests.system.conftest import SOURCE, Installed
from tests.system.machine import PYTHON, Machine

pytestmark = pytest.mark.timeout(600)

PERSON = "person"
CLIENTS = 8
# Clients that draw one after the other without a pause, and one that asks for the login page, until told to stop.
LOOP = """
import json, sys, threading, urllib.request
from fifod.client import Client

serials, problems, pages, stop = [], [], [], threading.Event()

def draw():
    with Client() as client:
        while not stop.is_set():
            try:
                serials.append(client.integers(1, 1, 6).serial_number)
            except Exception as error:
                problems.append(repr(error))

def look():
    while not stop.wait(0.02):
        try:
            pages.append(urllib.request.urlopen("http://127.0.0.1:8000/login/", timeout=20).status)
        except Exception as error:
            problems.append(repr(error))

threads = [threading.Thread(target=draw) for _ in range(int(sys.argv[1]))] + [threading.Thread(target=look)]
for thread in threads:
    thread.start()
print("drawing", flush=True)
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
print(json.dumps({"serials": serials, "problems": problems[:5], "pages": len(pages)}))
"""
NEWEST = max(path.stem for path in (ROOT / "webui" / "history" / "migrations").glob("[0-9]*.py"))
MIGRATION = f"""
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("history", "{NEWEST}")]
    operations = [migrations.RunSQL("CREATE TABLE probe (a)")]
"""
MAIN = f"{SOURCE}/fifod/__main__.py"
BROKEN = "sed -i 's/^def _serve(.*:$/&\\n    sys.exit(\"a broken release\")/' fifod/__main__.py"
COPY = "/var/lib/fifod-web/before-upgrade.sqlite3"


@pytest.fixture
def serving(installed: Installed) -> Iterator[Machine]:
    """A machine with fifod, and with what pip needs, but without network."""
    with Machine(packages.layer(), installed.layer) as machine:
        machine.boot().add_user(PERSON)
        Bridge(machine, PERSON).start()
        yield machine


def upgrade(machine: Machine, change: str) -> subprocess.CompletedProcess[str]:
    """Change the checkout by lines of shell, and install that."""
    machine.shell(f"cd {SOURCE}; {change}")
    return machine.attempt(*packages.OFFLINE, "./deploy/install", folder=SOURCE, seconds=300)


def releases(machine: Machine) -> list[str]:
    """The release in use, then the others."""
    used = machine.run("readlink", "/opt/fifod/current").strip().removeprefix("releases/")
    return [used, *(name for name in machine.run("ls", "/opt/fifod/releases").split() if name != used)]


def release_of_bridge(machine: Machine) -> str:
    """The release that the person's classic bridge runs from; it must serve."""
    assert len(machine.run("fifod-client", "classic", "3", user=PERSON).split()) == 3
    command = machine.shell(f"tr '\\0' ' ' < /proc/{Bridge(machine, PERSON).pid}/cmdline")
    return command.removeprefix("/opt/fifod/releases/").partition("/")[0]


def health(machine: Machine) -> str:
    code = (
        "import urllib.request as web; print(web.urlopen('http://127.0.0.1:8000/healthz', timeout=10).read().decode())"
    )
    return str(json.loads(machine.run("python3", "-c", code))["ok"])


def draws(machine: Machine) -> int:
    return int(json.loads(machine.run("fifod-client", "status", "--json", user=PERSON))["serialNumber"])


def test_an_upgrade_loses_no_request_and_keeps_everything(
    serving: Machine, record_property: Callable[[str, object], None]
) -> None:
    kept = serving.shell("cat /etc/fifod/*; cat /var/lib/fifod/host.key | sha256sum")
    [first] = releases(serving)
    serving.run("mkdir", "/opt/fifod/releases/0.9.0-000000000000")
    before = draws(serving)
    loop = serving.start(PYTHON, "-c", LOOP, str(CLIENTS), user=PERSON)
    assert loop.stdout is not None
    assert loop.stdout.readline() == "drawing\n"
    daemon = serving.main_pid()
    began = time.monotonic()
    done = upgrade(serving, "echo '# newer' >> fifod/draw.py; echo '# newer' >> deploy/systemd/fifod.service")
    record_property("upgrade under load", f"{time.monotonic() - began:.0f} s")
    printed, _ = loop.communicate("", timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"upgrade fifod from {first} to {releases(serving)[0]}, while it serves" in done.stdout
    assert releases(serving)[1:] == [first]
    assert serving.main_pid() != daemon
    assert "# newer" in serving.systemctl("cat", "fifod.service")
    told = json.loads(printed)
    record_property("draws and pages during an upgrade", f"{len(told['serials'])}, {told['pages']}")
    assert told["problems"] == []
    assert len(set(told["serials"])) == len(told["serials"]) > CLIENTS
    serving.run("fifod-client", "verify")
    # One draw for each that a client got, and the check of the installation: none was drawn twice.
    assert draws(serving) == before + len(told["serials"]) + 1
    assert serving.shell("cat /etc/fifod/*; cat /var/lib/fifod/host.key | sha256sum") == kept
    assert "password" not in done.stdout
    assert health(serving) == "True"
    assert release_of_bridge(serving) == releases(serving)[0]


def test_a_bridge_that_does_not_come_up_again_is_told_and_hinders_no_upgrade(serving: Machine) -> None:
    spoiler = bridge_of_bob(serving)
    spoiler.start()
    # As if bob had put something in the place of his FIFOs.
    serving.write(f"/etc/systemd/system/{spoiler.unit}.d/spoilt.conf", "[Service]\nExecStartPre=/bin/false\n")
    done = upgrade(serving, "echo '# newer' >> fifod/draw.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Note: {spoiler.unit} did not come up: " in done.stdout
    assert release_of_bridge(serving) == releases(serving)[0]


def bridge_of_bob(machine: Machine) -> Bridge:
    """The bridge of a user more, with FIFOs of its own."""
    machine.add_user("bob")
    machine.run("install", "-d", "-o", "bob", "-m", "700", "/srv/exercise/bob")
    machine.write("/etc/systemd/system/fifod-classic@bob.service.d/paths.conf", drop_in("/srv/"))
    machine.systemctl("daemon-reload")
    return Bridge(machine, "bob")


def test_a_release_whose_daemon_does_not_start_gives_way_to_the_one_before(serving: Machine) -> None:
    [first] = releases(serving)
    before = draws(serving)
    done = upgrade(serving, f"cp {MAIN} /root/kept; {BROKEN}; echo '# broken' >> deploy/systemd/fifod.service")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("deploy/install: fifod.service does not come up: ")
    assert line.endswith(f"; {first}, the release before, serves again")
    assert releases(serving)[0] == first
    assert "# broken" not in serving.systemctl("cat", "fifod.service")
    assert draws(serving) == before
    serving.run("fifod-client", "3", user=PERSON)
    mended = upgrade(serving, f"mv /root/kept {MAIN}; sed -i '/# broken/d' deploy/systemd/fifod.service")
    assert mended.returncode == 0
    assert releases(serving)[0] == first


def test_a_release_whose_site_does_not_work_gives_way_to_the_one_before(serving: Machine) -> None:
    [first] = releases(serving)
    serving.write(f"{SOURCE}/webui/history/migrations/9999_probe.py", MIGRATION)
    visitor = serving.start(PYTHON, "-c", LOOP, "0", user=PERSON)
    done = upgrade(serving, "echo 'raise SystemExit(1)' >> webui/asgi.py")
    visitor.communicate("", timeout=60)
    assert done.returncode == 1
    assert "Copying the web site's database" in done.stdout
    [line] = done.stderr.splitlines()
    assert line.startswith("deploy/install: fifod-web.service ends again and again: ")
    assert line.endswith(f"; {first}, the release before, serves again")
    assert releases(serving)[0] == first
    assert health(serving) == "True"
    tables = "from django.db import connection as c; print(c.introspection.table_names())"
    assert release_of_bridge(serving) == first
    assert "probe" not in serving.run("fifod-manage", "shell", "--verbosity=0", "-c", tables)
    assert "before-upgrade" not in serving.run("ls", "-A", "/var/lib/fifod-web")
    # No page could start the site while its database was replaced.
    replaced = said_of_site(serving).partition("Closed fifod-web.socket")[2].partition("Listening on")
    assert replaced[1] and "Start" not in replaced[0]


def said_of_site(machine: Machine) -> str:
    """What systemd told of the web site and its socket since the machine was booted."""
    return machine.run("journalctl", "-b", "-o", "cat", "UNIT=fifod-web.socket", "UNIT=fifod-web.service")


def test_a_copy_that_an_upgrade_before_left_never_takes_the_databases_place(serving: Machine) -> None:
    [first] = releases(serving)
    serving.write(COPY, "from weeks ago")
    serving.run("./deploy/install", "--dry-run", folder=SOURCE)
    assert serving.read(COPY) == "from weeks ago"
    done = upgrade(serving, BROKEN)
    assert done.stderr.endswith(f"; {first}, the release before, serves again\n")
    assert health(serving) == "True"
    assert "before-upgrade" not in serving.run("ls", "-A", "/var/lib/fifod-web")


def test_packages_that_cannot_be_fetched_leave_everything_as_it_was(serving: Machine) -> None:
    listing = (
        "find /opt/fifod /etc/fifod /usr/local -not -path '*/__pycache__*' -not -type d -printf '%p %m %u %T@\n' | sort"
    )
    before = serving.shell(listing)
    serving.run("rm", "-r", packages.FOLDER)
    done = upgrade(serving, "echo '# newer' >> fifod/draw.py")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.endswith("; nothing was changed")
    assert serving.shell(listing) == before
    serving.run("fifod-client", "3", user=PERSON)


def test_an_upgrade_that_was_killed_is_gone_on_with(serving: Machine) -> None:
    serving.shell(f"cd {SOURCE}; echo '# newer' >> fifod/draw.py")
    installer = serving.start(*packages.OFFLINE, "./deploy/install", folder=SOURCE)
    assert installer.stdout is not None
    while "Having them started" not in installer.stdout.readline():
        assert installer.poll() is None
    serving.shell(
        "kill -KILL $(grep -lz 'deploy[.]installation' /proc/[0-9]*/cmdline | cut -d/ -f3) 2>/dev/null || true"
    )
    installer.wait(30)
    serving.run(*packages.OFFLINE, "./deploy/install", folder=SOURCE)
    command = serving.shell(f"tr '\\0' ' ' < /proc/{serving.main_pid()}/cmdline")
    assert releases(serving)[0] in command
