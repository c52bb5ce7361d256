"""Pages of one's own account: log in, see where one is logged in, end that, change the password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webui.access import AccountRequest
from webui.people import roles, sessions, throttle, visitors
from webui.people.forms import NewPasswordForm


class ThrottledMixin:
    """A form in which somebody's password could be guessed."""

    def name_tried(self, request: HttpRequest) -> str:
        """Whose password is given; nothing if the form is not filled in."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the attempt, then take the form; or say for how long one has to wait."""
        name = self.name_tried(request)
        view: Any = super()
        if not name:
            return view.post(request, *args, **kwargs)  # type: ignore[no-any-return]
        try:
            attempt = throttle.begin(name, visitors.address(request))
        except throttle.TooMany as refusal:
            return self._refused(refusal)
        answer: HttpResponse = view.post(request, *args, **kwargs)
        if answer.status_code == 302:
            attempt.succeeded()
        return answer

    def _refused(self, refusal: throttle.TooMany) -> HttpResponse:
        view: Any = self
        empty = view.get_form_class()(*view.form_arguments())
        context = view.get_context_data(form=empty, minutes=refusal.minutes)
        headers = {"Retry-After": str(refusal.seconds)}
        return view.render_to_response(context, status=429, headers=headers)  # type: ignore[no-any-return]


class Login(ThrottledMixin, LoginView):
    """The login."""

    redirect_authenticated_user = True

    def name_tried(self, request: HttpRequest) -> str:
        """The name as typed."""
        return request.POST.get("username", "") if request.POST.get("password") else ""

    def form_arguments(self) -> tuple[Any, ...]:
        """What an empty form needs."""
        return (self.request,)

    def form_valid(self, form: Any) -> HttpResponse:
        """Log in, and take the time to clear up."""
        sessions.clear_expired()
        sessions.keep_newest(form.get_user())
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class ChangePassword(ThrottledMixin, PasswordChangeView):
    """A new password, which ends all other sessions."""

    form_class = NewPasswordForm
    template_name = "people/password.html"
    success_url = reverse_lazy("account")

    def name_tried(self, request: HttpRequest) -> str:
        """One's own: whoever sits at another's browser could guess as well."""
        return request.user.get_username() if request.POST.get("old_password") else ""

    def form_arguments(self) -> tuple[Any, ...]:
        """What an empty form needs."""
        return (self.request.user,)

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and say what that did."""
        answer = super().form_valid(form)
        sessions.end_others(form.user, self.request.session.session_key)
        messages.success(self.request, _("Your password is changed, and you are logged out everywhere else."))
        return answer


@never_cache
@login_required
@require_safe
def account(request: AccountRequest) -> HttpResponse:
    """Who one is here, and where one is logged in."""
    shown = {"roles": roles.of(request.user), "sessions": sessions.of(request.user)}
    return render(request, "people/account.html", shown)


@never_cache
@login_required
@require_POST
def end_session(request: AccountRequest, number: int) -> HttpResponse:
    """Log out elsewhere."""
    if not sessions.end(request.user, number):
        raise Http404("no such session of this account")
    messages.success(request, _("That session is ended."))
    return redirect("account")


@never_cache
@login_required
@require_POST
def end_other_sessions(request: AccountRequest) -> HttpResponse:
    """Log out everywhere but here."""
    count = sessions.end_others(request.user, request.session.session_key)
    text = ngettext("%(count)d other session is ended.", "%(count)d other sessions are ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("account")
