"""Who gets what at which address: access.txt, asked line by line with a real draw behind it."""

import os
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from pytest_django import Settings

from fifod import names
from tests.daemons import Daemon
from tests.web import addresses
from tests.web.addresses import Line
from tests.web.conftest import logged_in, person
from webui import access, gateway
from webui.people import sessions
from webui.receipts import links
from webui.service import verification
from webui.service.models import ServiceAct
from webui.service.units import BEGUN

LINES = [line for line in addresses.read() if not line.elsewhere]


@dataclass(frozen=True)
class Scene:
    """Everybody, and a draw that the owner made."""

    people: dict[str, User | None]
    serial: int

    @property
    def owner(self) -> User:
        """Who made the draw."""
        owner = self.people["owner"]
        assert owner
        return owner


# What stands for a name between < and > in the table; `address` is the line's.
FILLINGS: dict[str, Callable[[Scene, str], object]] = {
    "serial": lambda scene, address: scene.serial,
    "missing": lambda scene, address: 10**12,
    "token": lambda scene, address: links.make(scene.owner, scene.serial),
    "number": lambda scene, address: 1,
    "part": lambda scene, address: "daemon",
    "verb": lambda scene, address: "start",
    "nonsense": lambda scene, address: "nonsense",
    "session": lambda scene, address: _session_of(scene),
    "object_id": lambda scene, address: _row_of(address),
    "id": lambda scene, address: _row_of(address),
    "content_type_id": lambda scene, address: ContentType.objects.get_for_model(User).pk,
    "app_label": lambda scene, address: "auth",
    "anything": lambda scene, address: "no/such/page",
}


def _row_of(address: str) -> object:
    """The key of a row of the table that an address of the admin names; Django's own view takes any."""
    _, _, app, model, *_ = address.split("/")
    if app == "r":
        return 1
    return apps.get_model(app, model)._default_manager.order_by("pk").values_list("pk", flat=True)[0]


def _session_of(scene: Scene) -> int:
    """A session in which the owner is logged in."""
    logged_in(scene.owner)
    return sessions.of(scene.owner)[0].pk


@pytest.fixture
def scene(
    shared: Daemon,
    record: Callable[[Daemon], None],
    settings: Settings,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    """One draw in ledger and table, a row in every table of the admin; no supervisor, no token for metrics."""
    settings.SUPERVISOR = str(place / "nobody")
    settings.METRICS_TOKEN_FILE = place / "none"
    monkeypatch.setattr(verification, "start", lambda account: BEGUN)  # no process for each who may
    owner = person("owner", access.MEMBER)
    people = {
        "anonymous": None,
        "owner": owner,
        "stranger": person("stranger", access.MEMBER),
        "auditor": person("auditor", access.AUDITOR),
        "operator": person("operator", access.OPERATOR),
        "administrator": person("administrator", access.ADMINISTRATOR),
    }
    asked = {"n": 3, "min": 1, "max": 6}
    reply = gateway.draw(owner, names.INTEGERS, asked, purpose="mine", key=os.urandom(16).hex())
    record(shared)
    _fill_tables(owner)
    links.make(owner, reply.serial_number)
    return Scene(people, reply.serial_number)


def _fill_tables(account: User) -> None:
    ServiceAct.objects.create(account_id=account.pk, account_name="x", verb="start", unit="fifod")
    LogEntry.objects.create(user=account, action_flag=1)


def answers(scene: Scene, line: Line) -> dict[str, str]:
    """What each person really gets."""
    path = line.address
    for name, filling in FILLINGS.items():
        path = path.replace(f"<{name}>", str(filling(scene, line.address))) if f"<{name}>" in path else path
    assert "<" not in path, f"{path}: FILLINGS does not know this name"
    return {who: f"{_ask(account, 'get', path)} {_ask(account, 'post', path)}" for who, account in scene.people.items()}


def _ask(account: User | None, method: str, path: str) -> str:
    client = logged_in(account) if account else Client(raise_request_exception=False)
    with closing(getattr(client, method)(path)) as answer:
        is_login = answer.status_code == 302 and answer["Location"].startswith("/login/")
        return "login" if is_login else str(answer.status_code)


@pytest.mark.parametrize("line", LINES, ids=[line.address for line in LINES])
def test_everybody_gets_what_the_table_says(scene: Scene, line: Line) -> None:
    found = answers(scene, line)
    assert found == line.answers, f"{line.address}  {'  '.join(found.values())}"


def test_the_table_has_a_line_for_every_address_and_no_other() -> None:
    listed, existing = {line.shape for line in addresses.read()}, addresses.shapes()
    assert existing - listed == set(), "addresses without a line in access.txt"
    assert listed - existing == set(), "lines in access.txt whose address is gone"


def test_a_line_that_points_to_a_test_points_to_one_that_is_there() -> None:
    for line in addresses.read():
        assert not line.elsewhere or (addresses.TABLE.parent / line.elsewhere).is_file(), line


def test_each_role_is_a_group(db: None) -> None:
    roles = {access.MEMBER, access.AUDITOR, access.OPERATOR, access.ADMINISTRATOR}
    assert roles <= set(Group.objects.values_list("name", flat=True))


def test_anothers_draw_looks_like_one_that_does_not_exist(scene: Scene) -> None:
    client = logged_in(scene.people["stranger"])  # type: ignore[arg-type]
    for address in ("/draws/{}/", "/draws/{}/check/", "/draws/{}/receipt.json"):
        assert _body(client, address, scene.serial) == _body(client, address, 10**12)


def _body(client: Client, address: str, serial: int) -> Any:
    answer = client.get(address.format(serial))
    assert answer.status_code == 404
    page = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r'\1"TOKEN"', answer.content.decode())
    # As addresses have it: a small number stands in many places.
    return page.replace(f"/draws/{serial}/", "/draws/SERIAL/"), sorted(answer.headers)
