"""A container in which systemd runs as on a machine, and which is gone without a trace when it ends.

Its file system is layers: the base, what was installed on it, and what this machine writes. It is alone in a mount, a
process and network namespaces and in control groups of its own, so that nothing outside notices it and nothing
of it outlives its end, or this process.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Self

from tests.system import debian
from tests.waiting import DEADLINE, pace, readable, until

# Below /tmp and /run a container mounts its own, so it cannot start from there.
SCRATCH = debian.SCRATCH / "machines"
POWER_OFF = signal.SIGRTMIN + 4
CONTROL_GROUPS = [Path("/sys/fs/cgroup", name) for name in ("", "systemd", "unified")]

# A way to the network that ports and addresses of this computer are no part of.
UPLINK = ["slirp4netns", "--configure", "--mtu=1400", "--disable-host-loopback"]
# The layers are mounted where only the container sees them, and are not synced, as they need not outlive this computer.
# /run is covered, as nspawn leaves traces there.
MOUNT = """
set -e
for group in $3; do echo 0 > $group/cgroup.procs; done
mount --make-rprivate /
mount -t overlay overlay -o "volatile,lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t tmpfs tmpfs /run
place=$1
shift 3
exec systemd-nspawn --directory="$place/root" "$@"
"""
CONTAINER = [
    "--boot",
    "--private-network",
    "--register=no",
    "--keep-unit",
    "--link-journal=no",
    "--console=pipe",
    "--resolv-conf=off",
    "--timezone=off",
    "--notify-ready=yes",
    "--machine=fifod-test",
]
NAMESPACES = ["--mount", "--pid", "--ipc", "--uts", "--net", "--cgroup"]
# Killed with this process, and everything in the machine with it.
MORTAL = ["setpriv", "--pdeathsig=KILL", "--"]
ALONE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


class Container:
    """One container; use it in a `with` block, at whose end it is gone with all that it wrote.

    `layers` lie on the base, the first one on top. Without `network` it reaches nothing but itself.
    """

    def __init__(self, *layers: Path, network: bool = False) -> None:
        SCRATCH.mkdir(parents=True, exist_ok=True)
        _sweep()
        self._place = Path(tempfile.mkdtemp(dir=SCRATCH, prefix=f"{os.getpid()}-"))
        self._lower = [*layers, debian.base(debian.SYSTEMD)]
        self._network = network
        self._uplink: subprocess.Popen[bytes] | None = None
        self._groups: list[Path] = []
        self._holder: subprocess.Popen[bytes] | None = None
        self.enter: list[str] = []
        """The beginning of a command line that does something inside."""
        self._started: list[subprocess.Popen[str]] = []
        for name in ("upper", "root"):
            (self._place / name).mkdir(mode=0o755)
        self._console = self._place / "console"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is not None:
            print(self.state())
        self.close()

    # --- its life ---

    def boot(self) -> Self:
        """Start it, and wait until systemd has started all it was to start."""
        self._make_groups()
        work = self._place / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            address = f"fifod-test-{uuid.uuid4().hex}"
            notifications.bind(f"\0{address}")
            self._spawn(address)
            self._wait_for_ready(notifications)
        [leader] = _children(_children(self._running.pid)[0])
        self.enter = ["nsenter", f"--target={leader}", *NAMESPACES]
        if self._network:
            self._connect(leader)
        return self

    def _connect(self, leader: int) -> None:
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as ready, self._console.open("ab") as console:
            command = [*MORTAL, *UPLINK, f"--ready-fd={writer}", str(leader), "tap0"]
            self._uplink = subprocess.Popen(command, pass_fds=[writer], stdout=console, stderr=console)
            os.close(writer)
            assert readable(ready.fileno())
            assert ready.read(1), f"the machine has no network:\n{self._console.read_text(errors='replace')}"

    def disconnect(self) -> None:
        """Take the network away."""
        if self._uplink is not None:
            self._uplink.kill()
            self._uplink.wait(DEADLINE)
            self._uplink = None

    def _make_groups(self) -> None:
        self._groups = _groups(self._place)
        for group in self._groups:
            group.mkdir()

    def _spawn(self, address: str) -> None:
        layers = ":".join(map(str, self._lower))
        words = ["sh", "-c", MOUNT, "sh", str(self._place), layers, " ".join(map(str, self._groups)), *CONTAINER]
        with self._console.open("ab") as console:
            self._holder = subprocess.Popen(
                [*MORTAL, *ALONE, *words],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={**os.environ, "NOTIFY_SOCKET": f"@{address}"},
            )

    def _wait_for_ready(self, notifications: socket.socket) -> None:
        end = os.pidfd_open(self._running.pid)
        try:
            while notifications.fileno() in readable(notifications.fileno(), end):
                if b"READY=1" in notifications.recv(4096):
                    return
        finally:
            os.close(end)
        raise AssertionError(f"systemd did not come up:\n{self._console.read_text(errors='replace')}")

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._holder, "the machine is off"
        return self._holder

    @property
    def written(self) -> Path:
        """What it has written, as a layer for other machines, once it is off."""
        assert self._holder is None, "the machine is on"
        return self._place / "upper"

    def power_off(self) -> None:
        """Shut it down as a person would, and wait; it can boot again."""
        os.kill(int(self.enter[1].partition("=")[2]), POWER_OFF)
        try:
            self._running.wait(2 * DEADLINE)
        finally:
            self.cut_power()

    def cut_power(self) -> None:
        """End everything that runs in it at once; it can boot again."""
        self.disconnect()
        if self._holder is not None:
            self._holder.kill()
            self._holder.wait(DEADLINE)
            self._holder = None
        for process in self._started:
            process.kill()
            process.communicate()
        self._started = []
        for group in self._groups:
            remove_group(group)
        self._groups = []

    def close(self) -> None:
        """End it and remove all that it wrote."""
        self.cut_power()
        shutil.rmtree(self._place)

    def state(self) -> str:
        """What helps to see why a test failed."""
        return f"--- console ---\n{self._console.read_text(errors='replace')}"

    @property
    def is_on(self) -> bool:
        """Whether its first process lives."""
        return self._holder is not None and self._holder.poll() is None

    def spawn(self, command: list[str]) -> subprocess.Popen[str]:
        """Begin a command of this computer that belongs to the container, and ends with it at the latest."""
        process = subprocess.Popen(
            [*MORTAL, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process


def _groups(place: Path) -> list[Path]:
    """The control groups of the container that has its files there, one for each hierarchy that systemd uses."""
    return [group / f"fifod-test-{place.name}" for group in CONTROL_GROUPS if (group / "cgroup.procs").exists()]


def _sweep() -> None:
    """Remove what tests that were killed have left; nothing of it runs any more."""
    for place in SCRATCH.iterdir():
        if not Path("/proc", place.name.partition("-")[0]).exists():
            for group in _groups(place):
                remove_group(group)
            shutil.rmtree(place, ignore_errors=True)  # other tests may be at it, too


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def remove_group(group: Path) -> None:
    """Remove a control group as soon as nothing runs in it, which the kernel sees a moment after the last process."""
    until(lambda: _removed(group), f"{group} is empty")


def _removed(group: Path) -> bool:
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)
    except OSError:
        pace(0.01)
        return False
    return True
