"""Persons as the ledger names them, found by what people call them."""

import re
from itertools import islice

from django.contrib.auth.models import User

from webui import gateway
from webui.history import finding
from webui.history.models import Draw

SUGGESTED = 50
_ACCOUNT = re.compile(r"web:([0-9]{1,18})")


def drawer_called(name: str) -> str | None:
    """The drawer meant by `unix:1000`, `web:7:alice`, `web:7`, or the name of an account; None if there is none."""
    if found := _ACCOUNT.fullmatch(name):
        return _drawer_of_number(found[1])
    if name.startswith(("unix:", "web:")):
        return name
    account = User.objects.filter(username__iexact=name).order_by("pk").first()
    return gateway.drawer(account) if account else None


def suggestions() -> list[str]:
    """Some who have drawn, to choose from."""
    return list(islice(finding.drawers(), SUGGESTED))


def _drawer_of_number(number: str) -> str | None:
    # ";" comes behind ":".
    draws = Draw.objects.filter(drawer__gt=f"web:{number}:", drawer__lt=f"web:{number};").order_by("-drawer")
    return draws.values_list("drawer", flat=True).first()
