"""The web site's database around an upgrade: a copy from before its migrations, for the case that it must go back."""

import subprocess
from pathlib import Path

from deploy import management, places
from deploy.problem import Problem

FILE = places.WEB_STATE / "web.sqlite3"
COPY = places.WEB_STATE / "before-upgrade.sqlite3"
COPYING = (
    "import os, sqlite3, sys; os.umask(0o077); sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"
)


def is_behind(root: Path) -> bool:
    """Whether a release has migrations that a database lacks; one that is not there needs no copy."""
    return FILE.exists() and _run(management.command(root, "migrate", "--check")).returncode != 0


def set_aside(root: Path) -> None:
    """Copy it as it is, while it is in use; the copy gets its name when it is whole."""
    draft = COPY.with_name(f".{COPY.name}.new")
    draft.unlink(missing_ok=True)
    try:
        _copy(root, draft)
        draft.replace(COPY)
    finally:
        draft.unlink(missing_ok=True)


def _copy(root: Path, target: Path) -> None:
    done = _run(management.as_site(str(root / ".venv" / "bin" / "python"), "-c", COPYING, str(FILE), str(target)))
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Problem(f"the web site's database cannot be copied: {reason}")


def is_set_aside() -> bool:
    """Whether there is a copy."""
    return COPY.exists()


def put_back() -> None:
    """Replace it by its copy; nobody may have it open."""
    for ending in ("-wal", "-shm"):
        FILE.with_name(FILE.name + ending).unlink(missing_ok=True)
    COPY.replace(FILE)


def forget() -> None:
    """Remove the copy."""
    COPY.unlink(missing_ok=True)


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, env=management.environment(), capture_output=True, text=True, check=False)
