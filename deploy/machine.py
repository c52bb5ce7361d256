"""What the machine must have before fifod can be set up, and how Debian gives it what it lacks."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from deploy.problem import Problem
from deploy.progress import Progress

# systemd-python comes as source only, so it takes a compiler, two sets of headers, and the tool that finds the latter.
MEANINGS = {
    "dbus": "D-Bus",
    "gcc": "a C compiler",
    "libc6-dev": "C's headers",
    "libsystemd-dev": "libsystemd's headers",
    "polkitd": "polkit",
    "python3-dev": "Python's headers",
    "python3-venv": "Python's venv",
}
BUILD_PACKAGES = {"cc": ["gcc", "libc6-dev"], "pkg-config": ["pkg-config"]}
SETUP_MIB = 200
RUN_MIB = 20


def missing_for_build() -> list[str]:
    """Debian's names of what is missing to build the Python environment."""
    packages = [package for tool, names in BUILD_PACKAGES.items() if not shutil.which(tool) for package in names]
    if not _has_library("libsystemd"):
        packages.append("libsystemd-dev")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        packages.append("python3-dev")
    if not importlib.util.find_spec("ensurepip") or not importlib.util.find_spec("venv"):
        packages.append("python3-venv")
    return packages


def _has_library(name: str) -> bool:
    if not shutil.which("pkg-config"):
        return False
    return subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0


def install(packages: list[str], progress: Progress) -> None:
    """Install Debian packages, through sudo where that is needed; raise Problem where it cannot be done."""
    become_root = _root_prefix(packages)
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "Dpkg::Use-Pty=0"]
    apt += ["-o", "DPkg::Lock::Timeout=120"]
    # A configuration file that somebody changed stays as it is; asked which one to take, dpkg would give up.
    apt += ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    # Else a mirror that cannot be reached is but a warning, and the packages are what could not be found.
    progress.run("Asking Debian what it has", [*apt, "update", "--error-on=any"])
    progress.run(
        f"Installing {', '.join(packages)} from Debian", [*apt, "install", "-y", "--no-install-recommends", *packages]
    )


def _root_prefix(packages: list[str]) -> list[str]:
    by_hand = f"apt-get install {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise _lacking(packages, f"it has no apt-get: install what Debian calls {' '.join(packages)}")
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise _lacking(packages, f"it has no sudo: run “{by_hand}” as root")
    # With a terminal sudo may ask for the password; without one it must not wait for an answer that cannot come.
    trial = subprocess.run(["sudo", "-n", "true"], capture_output=True, text=True, check=False)
    if trial.returncode == 0 or sys.stdin.isatty():
        return ["sudo"]
    words = (trial.stderr.strip().splitlines() or ["it does not say why"])[-1].removeprefix("sudo: ")
    raise _lacking(packages, f"sudo cannot install it without a terminal ({words}): run “sudo {by_hand}”")


def _lacking(packages: list[str], obstacle: str) -> Problem:
    return Problem(f"this machine lacks {', '.join(map(meaning, packages))}, and {obstacle}; then start again")


def meaning(package: str) -> str:
    """What a Debian package is to a person."""
    return MEANINGS.get(package, package)


def require_space(folder: Path, mebibytes: int) -> None:
    """Raise Problem if the disk that holds a folder is too full."""
    free = shutil.disk_usage(folder).free >> 20
    if free < mebibytes:
        raise Problem(
            f"the disk is full: {folder} has {free} MiB left and needs {mebibytes}; free some and start again"
        )
