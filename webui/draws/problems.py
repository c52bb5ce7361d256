"""What people are told when a draw does not come about: what happened, and what they can do."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fifod import errors


@dataclass(frozen=True)
class Problem:
    """A sentence or two for a person, the HTTP status, and the form field they belong to, if one."""

    text: str
    status: int
    field: str | None = None


_UNKNOWN = Problem("The draw service did not accept the request. Please tell whoever runs this site.", 502)

_SERVICE = {
    errors.NotRunning: Problem(
        "The draw service is not running. Nothing was drawn. Try again once it has been started.", 503
    ),
    errors.NoPermission: Problem(
        "This site may not use the draw service. Nothing was drawn. Please tell whoever runs this site.", 503
    ),
    errors.TimedOut: Problem(
        "The draw service did not answer in time. Press “Draw” again: if the draw was made after all, you get that "
        "one, not a second one.",
        504,
    ),
    errors.ProtocolError: Problem(
        "The draw service sent something that is no answer. Press “Draw” again: if a draw was made, you get that one.",
        502,
    ),
    errors.Refusing: Problem(
        "No draws can be made at present, because they could not be recorded (the ledger's disk may be full). Nothing "
        "was drawn. Try again later; whoever runs this site can see the cause in the service's log.",
        503,
    ),
    errors.KeyTaken: Problem(
        "This form has drawn once already, with other values: that draw is in your history. Press “Draw” again to make "
        "a new draw with the values below.",
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
        return Problem(text, 200, str(error.data[0]))
    if isinstance(error, errors.DomainTooSmall) and error.data:
        return Problem(f"There are only {error.data[1]} different values to draw without replacement.", 200, "n")
    return _UNKNOWN


def _at_field(error: errors.FifodError) -> str | None:
    data: list[Any] = error.data or []
    match error:
        case errors.OutOfRange():
            return f"Must be from {data[1]} to {data[2]}."
        case errors.NotLess():
            return "Must not be greater than the largest value."
        case errors.TooLong():
            return f"Too long: {data[1]} bytes, and at most {data[2]} are kept."
        case errors.TooShort():
            return f"Too short: at least {data[2]} are needed."
        case errors.IllegalValue():
            return "This value is not one of those offered."
        case errors.Malformed():
            return "This cannot be used as it is: it must be plain text without control characters."
    return None


def _quota(data: list[errors.Datum] | None) -> str:
    counts = f" (needed: {data[0]}, left: {data[1]})" if data else ""
    return f"You have drawn as much as one may in a minute{counts}. Nothing was drawn. Wait a minute and try again."


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that did not come from this site, or is too old."""
    return render(request, "csrf.html", status=403)
