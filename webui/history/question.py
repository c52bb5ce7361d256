"""What somebody wants to see of the history, and in which order."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from webui.history import terms


class Order(models.TextChoices):
    """The orders in which draws are listed."""

    NEWEST = "newest", _("Newest first")
    OLDEST = "oldest", _("Oldest first")
    METHOD = "method", _("By method, newest first")
    PERSON = "person", _("By person, newest first")


@dataclass(frozen=True)
class Question:
    """Which draws are asked for: all that fit every member that is set."""

    drawer: str = ""
    method: str = ""
    marks: tuple[str, ...] = ()
    list_sha256: str = ""
    words: tuple[str, ...] = ()
    serial: int | None = None
    newest: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def needs_terms(self) -> bool:
        """Whether more is asked for than an index of the draw table can answer."""
        return bool(self.marks or self.words or self.list_sha256 or (self.drawer and self.method))

    @property
    def terms(self) -> str:
        """The same as a question to the search index, but for the period."""
        asked = [terms.of_mark(mark) for mark in self.marks]
        asked += [terms.of_drawer(self.drawer)] if self.drawer else []
        asked += [terms.of_method(self.method)] if self.method else []
        asked += [terms.of_list(self.list_sha256)] if self.list_sha256 else []
        return terms.question(asked, self.words)

    def but(self, **changes: Any) -> "Question":
        """The same with some members changed."""
        return replace(self, **changes)
