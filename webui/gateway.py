"""The site's only way to the daemon: each call draws or asks on behalf of one account."""

import threading
import weakref
from typing import TYPE_CHECKING, Any, Unpack

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from fifod import names
from fifod.client import Client, Reply
from fifod.errors import RequestError

if TYPE_CHECKING:
    from fifod.client import Members

SECONDS_FOR_A_DRAW = 10.0
SECONDS_FOR_HEALTH = 1.0
SECONDS_FOR_METRICS = 0.8


def record_name(account: AbstractBaseUser) -> str:
    """The account as the record holds it: its number, which is never given to another, and its printable name.

    The daemon refuses control and bidirectional characters and long names; nobody should be unable to draw for that.
    """
    name = "".join(char if char.isprintable() else "\ufffd" for char in account.get_username())
    whole = f"{account.pk}:{name}".encode()
    return whole[: names.MAX_USER_BYTES].decode(errors="ignore")


def drawer(account: AbstractBaseUser) -> str:
    """The drawer that the ledger names for draws of an account."""
    return f"web:{record_name(account)}"


def draw(account: AbstractBaseUser, method: str, params: dict[str, Any], **members: "Unpack[Members]") -> Reply:
    """Draw on behalf of an account; the same `key` again gives the same draw."""
    return _call(SECONDS_FOR_A_DRAW, method, params, {**members, "user": record_name(account)})


def status(seconds: float = SECONDS_FOR_HEALTH) -> dict[str, Any]:
    """How the daemon is, if it says so within so many seconds."""
    return _call(seconds, names.STATUS, {}, {}).result


def _call(seconds: float, method: str, params: dict[str, Any], members: "Members") -> Reply:
    client = _client()
    try:
        return client.submit(method, params, **members).wait(seconds)
    except RequestError:
        raise  # an answer like any other
    except BaseException:
        client.close()  # an answer that comes later must find nobody
        raise


class _Kept:
    """A thread's client, which is closed when the thread or the process ends."""

    def __init__(self, runtime_dir: str) -> None:
        self.runtime_dir = runtime_dir
        self.client = Client(runtime_dir)
        weakref.finalize(self, self.client.close)


_of_thread = threading.local()


def _client() -> Client:
    """This thread's client; one whose daemon has gone begins anew, and so learns at once whether there is another."""
    runtime_dir = str(settings.RUNTIME_DIR)
    kept: _Kept | None = getattr(_of_thread, "kept", None)
    if kept is None or kept.runtime_dir != runtime_dir:
        kept = _of_thread.kept = _Kept(runtime_dir)
    elif not kept.client.is_connected:
        kept.client.close()
    return kept.client
