"""`./deploy/try` on a Debian 12 with nothing but python3, as root and as a person with sudo, and with even less."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.system import checkout as repository
from tests.system import debian
from tests.system.debian import PERSON, Debian
from tests.system.trial import READY, Trial

pytestmark = [pytest.mark.minimal_debian, pytest.mark.timeout(900)]

WITHIN = 180.0
FOLDER = "/srv/fifod"

Try = Callable[..., Trial]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Debian]:
    needs.namespaces()
    needs.commands("debootstrap", "nsenter", "chroot")
    mount_point = tmp_path / "debian"
    mount_point.mkdir()
    system = Debian(mount_point)
    yield system
    system.close()


@pytest.fixture
def try_in(system: Debian, tmp_path: Path) -> Iterator[Try]:
    """Start `./deploy/try` inside as some user."""
    trials: list[Trial] = []
    repository.copy_to(tmp_path / "checkout")

    def start(user: str, *arguments: str) -> Trial:
        if not trials:
            system.add(tmp_path / "checkout", FOLDER, user)
        command = system.command("./deploy/try", user=user, folder=FOLDER)
        trials.append(Trial(tmp_path, *arguments, command=command))
        return trials[-1]

    yield start
    for trial in trials:
        trial.end()


@pytest.mark.parametrize("user", ["root", PERSON])
def test_one_command_brings_everything_up(
    system: Debian, try_in: Try, user: str, record_property: Callable[[str, object], None]
) -> None:
    assert "ensurepip" not in system.run("ls", "/usr/lib/python3.11")
    began = time.monotonic()
    first = try_in(user)
    first.wait_for(READY, WITHIN)
    record_property("first start", f"{time.monotonic() - began:.0f} s")
    for command in first.commands:
        assert system.run("sh", "-c", command, user=user)
    stop(system, first)
    began = time.monotonic()
    second = try_in(user)
    second.wait_for(READY)
    record_property("second start", f"{time.monotonic() - began:.1f} s")
    assert second.password == first.password
    assert "Setting up" not in second.printed
    stop(system, second)


def stop(system: Debian, trial: Trial) -> None:
    """End a trial inside as Ctrl-C would, and see that it leaves nothing running there."""
    pid = system.run("cat", f"{FOLDER}/var/try.lock").strip()
    system.run("sh", "-c", f"kill -INT {pid}")
    assert trial.wait() == 0
    assert "python" not in system.run("sh", "-c", "cat /proc/[0-9]*/cmdline")


def test_without_sudo_it_says_what_root_must_install(system: Debian, try_in: Try) -> None:
    system.run("rm", "/usr/bin/sudo")
    trial = try_in(PERSON)
    assert trial.wait() == 1
    assert last_line(trial).startswith("deploy/try: this machine lacks a C compiler, ")
    assert (
        "it has no sudo: run “apt-get install gcc libc6-dev pkg-config libsystemd-dev python3-dev python3-venv”"
        in last_line(trial)
    )


def test_a_sudo_that_wants_a_password_is_not_waited_for(system: Debian, try_in: Try) -> None:
    system.run("rm", f"/etc/sudoers.d/{PERSON}")
    trial = try_in(PERSON)
    assert trial.wait() == 1
    assert "sudo cannot install it without a terminal (a password is required)" in last_line(trial)


def test_without_apt_it_says_what_is_missing(system: Debian, try_in: Try) -> None:
    system.run("rm", "/usr/bin/apt-get")
    trial = try_in("root")
    assert trial.wait() == 1
    assert "lacks a C compiler" in last_line(trial)
    assert "it has no apt-get" in last_line(trial)


def test_without_a_mirror_it_passes_on_what_apt_says(system: Debian, try_in: Try) -> None:
    system.run("sh", "-c", "rm -r /etc/apt/sources.list*")
    trial = try_in("root")
    assert trial.wait() == 1
    assert "failed: E: " in last_line(trial)


def test_a_full_disk_is_named_before_the_set_up(system: Debian, try_in: Try) -> None:
    system.run("sh", "-c", f"mkdir {FOLDER} && mount -t tmpfs -o size=8m tmpfs {FOLDER}")
    trial = try_in("root")
    assert trial.wait() == 1
    assert last_line(trial).startswith(f"deploy/try: the disk is full: {FOLDER}")


def test_a_disk_that_fills_during_the_set_up_is_named(system: Debian, try_in: Try) -> None:
    system.run("sh", "-c", f"mkdir -p {FOLDER}/.venv && mount -t tmpfs -o size=2m tmpfs {FOLDER}/.venv")
    trial = try_in("root")
    assert trial.wait(WITHIN) == 1
    assert "the disk is full" in last_line(trial)


def test_without_python_it_says_so(system: Debian, try_in: Try) -> None:
    system.run("sh", "-c", "rm /usr/bin/python3*")
    trial = try_in(PERSON)
    assert trial.wait() == 1
    assert "no Python 3.11 or later here" in last_line(trial)


def last_line(trial: Trial) -> str:
    """The last line printed; a problem is told in one."""
    return trial.printed.splitlines()[-1]


def test_the_base_has_nothing_but_python(system: Debian) -> None:
    for command in ("gcc", "pip", "pkg-config", "systemctl"):
        assert not (debian.base() / "usr" / "bin" / command).exists()
