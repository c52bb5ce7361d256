"""The web tests once more, with the newest Django there is, so that no change of it is a surprise later."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.environment import Environment
from deploy.problem import Problem
from deploy.progress import Progress

# Django 6 wants Python 3.12.
OLDEST = (3, 12)
# What is installed there is not what is locked, and the others try processes and patience more than Django.
UNCONCERNED = ["test_dependencies.py", "test_live_crowd.py", "test_recorder_killed.py"]
NAMES = ["python3", "python3.14", "python3.13", "python3.12"]


def newest_django(progress: Progress, scratch: Path) -> bool:
    """Run the web tests with the newest Django; False if they failed, or could not run where everything must."""
    heading = "web tests with the newest Django"
    print(f"\n== {heading} ==", flush=True)
    suitable = _suitable_python()
    if suitable is None:
        # For the Pythons of this machine the pinned Django is the newest, and that was tested already.
        print(f"== {heading}: it wants Python {'.'.join(map(str, OLDEST))}, which is not here ==", flush=True)
        return True
    try:
        python = _environment(progress, scratch / "newest-django", suitable)
    except Problem as problem:
        print(f"== {heading}: not run on this machine: {problem} ==", flush=True)
        return os.environ.get("FIFOD_REQUIRE_ALL") != "1"
    subprocess.run([python, "-m", "django", "--version"], check=False)
    done = subprocess.run(
        [
            python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(f"--ignore=tests/web/{name}" for name in UNCONCERNED),
            "tests/web",
        ],
        check=False,
    )
    print(f"== {heading}: {'passed' if done.returncode == 0 else 'FAILED'} ==", flush=True)
    return done.returncode == 0


def _environment(progress: Progress, folder: Path, python: str) -> str:
    environment = Environment(["requirements.lock", "requirements-dev.lock"], folder, python)
    if not environment.is_ready():
        environment.make(progress)
    pip = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    progress.run("Fetching the newest Django", [*pip, "--upgrade", "--upgrade-strategy=eager", "django"])
    return str(environment.python)


def _suitable_python() -> str | None:
    named = [path for name in NAMES if (path := shutil.which(name))]
    # pyenv hides its Pythons behind a switch; they are as good as any.
    hidden = glob.glob(
        f"{os.environ.get('PYENV_ROOT') or os.path.expanduser('~/.pyenv')}/versions/3.1[2-9]*/bin/python3"
    )
    for python in [sys.executable, *named, *sorted(hidden, reverse=True)]:
        check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
        if subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0:
            return python
    return None
