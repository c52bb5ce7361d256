"""What people are told when a draw does not come about: what happened, and what they can do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from fifod import errors
from webui.draws import unsent

if TYPE_CHECKING:
    from webui.draws.fields import Words

BAD_FIELD = 400


@dataclass(frozen=True)
class Problem:
    """A sentence or two for a person, the HTTP status, and the form field they belong to, if one."""

    text: "Words"
    status: int
    field: str | None = None


_UNKNOWN = Problem(_("The draw service did not accept the request. Please tell whoever runs this site."), 502)

_SERVICE = {
    errors.NotRunning: Problem(
        _("The draw service is not running. Nothing was drawn. Try again once it has been started."), 503
    ),
    errors.NoPermission: Problem(
        _("This site may not use the draw service. Nothing was drawn. Please tell whoever runs this site."), 503
    ),
    errors.TimedOut: Problem(
        _(
            "The draw service did not answer in time. Press “Draw” again: if the draw was made after all, you get that "
            "one, not a second one."
        ),
        504,
    ),
    errors.ProtocolError: Problem(
        _(
            "The draw service sent something that is no answer. Press “Draw” again: if a draw was made, you get that "
            "one."
        ),
        502,
    ),
    errors.Refusing: Problem(
        _(
            "No draws can be made at present, because they could not be recorded (the ledger's disk may be full). "
            "Nothing was drawn. Try again later; whoever runs this site can see the cause in the service's log."
        ),
        503,
    ),
    errors.KeyTaken: Problem(
        _(
            "This form has drawn once already, with other values: that draw is in your history. Press “Draw” again to "
            "make a new draw with the values below."
        ),
        409,
    ),
}


def of(error: errors.FifodError, fields: set[str]) -> Problem:
    """The words for an error, at a field if the daemon named one of the form's."""
    if type(error) in _SERVICE:
        return _SERVICE[type(error)]
    if isinstance(error, errors.QuotaExceeded):
        return Problem(_quota(error.data), 429)
    if error.data and error.data[0] in fields and (text := _at_field(error)):
        return Problem(text, BAD_FIELD, str(error.data[0]))
    if isinstance(error, errors.DomainTooSmall) and error.data and "n" in fields:
        words = _("There are only %(domain)s different values to draw without replacement.")
        return Problem(words % {"domain": error.data[1]}, BAD_FIELD, "n")
    return _UNKNOWN


def _at_field(error: errors.FifodError) -> "Words | None":
    data: list[Any] = error.data or []
    match error:
        case errors.OutOfRange():
            return _("Must be from %(low)s to %(high)s.") % {"low": data[1], "high": data[2]}
        case errors.NotLess():
            return _("Must not be greater than the largest value.")
        case errors.TooLong():
            return _("Too long: %(size)s bytes, and at most %(limit)s are kept.") % {"size": data[1], "limit": data[2]}
        case errors.TooShort():
            return _("Too short: at least %(limit)s are needed.") % {"limit": data[2]}
        case errors.IllegalValue() if data[0] == "characters":
            return _("There is a character among these that is not printable.")
        case errors.IllegalValue():
            return _("This value is not one of those offered.")
        case errors.Malformed():
            return _("This cannot be used as it is: it must be plain text without control characters.")
    return None


def _quota(data: list[errors.Datum] | None) -> "Words":
    if not data:
        return _("You have drawn as much as one may in a minute. Nothing was drawn. Wait a minute and try again.")
    words = _(
        "You have drawn as much as one may in a minute (needed: %(needed)s, left: %(left)s). Nothing was drawn. Wait a "
        "minute and try again."
    )
    return words % {"needed": data[0], "left": data[1]}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The answer to a form that did not come from this site, or is too old: nothing is ever drawn."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        words = _("This form is out of date, or did not come from this site. Nothing was drawn.")
        return JsonResponse({"error": {"messages": [words], "fields": {}}}, status=403)
    return unsent.shown_again(request) if unsent.is_in(request) else render(request, "csrf.html", status=403)
