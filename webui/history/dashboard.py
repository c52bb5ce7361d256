"""Charts of a part of the history: over time and by method, as pictures and in numbers."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest
from webui.history import charts, counts
from webui.history.chips import chips, filters
from webui.history.counts import DAY, HOUR, MONTH
from webui.history.forms import HistoryForm
from webui.history.labels import METHODS
from webui.history.question import Question


@dataclass(frozen=True)
class Charts:
    """What a page shows of the counts."""

    over_time: counts.OverTime
    by_method: dict[str, int]

    @property
    def title(self) -> str:
        """What the bars stand for."""
        titles = {HOUR: _("Draws per hour"), DAY: _("Draws per day"), MONTH: _("Draws per month")}
        return titles.get(self.over_time.unit, _("Draws per year"))

    @property
    def total(self) -> int:
        """All draws that were counted."""
        return sum(step.count for step in self.over_time.steps)

    @property
    def total_in_words(self) -> str:
        """The same, to be read."""
        return f"{self.total:,}".replace(",", "\u202f")

    @property
    def of_time(self) -> SafeString:
        """The picture over time."""
        return charts.of_time(self.over_time)

    @property
    def of_methods(self) -> SafeString:
        """The picture by method."""
        return charts.of_methods(self.by_method)

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The numbers over time; stretches without draws are left out."""
        unit = self.over_time.unit
        return [(charts.name_of(step.start, unit), step.count) for step in self.over_time.steps if step.count]

    @property
    def methods(self) -> list[tuple[str, int]]:
        """The numbers by method, the most frequent first."""
        ordered = sorted(self.by_method.items(), key=lambda item: -item[1])
        return [(str(METHODS[method]), count) for method, count in ordered]


def of(question: Question) -> Charts | None:
    """The charts of what is asked for; None if there is no such draw."""
    over_time = counts.over_time(question)
    found = Charts(over_time, counts.by_method(question)) if over_time else None
    return found if found and found.total else None


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def show(request: AccountRequest) -> HttpResponse:
    """The charts of the draws that the history page shows for the same query."""
    form = HistoryForm(request.GET, request.user)
    context = {"form": form, "charts": of(form.question()), "chips": chips(form), "query": filters(form).urlencode()}
    return render(request, "history/charts.html", context)
