"""The same attempt to draw as a page, as the parts of a page that htmx puts in place, or as JSON."""

from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from webui.access import AccountRequest
from webui.draws import newest
from webui.draws.fields import new_key
from webui.draws.forms import DrawForm
from webui.draws.kinds import KINDS, Kind
from webui.draws.outcome import Outcome

_JSON = "application/json"


@dataclass(frozen=True)
class Attempt:
    """A form with what came of it: an outcome, or errors at the form's fields; `status` says which."""

    kind: Kind
    form: DrawForm
    outcome: Outcome | None = None
    status: int = 200

    @property
    def page_status(self) -> int:
        """The status for people's browsers, for which a form with errors is a page like any other."""
        return 200 if self.status == 400 else self.status


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks."""
    return request.get_preferred_type(["text/html", _JSON]) == _JSON


def wants_parts(request: Any) -> bool:
    """Whether htmx asks, which puts parts in place on a page that is there already."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def form(request: AccountRequest, attempt: Attempt) -> HttpResponse:
    """The form to be filled in."""
    return _shown(request, attempt, "draws/partials/form_parts.html")


def attempt(request: AccountRequest, attempt: Attempt) -> HttpResponse:
    """What came of a form that was sent."""
    if wants_json(request):
        return JsonResponse(_as_json(attempt), status=attempt.status)
    if attempt.outcome and not wants_parts(request) and not _is_shown_once(attempt.outcome):
        return redirect("receipt", attempt.outcome.reply.serial_number)
    return _shown(request, attempt, "draws/partials/attempt.html")


def complaints(request: HttpRequest, kind: Kind, form: DrawForm) -> HttpResponse:
    """The errors of a form that is not finished: what is still empty is not wrong yet."""
    checked = [(field, _but_unfinished(field)) for field in form if not field.is_hidden]
    return _part(request, "draws/partials/complaints.html", {"kind": kind, "form": form, "checked": checked})


def _but_unfinished(field: BoundField) -> list[Any]:
    errors = field.errors.as_data()
    return [word for error, word in zip(errors, field.errors, strict=True) if error.code != "required"]


def _part(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    # The header tells the script whose form it is, and that this is no login page to which it was led.
    answer = render(request, template, context, status=status)
    answer.headers["X-Draw-Part"] = context["kind"].word
    return answer


def _is_shown_once(outcome: Outcome) -> bool:
    # A receipt can show neither: secret values are kept nowhere, and lists are not either.
    return outcome.reply.seed is not None or outcome.items is not None


def _shown(request: AccountRequest, attempt: Attempt, parts: str) -> HttpResponse:
    context: dict[str, Any] = {
        "kinds": KINDS,
        "kind": attempt.kind,
        "form": attempt.form,
        "outcome": attempt.outcome,
        "next_key": new_key() if attempt.outcome else "",
    }
    if wants_parts(request):
        return _part(request, parts, context, attempt.page_status)
    if attempt.outcome:
        attempt.form.renew_key()
    else:
        context["newest"] = newest.of(request.user)
    return render(request, "draws/draw.html", context, status=attempt.page_status)


def _as_json(attempt: Attempt) -> dict[str, Any]:
    if attempt.outcome:
        return attempt.outcome.as_json()
    errors = attempt.form.errors
    general = [*errors.get("__all__", []), *errors.get("key", [])]
    fields = {name: list(words) for name, words in errors.items() if name not in ("__all__", "key")}
    return {"error": {"messages": general, "fields": fields}}
