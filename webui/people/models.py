"""What this site keeps about people, beside Django's accounts and groups: logins, and attempts at them."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import DatabaseError, models
from django.utils import timezone
from django.utils.translation import gettext as _

from webui.people import visitors


class Session(AbstractBaseSession):
    """A browser's session, with what its owner can tell it by. Its number may be shown, its key never."""

    session_key = models.CharField(max_length=40, unique=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions")
    address = models.CharField(max_length=45)
    agent = models.CharField(max_length=visitors.MOST_AGENT)
    begun = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)

    class Meta(AbstractBaseSession.Meta):
        indexes = [models.Index(fields=["account", "address"], name="session_account_address")]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """What reads and writes sessions."""
        from webui.people.sessions import SessionStore

        return SessionStore

    @property
    def device(self) -> str:
        """The browser and its system, in words."""
        browser, system = visitors.browser(self.agent), visitors.system(self.agent)
        if browser and system:
            return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
        return browser or system or _("Another program")

    def save(self, *args: Any, force_update: bool = False, **kwargs: Any) -> None:
        """Write a new session, or what a request changed in one: never one that was ended meanwhile."""
        if not force_update:
            return super().save(*args, **kwargs)
        changed = {"session_data": self.session_data, "expire_date": self.expire_date, "account": self.account_id}
        if not Session.objects.filter(session_key=self.session_key).update(**changed):
            raise DatabaseError("this session was ended")


class LoginAttempt(models.Model):
    """One attempt to log in that has not succeeded (yet). The name is kept as a digest: people type passwords there."""

    time = models.DateTimeField(db_index=True)
    name = models.CharField("digest of the name", max_length=64)
    place = models.CharField("address", max_length=45)

    class Meta:
        indexes = [
            models.Index(fields=["name", "time"], name="attempt_name"),
            models.Index(fields=["place", "time"], name="attempt_place"),
        ]

    def __str__(self) -> str:
        return f"{self.name[:8]} from {self.place} at {self.time}"
