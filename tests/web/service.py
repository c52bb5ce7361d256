"""What tests do on the service page, over a real supervisor with stand-ins for the programs."""

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.supervised import Supervised
from tests.waiting import pace, until
from tests.web.pages import text


def account(name: str, *, staff: bool = False, may: bool = False) -> User:
    """Somebody, perhaps staff, perhaps with the permission."""
    made = User.objects.create_user(name, is_staff=staff)
    if may:
        made.user_permissions.add(Permission.objects.get(codename="control", content_type__app_label="service"))
    return made


def wait_until_said(trial: Supervised, name: str, words: str) -> None:
    """Wait for a program's own words."""
    log = trial.folder / f"{name}.log"

    def is_said() -> bool:
        pace(0.01)
        return log.exists() and words in log.read_text()

    until(is_said, f"{name} says {words}")


def pid_of(trial: Supervised, name: str) -> int | None:
    """The present process of a program."""
    [program] = [program for program in trial.supervisor.programs if program.name == name]
    return program.process.pid if program.process else None


def act(client: Client, part: str, verb: str) -> Any:
    """Press a button; the page that follows."""
    answer = client.post(f"/service/{part}/{verb}/")
    assert answer.status_code == 302 and answer["Location"] == "/service/", text(answer)
    return client.get("/service/")
