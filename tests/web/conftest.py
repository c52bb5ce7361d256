"""A real daemon behind the site, and the people who use it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from tests.daemons import Daemon, reachable_directory, remove
from tests.supervised import Supervised
from tests.web.scraping import TOKEN
from tests.web.service import account, wait_until_said
from tests.web.sites import CONFIG, PASSWORD, Site
from webui import access
from webui.history.recorder import Recorder

__all__ = ["CONFIG", "PASSWORD"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of the test's own."""
    place = reachable_directory()
    yield place
    remove(place)


@pytest.fixture
def site(place: Path) -> Site:
    """The site's processes, with a database that is ready."""
    site = Site(place / "state", place / "run")
    site.manage("migrate", "-v0")
    return site


def connect(settings: Settings, place: Path) -> None:
    """Let the site in this process use the daemon and the ledger below a directory."""
    settings.RUNTIME_DIR = place / "run"
    settings.STATE_DIR = place / "state"
    settings.LEDGER_DIR = place / "state" / "ledger"


@pytest.fixture
def daemon(place: Path, settings: Settings) -> Iterator[Daemon]:
    """A daemon of the test's own, which the site uses."""
    connect(settings, place)
    with Daemon(place, CONFIG) as daemon:
        yield daemon


@pytest.fixture(scope="package")
def common_daemon() -> Iterator[Daemon]:
    """A daemon for all tests that leave it as it was."""
    place = reachable_directory()
    with Daemon(place, CONFIG) as daemon:
        yield daemon
    remove(place)


@pytest.fixture
def shared(common_daemon: Daemon, settings: Settings) -> Daemon:
    """The daemon for all, which the site uses."""
    connect(settings, common_daemon.place)
    return common_daemon


@pytest.fixture
def token_file(place: Path, settings: Settings) -> Path:
    """The file with the token."""
    settings.METRICS_TOKEN_FILE = place / "metrics.token"
    settings.METRICS_TOKEN_FILE.write_text(f"{TOKEN}\n")
    found: Path = settings.METRICS_TOKEN_FILE
    return found


@pytest.fixture
def record(db: None) -> Callable[[Daemon], None]:
    """Records all that a daemon's ledger holds, in this process."""

    def record(daemon: Daemon) -> None:
        for _ in Recorder(daemon.ledger).record_batches():
            pass

    return record


@pytest.fixture
def alice(db: None) -> User:
    """Who draws."""
    return person("alice", access.MEMBER)


@pytest.fixture
def bob(db: None) -> User:
    """Another account, a stranger to alice's draws."""
    return person("bob", access.MEMBER)


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's browser."""
    return logged_in(alice)


@pytest.fixture
def trial(place: Path, settings: Settings) -> Iterator[Supervised]:
    """A supervisor that runs both programs, and that the site asks."""
    trial = Supervised(place)
    trial.start("fifod")
    trial.start("recorder")
    settings.SUPERVISOR = trial.address
    with trial.running():
        trial.wait_until_ready()
        wait_until_said(trial, "fifod", "begins")
        yield trial


@pytest.fixture
def operator(db: None) -> Client:
    """The browser of staff that may control the service."""
    return logged_in(account("operator", staff=True, may=True))


def person(name: str, *roles: str) -> User:
    """An account with these roles, under a name that no other test has used."""
    account = User.objects.create_user(_fresh(name), password=PASSWORD)
    account.groups.set(Group.objects.filter(name__in=roles))
    return account


def logged_in(account: User) -> Client:
    """A browser in which somebody is logged in; what goes wrong in a view gives a page, as it does for people."""
    client = Client(raise_request_exception=False)
    client.force_login(account)
    return client


def _fresh(name: str) -> str:
    # The daemon outlives the test's database, in which the first account is number 1 again: names make drawers differ.
    return f"{name}-{os.urandom(4).hex()}"
