"""The page on which people look back."""

import re
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url
from django_htmx.middleware import HtmxDetails

from webui import access
from webui.access import AccountRequest
from webui.history import finding, people
from webui.history.chips import Chip, chips, filters
from webui.history.forms import HistoryForm

ROWS_ON_A_PAGE = 50
_SERIAL = re.compile(r"[0-9]{1,18}", re.ASCII)
_RESULTS = "results"


@dataclass(frozen=True)
class Shown:
    """What the page shows of the history."""

    page: finding.Page
    chips: list[Chip]
    query: str
    is_first_page: bool

    @property
    def earlier(self) -> int | None:
        """The draw before which the page in front of this one ends."""
        return self.page.draws[0].serial if self.page.has_earlier and self.page.draws else None

    @property
    def later(self) -> int | None:
        """The draw behind which the next page begins."""
        return self.page.draws[-1].serial if self.page.has_later and self.page.draws else None


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def history(request: AccountRequest) -> HttpResponse:
    """One's own draws, or everybody's for an auditor. A page begins at a draw, so the last is as fast as the first."""
    form = HistoryForm(request.GET, request.user)
    shown = _shown(request, form)
    context = {"form": form, "shown": shown, "draws": shown.page.draws}
    if _is_for_results(request):
        answer = render(request, "history/partials/answer.html", context)
        push_url(answer, f"{request.path}?{_place(request, shown)}".rstrip("?"))
    else:
        suggestions = people.suggestions() if form.is_auditor else []
        answer = render(request, "history/history.html", {**context, "people": suggestions})
    patch_vary_headers(answer, ("HX-Request",))
    return answer


def _shown(request: AccountRequest, form: HistoryForm) -> Shown:
    after, before = _serial(request, "after"), _serial(request, "before")
    page = finding.page(request.user, form.question(), form.order_asked, ROWS_ON_A_PAGE, after, before)
    query = filters(form).urlencode()
    return Shown(page, chips(form), query, is_first_page=after is None and not page.has_earlier)


def _serial(request: AccountRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return int(given) if _SERIAL.fullmatch(given) else None


def _is_for_results(request: AccountRequest) -> bool:
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and htmx.target == _RESULTS and not htmx.history_restore_request


def _place(request: AccountRequest, shown: Shown) -> str:
    place = [f"{name}={serial}" for name in ("after", "before") if (serial := _serial(request, name)) is not None]
    return "&".join([*filter(None, [shown.query]), *place])
