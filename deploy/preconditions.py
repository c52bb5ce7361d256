"""What must hold before an installation changes anything; what does not is told in one line."""

import fcntl
import os
import pwd
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import places
from deploy.environment import ROOT
from deploy.problem import Problem

SYSTEMD = Path("/run/systemd/system")
PYTHON = Path("/usr/bin/python3")
OLDEST = (3, 11)
# Mebibytes: the ledger's beginning and the database; units and manual pages.
NEEDED = {places.STATE: 20, places.ETC: 1, places.BIN: 1}
# A release with its environment, and what pip unpacks and compiles on the way there.
NEEDED_TO_BUILD = {places.HOME: 150, Path("/tmp"): 50}
# Debian's packages, unpacked, and on their way.
NEEDED_FOR_PACKAGES = {Path("/usr"): 400, Path("/var/cache/apt"): 150}


def check_machine(dry_run: bool) -> None:
    """Raise Problem unless this is root on a machine that runs systemd."""
    if os.geteuid() != 0 and not dry_run:
        raise Problem("only root may do that: run it with sudo")
    if not SYSTEMD.is_dir():
        raise Problem(
            "this machine does not run systemd (there is no /run/systemd/system); without it there is ./deploy/try"
        )


def check_python() -> str:
    """The system's Python, by its real name, which a later release of Debian does not give to another one."""
    path = PYTHON.resolve()
    if Path(sys.executable).resolve() != path:
        raise Problem(
            f"{sys.executable} (Python {'.'.join(map(str, sys.version_info[:2]))}) cannot run a service: its units may "
            f"execute {PYTHON} only, which must be Python {'.'.join(map(str, OLDEST))} or later; see FIFOD_PYTHON, PATH"
        )
    for part in (path, *path.parents):
        found = part.stat()
        if found.st_uid != 0 or not found.st_mode & 0o001 or found.st_mode & 0o022:
            raise Problem(f"{path} cannot run a service: {part} must be root's, for all to execute, for none to change")
    return str(path)


def check_room(builds: bool, installs_packages: bool) -> None:
    """Raise Problem if a file system is too full or read-only for what will be written there."""
    needs = NEEDED | (NEEDED_TO_BUILD if builds else {})
    if installs_packages:
        needs = needs | {folder: needs.get(folder, 0) + more for folder, more in NEEDED_FOR_PACKAGES.items()}
    by_device: dict[int, tuple[Path, int]] = {}
    for folder, mebibytes in needs.items():
        folder = _existing(folder)
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            raise Problem(f"{folder} is on a file system that is mounted read-only")
        first, sum_ = by_device.get(folder.stat().st_dev, (folder, 0))
        by_device[folder.stat().st_dev] = (first, sum_ + mebibytes)
    for folder, mebibytes in by_device.values():
        free = shutil.disk_usage(folder).free >> 20
        if free < mebibytes:
            place = next(path for path in (folder, *folder.parents) if path.is_mount())
            raise Problem(f"the disk is full: {place} has {free} MiB left and needs {mebibytes}; free some first")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def check_port(port: int) -> None:
    """Raise Problem if a port of 127.0.0.1 is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise Problem(
                f"port {port} of 127.0.0.1, meant for the web site, cannot be had ({reason}); see who has it with "
                f"“ss -ltnp sport = :{port}”, or choose another: {ROOT}/deploy/install --port {port % 60000 + 80}"
            ) from None


def check_names() -> None:
    """Raise Problem if a user of that name is a person's, and not one of the system's."""
    for name in places.USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if not 0 < found.pw_uid < 1000:
            raise Problem(
                f"there is a user {name} with uid {found.pw_uid}, who is none of the system's; rename that one"
            )


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock that keeps another installation or removal away; it leaves no file."""
    folder = os.open("/opt" if os.path.isdir("/opt") else "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Problem("another installation or removal of fifod is under way") from None
    finally:
        os.close(folder)
