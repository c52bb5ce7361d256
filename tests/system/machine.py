"""A machine that runs systemd: a Debian 12 with hardly more than that and Python, booted for a test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests import needs
from tests.system import debian
from tests.system.container import Container
from tests.waiting import DEADLINE, pace, until

PYTHON = "/opt/fifod/current/.venv/bin/python"


def require() -> None:
    """Skip the present test unless machines can be booted here."""
    needs.namespaces()
    needs.commands("debootstrap", "systemd-nspawn", "nsenter", "setpriv", "slirp4netns")
    needs.require(Path("/dev/net/tun").exists(), "/dev/net/tun")


class Machine(Container):
    """A container with hands and eyes: commands run in it, and what systemd there says."""

    def command(self, *words: str, user: str = "root", folder: str = "/") -> list[str]:
        """The command line that does something in it, as somebody with all of his groups."""
        identity = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        shell = ["sh", "-c", 'cd "$0" && exec "$@"', folder, *words]
        return [*self.enter, "--", *identity, *debian.environment(user), *shell]

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
        return self.spawn(self.command(*words, user=user, folder=folder))

    def shell(self, script: str, user: str = "root", seconds: float = 2 * DEADLINE) -> str:
        """Run lines of shell that must succeed; what they printed."""
        return self.run("sh", "-ec", script, user=user, seconds=seconds)

    def kill(self, pid: int, number: str) -> None:
        """Send a signal to one of its processes."""
        self.shell(f"kill -{number} {pid}")

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

    def state(self) -> str:
        """What helps to see why a test failed: console, failed units, the end of the journal."""
        if not self.is_on:
            return f"{super().state()}(it is off)"
        failed = self.attempt("systemctl", "--failed", "--no-pager", "--no-legend").stdout
        return f"{super().state()}--- failed units ---\n{failed}--- journal ---\n{self.journal('--lines=200')}"
