"""The form above the history. What is wrong in it is said there, and the rest counts all the same."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from fifod import names
from webui import access, gateway
from webui.history import labels, people, terms
from webui.history.question import Order, Question

OWN, ALL = "own", "all"
_SERIAL = re.compile(r"#?([0-9]{1,18})")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(9998, 12, 31)


class DayInput(forms.DateInput):
    """A field for a day. Browsers complain of what is none, so they are not given it back."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """The day as browsers want it."""
        text = super().format_value(value)
        return text if text and _DAY.fullmatch(text) and _is_day(text) else None


def _is_day(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=DayInput(format="%Y-%m-%d", attrs={"min": _FIRST_DAY, "max": _LAST_DAY}),
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(_FIRST_DAY), MaxValueValidator(_LAST_DAY)],
        error_messages={"invalid": _("Not a day: write it as 2026-03-31. It is left out.")},
    )


class HistoryForm(forms.Form):
    """Search, filters and order, for one account: an auditor has more of them."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=names.MAX_PURPOSE_BYTES,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    whose = forms.ChoiceField(label=_("Whose"), required=False, choices=[(ALL, _("Everybody's")), (OWN, _("My own"))])
    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=250,
        help_text=_("unix:1000, web:7:alice or an account's name"),
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "spellcheck": "false"}),
    )
    method = forms.ChoiceField(label=_("Method"), required=False, choices=[("", _("All")), *labels.METHODS.items()])
    mark = forms.MultipleChoiceField(
        label=_("Only draws that are"),
        required=False,
        choices=list(labels.MARKS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    since = _day(_("From (UTC)"))
    until = _day(_("To (UTC)"))
    order = forms.ChoiceField(label=_("Order"), required=False, choices=Order.choices)

    def __init__(self, data: Any, account: User) -> None:
        super().__init__(data, auto_id="id_%s")
        self.account = account
        self.is_auditor = account.has_perm(access.READ_ALL)
        self.drawer = ""
        self._prepare()

    def _prepare(self) -> None:
        what = _("Words of the purpose, a serial number, or the SHA-256 of a list")
        if self.is_auditor:
            what = _("Words of the purpose, a serial number, the SHA-256 of a list, or a person")
        else:
            del self.fields["whose"], self.fields["person"]
            self.fields["order"].choices = [pair for pair in Order.choices if pair[0] != Order.PERSON]  # type: ignore[attr-defined]
        self.fields["q"].help_text = what

    def clean_q(self) -> str:
        """Refuse a search for nothing but punctuation."""
        text: str = self.cleaned_data["q"]
        if text and not terms.words(text):
            raise ValidationError(_("There is no letter and no digit in it to search for. It is left out."))
        return text

    def clean_person(self) -> str:
        """Find the drawer that is meant."""
        name: str = self.cleaned_data["person"]
        if name:
            self.drawer = people.drawer_called(name) or ""
            if not self.drawer:
                raise ValidationError(
                    _("Nobody is called that. Write unix:1000, web:7:alice or an account's name. It is left out.")
                )
        return name

    def clean(self) -> dict[str, Any]:
        """See that the period has a beginning before its end."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This is before the first day. It is left out."))
        return self.cleaned_data

    @property
    def order_asked(self) -> Order:
        """The order, newest first unless told otherwise."""
        return Order(self.asked("order") or Order.NEWEST)

    @property
    def shows_everybody(self) -> bool:
        """Whether draws of others are among those shown."""
        return self.is_auditor and self.asked("whose") != OWN

    def question(self) -> Question:
        """What is asked for; what was wrong is left out."""
        since, until = self.asked("since"), self.asked("until")
        own = "" if self.shows_everybody else gateway.drawer(self.account)
        question = Question(
            drawer=own or self.drawer,
            method=self.asked("method"),
            marks=tuple(self.asked("mark")),
            since=_midnight(since) if since else None,
            until=_midnight(until + timedelta(days=1)) if until else None,
        )
        return self._searched(question, self.asked("q").strip())

    def _searched(self, question: Question, text: str) -> Question:
        if found := _SERIAL.fullmatch(text):
            return question.but(serial=int(found[1]))
        if _SHA256.fullmatch(text):
            return question.but(list_sha256=text.lower())
        if self.shows_everybody and text.startswith(("unix:", "web:")):
            return question.but(drawer=people.drawer_called(text) or text)
        return question.but(words=tuple(terms.words(text)))

    def asked(self, name: str) -> Any:
        """What a field says; empty if it is wrong."""
        self.is_valid()
        empty: Any = [] if name == "mark" else ""
        return self.cleaned_data.get(name) or empty


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
