"""The site's only way to the daemon: each call draws or asks on behalf of one account."""

from typing import TYPE_CHECKING, Any, Unpack

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from fifod.client import Client, Reply
from fifod.names import MAX_USER_BYTES

if TYPE_CHECKING:
    from fifod.client import Members

SECONDS_FOR_A_DRAW = 10.0
SECONDS_FOR_A_QUESTION = 3.0
SECONDS_FOR_HEALTH = 1.0
SECONDS_FOR_METRICS = 0.8


def record_name(account: AbstractBaseUser) -> str:
    """The account as the record holds it: its number, which is never given to another, and its printable name.

    The daemon refuses control and bidirectional characters and long names; nobody should be unable to draw for that.
    """
    name = "".join(char if char.isprintable() else "\ufffd" for char in account.get_username())
    whole = f"{account.pk}:{name}".encode()
    return whole[:MAX_USER_BYTES].decode(errors="ignore")


def drawer(account: AbstractBaseUser) -> str:
    """The drawer that the ledger names for draws of an account."""
    return f"web:{record_name(account)}"


def draw(account: AbstractBaseUser, method: str, params: dict[str, Any], **members: "Unpack[Members]") -> Reply:
    """Draw on behalf of an account; the same `key` again gives the same draw."""
    with _client(account, SECONDS_FOR_A_DRAW) as client:
        return client.call(method, params, **members)


def result(account: AbstractBaseUser, serial: int) -> Reply:
    """A draw of the account once more, with its record's `head` and `body`."""
    with _client(account, SECONDS_FOR_A_QUESTION) as client:
        return client.result(serial)


def listed(account: AbstractBaseUser, serial: int) -> dict[str, Any] | None:
    """The list's entry for a draw of the account, with `head` and `body`: it tells of secret draws too."""
    with _client(account, SECONDS_FOR_A_QUESTION) as client:
        draws: list[dict[str, Any]] = client.draws(1, before=serial + 1)["draws"]
    return next((draw for draw in draws if draw["serialNumber"] == serial), None)


def status(seconds: float = SECONDS_FOR_HEALTH) -> dict[str, Any]:
    """How the daemon is, if it says so within so many seconds."""
    with Client(str(settings.RUNTIME_DIR), timeout=seconds) as client:
        return client.status()


def _client(account: AbstractBaseUser, timeout: float) -> Client:
    return Client(str(settings.RUNTIME_DIR), timeout=timeout, user=record_name(account))
