"""Sessions that know whose they are, so that people see theirs and can end each: Django's, in a table of our own."""

from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth import get_user as user_of
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangosAuthentication
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware as DjangosMiddleware
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from webui.people import holders, visitors
from webui.people.models import Session
from webui.people.visitors import Visitor

SEEN_AGAIN_AFTER = timedelta(minutes=5)
MOST_CLEARED = 1000
MOST_HELD = 50


class SessionStore(db.SessionStore):
    """Reads and writes sessions; notes now and then that one is in use."""

    visitor = Visitor()
    account: User | None = None
    """Whose session it is, as it was read with it."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        row = holders.session(self.session_key) if self.session_key else None
        if row is None:
            self._session_key = None
        elif row.account_id and timezone.now() - row.seen > SEEN_AGAIN_AFTER:
            self._note_use(row)
        self.account = row.account if row else None
        return row

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What a session holds; its signature is checked when the text is first seen, not for each page."""
        return deepcopy(_decoded(session_data))

    def create_model_instance(self, data: Any) -> Any:
        """A row, with the account that is logged in."""
        return self._signed(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: Any) -> Any:
        """The same, for views that do not wait."""
        return self._signed(await super().acreate_model_instance(data), data)

    def _signed(self, row: Any, data: Any) -> Any:
        row.account_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.address, row.agent = self.visitor.address, self.visitor.agent
        return row

    def _note_use(self, row: Session) -> None:
        seen = {"seen": timezone.now(), "address": self.visitor.address, "agent": self.visitor.agent}
        # A page can be shown without that.
        with suppress(DatabaseError):
            Session.objects.filter(pk=row.pk).update(**seen)


@lru_cache(maxsize=1024)
def _decoded(text: bytes | str) -> dict[str, Any]:
    return db.SessionStore.decode(SessionStore(), text)


class SessionMiddleware(DjangosMiddleware):
    """Django's, which tells the store who asks."""

    def process_request(self, request: HttpRequest) -> None:
        """Give the request its session."""
        super().process_request(request)
        request.session.visitor = visitors.of(request)  # type: ignore[attr-defined]


class AuthenticationMiddleware(DjangosAuthentication):
    """Django's, which takes the account that was read with its session: one question less for each page."""

    def process_request(self, request: HttpRequest) -> None:
        """Give the request its user."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _account_in(request))  # type: ignore[assignment]


def _account_in(request: HttpRequest) -> User | AnonymousUser:
    """Who is plainly logged in by this session; whatever is not plain, Django decides."""
    session: Any = request.session
    number, mark = session.get(SESSION_KEY), session.get(HASH_SESSION_KEY, "")
    account: User | None = session.account
    if (
        account
        and account.is_active
        and str(account.pk) == number
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(mark, account.get_session_auth_hash())
    ):
        return account
    return user_of(request)


def of(account: User) -> list[Session]:
    """The sessions in which an account is logged in, the one used last first.

    Those from before its password changed hold no longer, wherever it was changed, and are removed.
    """
    rows = list(Session.objects.filter(account=account, expire_date__gt=timezone.now()).order_by("-seen"))
    mark = account.get_session_auth_hash()
    held = [row for row in rows if constant_time_compare(row.get_decoded().get(HASH_SESSION_KEY, ""), mark)]
    Session.objects.filter(pk__in=[row.pk for row in rows if row not in held]).delete()
    return held


def end(account: User, number: int) -> bool:
    """End one session of an account; whether there was such a one."""
    return bool(Session.objects.filter(account=account, pk=number).delete()[0])


def end_others(account: User, key: str | None) -> int:
    """End all sessions of an account but the one with this key; how many there were."""
    return Session.objects.filter(account=account).exclude(session_key=key or "").delete()[0]


def keep_newest(account: User) -> None:
    """End the sessions of an account that have been idle longest, if it has many: programs log in and forget it."""
    idle = Session.objects.filter(account=account).order_by("-seen").values_list("pk", flat=True)[MOST_HELD - 1 :]
    Session.objects.filter(pk__in=list(idle)).delete()


def clear_expired() -> None:
    """Remove some of those that have expired: each login does it, so that they do not pile up."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)
    Session.objects.filter(pk__in=list(expired[:MOST_CLEARED])).delete()


def account_of(key: str | None) -> User | None:
    """Who is logged in by a session key at this moment: to be asked again by what goes on after its request began."""
    request = HttpRequest()
    request.session = SessionStore(key)
    account = user_of(request)
    return account if isinstance(account, User) else None
