"""The Python environment `.venv/`: made once from the lock files and known by a stamp, so that it takes no network."""

import hashlib
import sys
from pathlib import Path

from deploy import machine
from deploy.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
SCRIPTS = {"fifod": "fifod.__main__", "fifod-classic": "fifod.classic.__main__", "fifod-client": "fifod.cli"}
LONGEST_SHEBANG = 127


class Environment:
    """One environment with the packages of some lock files, and this checkout or a copy of it, the root, in it."""

    def __init__(
        self, locks: list[str], folder: Path | None = None, base: str = sys.executable, root: Path = ROOT
    ) -> None:
        self.root = root
        self.locks = [root / lock for lock in locks]
        self.folder = folder or root / ".venv"
        self.base = base
        self.python = self.folder / "bin" / "python"
        self._stamp = self.folder / "complete"

    def is_ready(self) -> bool:
        """Whether it stands as these lock files and this Python want it; more packages than that do no harm."""
        return set(self._wanted()) <= self._present()

    def make(self, progress: Progress) -> None:
        """Make or complete it if it is not ready."""
        if self.is_ready():
            self._add_checkout()  # which may have got a command more since
            return
        machine.require_space(self.root, machine.SETUP_MIB)
        if missing := machine.missing_for_build():
            machine.install(missing, progress)
        if self._identity() not in self._present():
            self._stamp.unlink(missing_ok=True)
            progress.run("Making a Python environment", [self.base, "-m", "venv", "--clear", str(self.folder)])
        self._stamp.write_text(self._identity())  # no lock file's packages, until all of them are there
        pip = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--require-hashes",
        ]
        progress.run("Fetching what builds packages", [*pip, "-r", str(self.root / "requirements-build.lock")])
        # Built with the setuptools just pinned, not with whatever is newest today. The lock files are complete: asked
        # for what a package with extras needs, pip would look at releases that came after them, and stumble.
        wanted = [word for lock in self.locks for word in ("-r", str(lock))]
        build = [*pip, "--no-deps", "--no-build-isolation", "--use-pep517"]
        progress.run("Fetching and building packages", [*build, *wanted])
        self._add_checkout()
        self._stamp.write_text("\n".join(self._wanted()))

    def _wanted(self) -> list[str]:
        return [self._identity(), *(_digest(lock.read_bytes()) for lock in self.locks)]

    def _identity(self) -> str:
        # Not sys.version: Debian's next rebuild of the same Python would change that, and an environment stands it.
        return _digest(f"{self.base} {sys.implementation.cache_tag} {self.folder}".encode())

    def _present(self) -> set[str]:
        if not self.python.exists():
            return set()
        try:
            return set(self._stamp.read_text().split())
        except OSError:
            return set()

    def _add_checkout(self) -> None:
        """What `pip install -e .` would do, less its import hook and its slow scripts, and without a build."""
        for packages in self.folder.glob("lib/python3*/site-packages"):
            _keep(packages / "fifod.pth", f"{self.root}\n", 0o644)
        for name, module in SCRIPTS.items():
            text = f"{shebang(self.python)}import sys\n\nfrom {module} import main\n\nsys.exit(main())\n"
            _keep(self.folder / "bin" / name, text, 0o755)


def _keep(file: Path, text: str, mode: int) -> None:
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
        file.chmod(mode)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def shebang(python: Path) -> str:
    """The first lines of a script for this Python; the kernel takes no space and no long path there, a shell does."""
    if " " not in str(python) and len(str(python)) + 2 < LONGEST_SHEBANG:
        return f"#!{python}\n"
    quoted = str(python).replace("'", "'\"'\"'")
    return f"#!/bin/sh\n'''exec' '{quoted}' \"$0\" \"$@\"\n' '''\n"
