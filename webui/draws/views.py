"""The page on which people draw."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from fifod.errors import FifodError, KeyTaken
from webui import access, gateway
from webui.access import AccountRequest
from webui.draws import answers, kinds, outcome, problems, unsent
from webui.draws.answers import Attempt
from webui.draws.forms import DrawForm
from webui.draws.kinds import Kind


@unsent.kept_at_login
@access.for_whom_may(access.DRAW)
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: AccountRequest) -> HttpResponse:
    """The form for one kind of draw; sent, it draws."""
    if request.method != "POST":
        kind = kinds.named(request.GET.get("what"))
        return answers.form(request, Attempt(kind, kind.form()))
    kind = kinds.named(request.POST.get("what"))
    return answers.attempt(request, _attempt(request, kind, kind.form(request.POST, request.FILES)))


@access.for_whom_may(access.DRAW)
@require_POST
def check(request: AccountRequest) -> HttpResponse:
    """What is wrong with a form that somebody is filling in; nothing is drawn."""
    kind = kinds.named(request.POST.get("what"))
    return answers.complaints(request, kind, kind.form(request.POST))


def _attempt(request: AccountRequest, kind: Kind, form: DrawForm) -> Attempt:
    if not form.is_valid():
        if "key" in form.errors:
            form.renew_key()
        return Attempt(kind, form, status=400)
    asked = form.asked()
    try:
        reply = gateway.draw(request.user, asked.method, asked.params, **asked.members)
    except FifodError as error:
        return _refused(kind, form, error)
    return Attempt(kind, form, outcome.of(kind, form, reply))


def _refused(kind: Kind, form: DrawForm, error: FifodError) -> Attempt:
    problem = problems.of(error, set(form.fields) - {"key"})
    form.add_error(problem.field, problem.text)
    if isinstance(error, KeyTaken):
        form.renew_key()
    return Attempt(kind, form, status=problem.status)
