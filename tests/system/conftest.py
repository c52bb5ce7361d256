"""A checkout that was set up once, trials in it, and machines with fifod installed; all are ended whatever happens."""

import shutil
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system import checkout as repository
from tests.system import machine as machines
from tests.system.machine import Machine
from tests.system.trial import READY, Trial

# Longer than an AF_UNIX address or a kernel's #! line may be, and with spaces in it.
FOLDER = "a checkout in a folder " + "whose name is longer than people like, " * 4 + "with spaces"
FIRST_START = 180.0
SOURCE = "/root/fifod"
INSTALLATION = 600.0


@dataclass(frozen=True)
class Installed:
    """A machine with fifod installed: what it had written, what the installer said, and how long that took."""

    layer: Path
    said: str
    seconds: float


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and report.failed and isinstance(item, pytest.Function):
        for machine in (value for value in item.funcargs.values() if isinstance(value, Machine)):
            report.sections.append(("the machine", machine.state()))
    return report


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

    def start_trial(*arguments: str, ready: bool = True, terminal: int | None = None, **environment: str) -> Trial:
        trials.append(Trial(checkout, *arguments, terminal=terminal, environment=environment))
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


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """fifod, installed once by `./deploy/install` from a checkout in /root/fifod, on a machine that had nothing."""
    machines.require()
    folder = tmp_path_factory.mktemp("source")
    repository.copy_to(folder)
    with Machine(network=True) as machine:
        machine.boot().add(folder, SOURCE)
        began = time.monotonic()
        done = machine.attempt("./deploy/install", folder=SOURCE, seconds=INSTALLATION)
        seconds = time.monotonic() - began
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"./deploy/install ended with {done.returncode}:\n{said}"
        machine.power_off()
        yield Installed(machine.written, said, seconds)


@pytest.fixture(scope="module")
def machine(installed: Installed) -> Iterator[Machine]:
    """A fresh machine for each module, without network, on which fifod was installed and runs."""
    with Machine(installed.layer) as machine:
        yield machine.boot()


@pytest.fixture
def bare() -> Iterator[Machine]:
    """A machine that reaches the network, and has nothing but Python and systemd."""
    machines.require()
    with Machine(network=True) as machine:
        yield machine.boot()
