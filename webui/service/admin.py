"""The audit log in Django's admin: to be read."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import AllValuesFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from webui.history.admin import ReadOnlyAdmin
from webui.service.models import ServiceAct
from webui.service.units import VERB_TITLES


class VerbFilter(AllValuesFieldListFilter):
    """What was done, in the reader's language."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The verbs that there are."""
        for choice in super().choices(changelist):
            yield {**choice, "display": VERB_TITLES.get(str(choice["display"]), choice["display"])}


@admin.register(ServiceAct)
class ServiceActAdmin(ReadOnlyAdmin):
    """Acts on the service, newest first."""

    list_display = ("time", "account_name", "account_id", "shown_verb", "unit", "shown_result")
    fields = ("time", "account_id", "account_name", "shown_verb", "unit", "shown_result")
    readonly_fields = ("shown_verb", "shown_result")
    list_filter = (("verb", VerbFilter), "unit", "account_name")
    date_hierarchy = "time"
    search_fields = ("account_name", "result")
    list_per_page = 50
    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The row, with what the field says of its results."""
        help_texts = {"shown_result": ServiceAct._meta.get_field("result").help_text}
        return super().get_form(request, obj, change, **kwargs, help_texts=help_texts)

    @admin.display(description=_("verb"), ordering="verb")
    def shown_verb(self, act: ServiceAct) -> str:
        """What was done."""
        return act.shown_verb

    @admin.display(description=_("result"), ordering="result")
    def shown_result(self, act: ServiceAct) -> str:
        """What came of it."""
        return act.shown_result
