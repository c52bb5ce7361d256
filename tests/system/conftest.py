"""A checkout that was set up once, and trials in it that are stopped whatever happens."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system import checkout as repository
from tests.system.trial import READY, Trial

# Longer than an AF_UNIX address or a kernel's #! line may be, and with spaces in it.
FOLDER = "a checkout in a folder " + "whose name is longer than people like, " * 4 + "with spaces"
FIRST_START = 180.0


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The very first start in a fresh checkout, ended cleanly."""
    folder = tmp_path_factory.mktemp("system") / FOLDER
    repository.copy_to(folder)
    trial = Trial(folder)
    try:
        trial.wait_for(READY, FIRST_START)
        trial.process.terminate()
        trial.wait()
        yield trial
    finally:
        trial.end()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def checkout(first_start: Trial) -> Path:
    """A checkout in which the trial has been set up."""
    return first_start.checkout


@pytest.fixture
def start(checkout: Path) -> Iterator[Callable[..., Trial]]:
    """Start a trial in the checkout."""
    trials: list[Trial] = []

    def start_trial(*arguments: str, ready: bool = True, terminal: int | None = None, path: str | None = None) -> Trial:
        trials.append(Trial(checkout, *arguments, terminal=terminal, path=path))
        if ready:
            trials[-1].wait_for(READY)
        return trials[-1]

    yield start_trial
    for trial in trials:
        trial.end()


@pytest.fixture
def trial(start: Callable[..., Trial]) -> Trial:
    """A trial that is running."""
    return start()
