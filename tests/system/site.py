"""The installed site, visited from inside its machine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from tests.system.machine import PYTHON, Machine

ADDRESS = "http://127.0.0.1:8000"
VISITOR = Path(__file__).with_name("visitor.py").read_text()
PASSWORD = "correct-horse-7"
ACCOUNT = """
from django.contrib.auth.models import Permission, User
account = User.objects.create_user({name!r}, password={password!r}, is_staff={staff})
if {may}:
    account.user_permissions.add(Permission.objects.get(codename="control", content_type__app_label="service"))
"""


@dataclass(frozen=True)
class Page:
    """What a visit to an address brought."""

    status: int
    path: str
    page: str
    seconds: float

    @property
    def text(self) -> str:
        """The words of the page, without tags."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.page)).split())

    @property
    def lines(self) -> str:
        """The log lines that it shows."""
        found = re.search(r'<div class="log".*?</div>', self.page, re.S)
        return unescape(re.sub(r"<[^>]*>", " ", found[0])) if found else ""


class Site:
    """The site of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def add_account(self, name: str, *, staff: bool = False, may_control: bool = False) -> None:
        """An account more."""
        code = ACCOUNT.format(name=name, password=PASSWORD, staff=staff, may=may_control)
        self.machine.run("/usr/local/sbin/fifod-manage", "shell", "-c", code)

    def visit(self, *steps: list[str], name: str | None = None) -> list[Page]:
        """Take steps, perhaps logged in; what each step brought."""
        login = [["log_in", name, PASSWORD]] if name else []
        told = self.machine.run(PYTHON, "-c", VISITOR, ADDRESS, text=json.dumps([*login, *steps]))
        return [Page(**page) for page in json.loads(told)][len(login) :]
