"""What pip fetches for an installation, fetched once, as a layer for machines that have no network."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system.checkout import ROOT
from tests.system.debian import SCRATCH

LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-build.lock"]
FOLDER = "/srv/packages"
OFFLINE = ["env", "PIP_NO_INDEX=1", f"PIP_FIND_LINKS={FOLDER}"]


def layer() -> Path:
    """The layer; on a machine with it, a command after OFFLINE finds them."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()[:12]
    made = SCRATCH / f"packages-{digest}"
    if not made.exists():
        draft = made.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        into = Path(f"{draft}{FOLDER}")
        into.mkdir(parents=True)
        locks = [word for lock in LOCKS for word in ("-r", str(lock))]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "--no-build-isolation", "--dest", str(into), *locks], check=True, timeout=600)
        draft.rename(made)
    return made
