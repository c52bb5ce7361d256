"""A form that came after its login had ended, or with a token from before: shown again with what was typed in it.

It draws nothing by itself: somebody has to press “Draw” on a page of this site, with a token of their own.
"""

from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from webui import access
from webui.access import View
from webui.draws import answers, kinds


def kept_at_login(view: View) -> View:
    """Show a form again that a stranger sends: led to the login, they would lose it."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated and is_in(request):
            return shown_again(request)
        return view(request)

    return wrapped


def is_in(request: HttpRequest) -> bool:
    """Whether a request brings a filled-in draw form for people, from a page of this site."""
    return (
        request.method == "POST"
        and request.path == reverse("draw")
        and _is_from_here(request)
        and not answers.wants_parts(request)
        and not answers.wants_json(request)
        and "key" in request.POST
        and (not request.user.is_authenticated or request.user.has_perm(access.DRAW))
    )


def _is_from_here(request: HttpRequest) -> bool:
    # Browsers name the origin of every form: what another site has filled in is not to be seen as one's own words.
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def shown_again(request: HttpRequest) -> HttpResponseBase:
    """The page with the form as it came, with a new token and why it is there."""
    kind = kinds.named(request.POST.get("what"))
    form = kind.form(request.POST)
    if "key" in form.errors:
        form.renew_key()
    context = {"kinds": kinds.KINDS, "kind": kind, "form": form, "is_unsent": True, "had_file": bool(request.FILES)}
    answer = render(request, "draws/draw.html", context, status=403)
    add_never_cache_headers(answer)
    return answer
