"""Debian's packages that an installation needs, and which of them it brought itself."""

import shutil
import subprocess
from pathlib import Path

from deploy import machine, places
from deploy.steps import Steps

POLKIT = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd")


def missing_to_run() -> list[str]:
    """What is needed for good: polkit, which lets the web site control fifod's units, and D-Bus, over which it asks."""
    missing = [] if any(Path(daemon).exists() for daemon in POLKIT) else ["polkitd"]
    return missing if shutil.which("dbus-daemon") or shutil.which("dbus-broker") else [*missing, "dbus"]


def install(build: list[str], run: list[str], steps: Steps) -> None:
    """Install what is missing to build and to run, and remember what runs fifod."""
    if not build and not run:
        return
    if steps.dry_run:
        steps.say(f"  Installing {', '.join([*build, *run])} from Debian ...")
        return
    machine.install([*build, *run], steps)
    # What only builds may go with the next `apt-get autoremove`; an upgrade brings it again.
    _mark_automatic(build)
    if run:
        places.write(places.PACKAGES, "".join(f"{name}\n" for name in sorted({*brought(), *run})).encode())


def brought() -> list[str]:
    """The packages that are there to run fifod, because an installation brought them."""
    return places.PACKAGES.read_text().split() if places.PACKAGES.is_file() else []


def give_back(steps: Steps) -> None:
    """Leave it to `apt-get autoremove` to remove what was brought."""
    if names := brought():
        steps.do(f"Marking {', '.join(names)} as no longer needed", lambda: _mark_automatic(names))


def _mark_automatic(names: list[str]) -> None:
    if names:
        subprocess.run(["apt-mark", "auto", *names], capture_output=True, check=False)
