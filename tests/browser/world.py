"""Everything that a visitor needs, running for real: daemon, recorder, web server, and people of every role."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from typing import Self

from playwright.sync_api import Browser, Cookie

from tests.daemons import Daemon, reachable_directory, remove
from tests.supervised import Supervised
from tests.waiting import pace, until
from tests.web.sites import CHECKOUT, CONFIG, PASSWORD, Site
from webui.service.supervisor import Supervisor
from webui.service.units import DONE

LONGEST_RUN = 3600.0
PEOPLE = {
    "alice": ("member",),
    "bob": ("member",),
    "nina": ("member",),
    "audrey": ("auditor",),
    "oscar": ("member", "operator"),
    "ada": ("administrator",),
    "susan": ("superuser",),
}
"""Accounts and their roles, of which superuser is no group."""
_MAKE_PEOPLE = """
import json
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
told = json.loads({told!r})
password = make_password(told["password"])  # slow on purpose, so once for all
for name, roles in told["people"].items():
    account = User.objects.create(username=name, password=password, is_superuser="superuser" in roles)
    account.groups.set(Group.objects.filter(name__in=roles))
"""


class KeptDaemon(Daemon):
    """A daemon that the trial's supervisor runs, and stops and starts again as the service page asks it to."""

    def __init__(self, place: Path, trial: Supervised) -> None:
        super().__init__(place, CONFIG)
        self._supervisor = Supervisor(trial.address)
        trial.keep("fifod", ["-m", "fifod"], self.environment | {"PYTHONPATH": str(CHECKOUT)})

    def start(self, **_options: object) -> Self:
        """Have it started again."""
        self._have("start")
        return self

    def stop(self, number: int = SIGTERM) -> int:
        """Have it stopped; returns once it has ended."""
        assert number == SIGTERM
        self._have("stop")
        return 0

    def _have(self, verb: str) -> None:
        def is_done() -> bool:
            pace(0.01)
            return self._supervisor.act(verb, "daemon") == DONE

        until(is_done, f"{verb} is done")


@dataclass
class World:
    """What runs, and who is logged in already. `broken` is the address of a site without a database."""

    daemon: Daemon
    site: Site
    trial: Supervised
    address: str
    broken: str
    cookies: dict[str, list[Cookie]] = field(default_factory=dict)

    def cookies_of(self, name: str, browser: Browser) -> list[Cookie]:
        """The cookies of somebody who has logged in, which happens once and by the form."""
        if name not in self.cookies:
            with browser.new_context(base_url=self.address) as context:
                page = context.new_page()
                page.goto("/login/")
                page.get_by_label("Username").fill(name)
                page.get_by_label("Password").fill(PASSWORD)
                page.get_by_role("button", name="Log in").click()
                page.wait_for_url(lambda address: "/login/" not in address)
                self.cookies[name] = context.cookies()
        return self.cookies[name]


@contextmanager
def running() -> Iterator[World]:
    """A world until the end of the block."""
    place = reachable_directory()
    try:
        trial = Supervised(place, seconds=LONGEST_RUN, end_by=SIGTERM)
        site = Site(place / "state", place / "run")
        site.environment["FIFOD_SUPERVISOR"] = trial.address
        site.manage("migrate", "-v0")
        make_people(site)
        broken = Site(place / "broken", place / "run")
        daemon = KeptDaemon(place, trial)
        trial.keep("recorder", [str(CHECKOUT / "manage.py"), "record"], site.environment)
        with trial.running():
            trial.wait_until_ready()
            with site.serving() as address, broken.serving() as broken_address:
                yield World(daemon, site, trial, address, broken_address)
    finally:
        remove(place)


def make_people(site: Site) -> None:
    """The accounts, all with the same password."""
    told = {"people": PEOPLE, "password": PASSWORD}
    site.manage("shell", "-v0", "-c", _MAKE_PEOPLE.format(told=json.dumps(told)))
