"""Where fifod cannot be installed `./deploy/install` says so in one line, before anything was changed."""

from collections.abc import Iterator

import pytest

from tests.system import checkout as repository
from tests.system import machine as machines
from tests.system.conftest import SOURCE
from tests.system.machine import Machine

pytestmark = pytest.mark.timeout(300)

PERSON = "person"
# Everything that an installation could change, but for what apt knows of its mirrors and the set-up's own log.
LISTING = r"""
find /etc /opt /usr /var /root /run/systemd/system -xdev \
    \( -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -name __pycache__ \) -prune \
    -o -type d -printf '%p %m %u %g\n' -o -printf '%p %m %u %g %s %T@\n'
cat /etc/passwd /etc/group
"""
LISTENER = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 8000)); print('listens', flush=True); sys.stdin.read()"
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with nothing but Python and systemd, and without network."""
    machines.require()
    folder = tmp_path_factory.mktemp("source")
    repository.copy_to(folder)
    with Machine() as machine:
        machine.boot().add(folder, SOURCE)
        machine.add_user(PERSON)
        machine.shell(f"cp -a {SOURCE} /srv/fifod; chmod 755 /srv/fifod")
        yield machine


@pytest.fixture(autouse=True)
def nothing_changes(alone: Machine) -> Iterator[None]:
    before = alone.shell(LISTING).splitlines()
    yield
    assert alone.shell(LISTING).splitlines() == before


def refused(machine: Machine, around: str = "", *arguments: str, user: str = "root") -> str:
    """Try it, with other things done around it where nobody else sees them; the line that says why not."""
    script = f'{around}\nexec ./deploy/install "$@"'
    apart = ["unshare", "--mount"] if user == "root" else []
    done = machine.attempt(*apart, "sh", "-ec", script, "sh", *arguments, user=user, folder="/srv/fifod")
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("deploy/install: ")
    return line.removeprefix("deploy/install: ")


def test_who_is_not_root(alone: Machine) -> None:
    assert refused(alone, user=PERSON) == "only root may do that: run it with sudo"


def test_a_machine_without_systemd(alone: Machine) -> None:
    assert refused(alone, "mount -t tmpfs tmpfs /run/systemd").startswith("this machine does not run systemd")


@pytest.mark.parametrize("folder", ["/opt", "/usr", "/var/cache/apt", "/tmp"])
def test_a_file_system_without_room(alone: Machine, folder: str) -> None:
    with_content = "mount -t tmpfs -o size=300m tmpfs /mnt; cp -a /usr/. /mnt; mount --move /mnt /usr"
    line = refused(alone, with_content if folder == "/usr" else f"mount -t tmpfs -o size=30m tmpfs {folder}")
    assert line.startswith(f"the disk is full: {folder} has ")
    assert line.endswith("; free some first")


def test_a_file_system_that_cannot_be_written(alone: Machine) -> None:
    around = "mount --bind /usr/local /usr/local; mount -o remount,ro,bind /usr/local"
    assert refused(alone, around) == "/usr/local/bin is on a file system that is mounted read-only"


def test_a_mirror_that_cannot_be_reached(alone: Machine) -> None:
    assert "Asking Debian what it has failed: E: " in refused(alone)


def test_a_port_that_is_taken(alone: Machine) -> None:
    other = alone.start("python3", "-c", LISTENER)
    assert other.stdout is not None
    assert other.stdout.readline() == "listens\n"
    line = refused(alone)
    other.communicate("")
    assert line.startswith("port 8000 of 127.0.0.1, meant for the web site, cannot be had (address already in use)")
    assert line.endswith("or choose another: /srv/fifod/deploy/install --port 8080")


def test_a_python_in_a_home(alone: Machine) -> None:
    around = "cp /usr/bin/python3 /tmp/python3; FIFOD_PYTHON=/tmp/python3; export FIFOD_PYTHON PYTHONHOME=/usr"
    assert refused(alone, around).startswith("/tmp/python3 (Python 3.11) cannot run a service: ")


def test_a_python_that_others_may_change(alone: Machine) -> None:
    around = (
        "mount -t tmpfs tmpfs /mnt; cp -a /usr/bin/. /mnt; chown person /mnt/python3.11; mount --move /mnt /usr/bin"
    )
    line = refused(alone, around)
    assert line == (
        "/usr/bin/python3.11 cannot run a service: /usr/bin/python3.11 must be root's, "
        "for all to execute, for none to change"
    )


def test_a_python_that_is_too_old(alone: Machine) -> None:
    around = "printf '#!/bin/sh\\nexit 1\\n' > /tmp/old; chmod 755 /tmp/old; mount --bind /tmp/old /usr/bin/python3.11"
    done = alone.attempt("unshare", "--mount", "sh", "-ec", f"{around}; exec ./deploy/install", folder="/srv/fifod")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "no Python 3.11 or later here" in line


def test_a_name_that_a_person_has(alone: Machine) -> None:
    around = "echo fifod:x:1234:1234::/:/bin/sh | cat /etc/passwd - > /tmp/passwd; mount --bind /tmp/passwd /etc/passwd"
    assert refused(alone, around).startswith("there is a user fifod with uid 1234, who is none of the system's")


@pytest.mark.parametrize("port", ["0", "65536", "http", "²"])
def test_a_port_that_is_none(alone: Machine, port: str) -> None:
    done = alone.attempt("./deploy/install", "--port", port, folder="/srv/fifod")
    assert done.returncode == 2
    assert f"a port is a number from 1 to 65535, not {port!r}" in done.stderr


@pytest.mark.parametrize("user", ["root", PERSON])
def test_a_dry_run_says_all_steps_and_does_none(alone: Machine, user: str) -> None:
    done = alone.attempt("./deploy/install", "--dry-run", folder="/srv/fifod", user=user)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("This would be done to install fifod 1.0.0-")
    for step in (
        "Installing gcc, ",
        "Copying the release",
        "Making the system users",
        "Writing",
        "Starting",
        "Checking",
    ):
        assert f"\n  {step}" in done.stdout


def test_removing_what_is_not_there_is_fine(alone: Machine) -> None:
    assert "Nothing of fifod is left." in alone.run("./deploy/uninstall", "--purge", folder="/srv/fifod")


def test_what_a_half_installation_left_is_removed(alone: Machine) -> None:
    alone.shell(
        "mkdir -p /opt/fifod/releases/1.0.0-half/fifod /usr/local/lib/systemd/system /usr/local/lib/sysusers.d\n"
        "cp deploy/systemd/fifod.service deploy/systemd/*.mount /usr/local/lib/systemd/system\n"
        "ln -s /opt/fifod/current/.venv/bin/fifod /usr/local/bin/fifod".replace("deploy/", "/srv/fifod/deploy/")
    )
    alone.run("./deploy/uninstall", "--purge", folder="/srv/fifod")
