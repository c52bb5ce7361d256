"""A release: a copy of the checkout with a Python environment of its own, named by what is in it."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy import places
from deploy.environment import ROOT, Environment
from deploy.problem import Problem
from deploy.steps import Steps

CONTENT = ("fifod", "webui", "deploy", "manage.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
LOCK = "requirements.lock"
PROOF = "import django, msgspec, systemd.daemon, uvicorn, whitenoise; import fifod.__main__, webui"


class Release:
    """One release below /opt/fifod/releases, whether it is there yet or not."""

    def __init__(self, python: str, source: Path = ROOT) -> None:
        self.source = source
        self._files = _files(source)
        digest = hashlib.sha256(python.encode())
        for name in self._files:
            digest.update(f"\0{name}\0{_mode(source / name)}\0".encode() + _digest(source / name))
        self.id = f"{version(source)}-{digest.hexdigest()[:12]}"
        self.folder = places.RELEASES / self.id
        self.environment = Environment([LOCK], base=python, root=self.folder)

    @property
    def is_current(self) -> bool:
        """Whether it is the one in use."""
        return current() == self.folder

    @property
    def is_complete(self) -> bool:
        """Whether every file is there and its environment can run it."""
        return not self._wrong_files() and self.environment.is_ready() and _works(self.environment.python)

    def make(self, steps: Steps) -> None:
        """Make it, or complete what there is of it; leaves nothing behind if that fails and it is not in use."""
        try:
            if self._wrong_files():
                steps.do(f"Copying the release to {self.folder}", self._copy)
            if steps.dry_run:
                steps.say("  Making its Python environment, from packages checked against their hashes ...")
                return
            if self.environment.is_ready() and not _works(self.environment.python):
                shutil.rmtree(self.environment.folder)
            self.environment.make(steps)
            steps.run("Compiling it", [str(self.environment.python), "-m", "compileall", "-q", *self._compiled()])
        except BaseException:
            if not self.is_current:
                self.remove()
            raise

    def remove(self) -> None:
        """Remove it, and the folders above it if nothing else is in them."""
        remove(self.folder)

    def switch(self) -> None:
        """Make it the one in use, all at once, and only when its files would outlive a power cut."""
        os.sync()
        use(self.folder)

    def _wrong_files(self) -> list[str]:
        return [name for name in self._files if not is_copy(self.source / name, self.folder / name)]

    def _copy(self) -> None:
        for name in self._wrong_files():
            places.write(self.folder / name, (self.source / name).read_bytes(), _mode(self.source / name))

    def _compiled(self) -> list[str]:
        return [str(self.folder / name) for name in ("fifod", "webui", "deploy")]


def _files(root: Path) -> list[str]:
    """Names of all files of a release in a checkout or in another release."""
    found = [root / LOCK, root / "requirements-build.lock"]
    for name in CONTENT:
        path = root / name
        found += [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sorted(str(file.relative_to(root)) for file in found if not _is_leftover(file))


def _is_leftover(file: Path) -> bool:
    return "__pycache__" in file.parts or file.suffix == ".pyc" or file.name.startswith(".")


def _mode(file: Path) -> int:
    return 0o755 if file.stat().st_mode & 0o100 else 0o644


def _digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def is_copy(source: Path, file: Path) -> bool:
    """Whether a file is there with the content and mode of another."""
    return file.is_file() and _digest(file) == _digest(source) and file.stat().st_mode & 0o777 == _mode(source)


def put(wanted: dict[Path, Path], stale: list[Path]) -> None:
    """Copy what belongs outside a release to its places, and remove what is in none any more."""
    for target, source in wanted.items():
        if not is_copy(source, target):
            places.write(target, source.read_bytes(), 0o755 if target == places.MANAGE else 0o644)
    for file in stale:
        file.unlink()


def _works(python: Path) -> bool:
    """Whether an environment has what the programs import; settings are not read, for they make files."""
    return subprocess.run([python, "-I", "-c", PROOF], capture_output=True, check=False, cwd="/").returncode == 0


def version(root: Path) -> str:
    """The version that a checkout or a release says it is."""
    found = re.search(r'__version__ = "([^"]+)"', (root / "fifod" / "__init__.py").read_text())
    if found is None:
        raise Problem(f"{root} is no checkout of fifod: fifod/__init__.py names no version")
    return found[1]


def current() -> Path | None:
    """The folder of the release in use, if there is one."""
    folder = places.CURRENT.resolve()
    return folder if places.CURRENT.is_symlink() and folder.is_dir() else None


def use(folder: Path) -> None:
    """Make a release the one in use."""
    places.link(places.CURRENT, f"releases/{folder.name}")


def outdated(kept: set[Path]) -> list[Path]:
    """Releases on this machine that are not among those to keep."""
    return [folder for folder in sorted(places.RELEASES.glob("*")) if folder not in kept]


def remove(folder: Path) -> None:
    """Remove a release, and the folders above it if nothing else is in them."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (places.RELEASES, places.HOME):
        try:
            parent.rmdir()
        except OSError:
            return
