"""What a test needs of the machine. Without it the test is skipped by name, or fails where FIFOD_REQUIRE_ALL=1."""

import functools
import os
import shutil

import pytest


def require(condition: object, what: str) -> None:
    """Skip the present test unless the condition holds; `what` completes "needs ..."."""
    if not condition:
        pytest.skip(f"needs {what}")


def root() -> None:
    """The test acts as several users."""
    require(os.geteuid() == 0, "root")


def commands(*names: str) -> None:
    """The test runs these commands."""
    for name in names:
        require(shutil.which(name), f"the command {name}")


def namespaces() -> None:
    """The test mounts file systems that nobody else sees."""
    root()
    commands("unshare", "mount")
    require(_may_unshare(), "leave to make mount and pid namespaces")


@functools.cache
def _may_unshare() -> bool:
    return os.system("unshare --mount --pid --fork true 2>/dev/null") == 0
