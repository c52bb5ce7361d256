"""A machine that runs systemd: a Debian 12 with hardly more than that and Python, booted for a test.

Its file system is layers: the base, what was installed on it, and what this machine writes. It is alone in a mount, a
process and mostly a network namespace, and in control groups of its own, so that nothing outside notices it and nothing
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
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests import needs
from tests.system import debian
from tests.waiting import DEADLINE, pace, readable, until

# Below /tmp and /run a container mounts its own, so it cannot start from there.
SCRATCH = debian.SCRATCH / "machines"
PYTHON = "/opt/fifod/current/.venv/bin/python"
POWER_OFF = signal.SIGRTMIN + 4
CONTROL_GROUPS = [Path("/sys/fs/cgroup", name) for name in ("", "systemd", "unified")]

# The layers are mounted where only the container sees them. /run is covered as nspawn leaves traces there.
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
# With a file system that is not synced, as nothing here has to outlive this computer.
CONTAINER = [
    "--boot",
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
BOUND = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def require() -> None:
    """Skip the present test unless machines can be booted here."""
    needs.namespaces()
    needs.commands("debootstrap", "systemd-nspawn", "nsenter", "setpriv")


class Machine:
    """One machine; use it in a `with` block, at whose end it is gone with all that it wrote.

    `layers` lie on the base, the first one on top. With `network` it has this computer's, else only its own loopback.
    """

    def __init__(self, *layers: Path, network: bool = False) -> None:
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self._place = Path(tempfile.mkdtemp(dir=SCRATCH))
        self._lower = [*layers, debian.base(debian.SYSTEMD)]
        self._network = network
        self._groups: list[Path] = []
        self._holder: subprocess.Popen[bytes] | None = None
        self._enter: list[str] = []
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
        self._enter = ["nsenter", f"--target={leader}", *NAMESPACES]
        return self

    def _make_groups(self) -> None:
        name = f"fifod-test-{uuid.uuid4().hex}"
        self._groups = [group / name for group in CONTROL_GROUPS if (group / "cgroup.procs").exists()]
        for group in self._groups:
            group.mkdir()

    def _spawn(self, address: str) -> None:
        layers = ":".join(map(str, self._lower))
        words = ["sh", "-c", MOUNT, "sh", str(self._place), layers, " ".join(map(str, self._groups)), *CONTAINER]
        own = [] if self._network else ["--private-network"]
        with self._console.open("ab") as console:
            self._holder = subprocess.Popen(
                [*BOUND, *words, *own],
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
        os.kill(int(self._enter[1].partition("=")[2]), POWER_OFF)
        try:
            self._running.wait(2 * DEADLINE)
        finally:
            self.cut_power()

    def cut_power(self) -> None:
        """End everything that runs in it at once; it can boot again."""
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
        """What helps to see why a test failed: console, failed units, the end of the journal."""
        told = f"--- console ---\n{self._console.read_text(errors='replace')}"
        if self._holder is None or self._holder.poll() is not None:
            return f"{told}(it is off)"
        failed = self.attempt("systemctl", "--failed", "--no-pager", "--no-legend").stdout
        return f"{told}--- failed units ---\n{failed}--- journal ---\n{self.journal('--lines=200')}"

    # --- acting in it ---

    def command(self, *words: str, user: str = "root", folder: str = "/") -> list[str]:
        """The command line that does something in it, as somebody with all of his groups."""
        identity = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        shell = ["sh", "-c", 'cd "$0" && exec "$@"', folder, *words]
        return [*self._enter, "--", *identity, *debian.environment(user), *shell]

    def attempt(
        self, *words: str, user: str = "root", folder: str = "/", text: str | None = None, seconds: float = 2 * DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        """Do something in it, with a text as standard input, and see how it ends."""
        return subprocess.run(
            self.command(*words, user=user, folder=folder),
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def run(
        self, *words: str, user: str = "root", folder: str = "/", text: str | None = None, seconds: float = 2 * DEADLINE
    ) -> str:
        """Do something in it that must succeed; what it printed."""
        done = self.attempt(*words, user=user, folder=folder, text=text, seconds=seconds)
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *words: str, user: str = "root", folder: str = "/") -> subprocess.Popen[str]:
        """Begin something in it that goes on beside the test; its output can be read."""
        process = subprocess.Popen(
            self.command(*words, user=user, folder=folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def shell(self, script: str, user: str = "root", seconds: float = 2 * DEADLINE) -> str:
        """Run lines of shell that must succeed; what they printed."""
        return self.run("sh", "-ec", script, user=user, seconds=seconds)

    def python(self, code: str, *words: str, user: str = "root", seconds: float = 2 * DEADLINE) -> str:
        """Run Python with the installed fifod; what it printed."""
        return self.run(PYTHON, "-c", code, *words, user=user, seconds=seconds)

    def write(self, path: str, text: str) -> None:
        """Write a file in it, with its folder."""
        self.run("sh", "-ec", 'mkdir -p "$(dirname "$0")"; cat > "$0"', path, text=text)

    def read(self, path: str) -> str:
        """The text of a file in it."""
        return self.run("cat", path)

    def add(self, folder: Path, name: str) -> None:
        """Copy a folder of this computer into it."""
        packed = subprocess.run(["tar", "-c", "-C", str(folder), "."], capture_output=True, check=True)
        unpack = self.command("sh", "-c", f"mkdir -p {name} && tar -x --no-same-owner -C {name}")
        subprocess.run(unpack, input=packed.stdout, check=True, timeout=2 * DEADLINE)

    def add_user(self, name: str) -> int:
        """An ordinary user more; the uid."""
        self.run("useradd", "--create-home", "--shell", "/bin/bash", name)
        return int(self.run("id", "-u", name))

    # --- what systemd says ---

    def systemctl(self, *words: str) -> str:
        """Let systemctl do something that must succeed."""
        return self.run("systemctl", "--no-pager", *words)

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", unit, f"--property={name}", "--value").strip()

    def main_pid(self, unit: str = "fifod.service") -> int:
        """The main process of a unit, as numbered in the machine; 0 if it has none."""
        return int(self.show(unit, "MainPID"))

    def journal(self, *words: str) -> str:
        """Lines of the journal, without time and host."""
        return self.run("journalctl", "--no-pager", "--output=cat", *words)

    def wait_until(self, condition: Callable[[], object], what: str, pause: float = 0.05) -> None:
        """Ask again and again until something in it is as it should be."""

        def holds() -> bool:
            if condition():
                return True
            pace(pause)
            return False

        until(holds, what)


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
