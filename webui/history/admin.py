"""The draw table in Django's admin: to be read, searched and filtered, never changed."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from webui.history import terms
from webui.history.finding import SERIALS
from webui.history.models import Draw, RecorderPosition
from webui.history.overview import may_see_draws
from webui.history.paginator import BoundedPaginator
from webui.history.periods import Periods

_SERIAL = re.compile(r"[1-9][0-9]{0,17}")
_ACCOUNT = re.compile(r"web:[0-9]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """Nothing can be added, changed or deleted: the ledger is the truth and the recorder alone writes."""

    actions: Sequence[Any] | None = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class DrawList(ChangeList):
    """The list of draws."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page; after that Django needs the query for the date hierarchy only."""
        super().get_results(request)
        year, month, day = (int(self.params.get(f"time__{name}") or 0) for name in ("year", "month", "day"))
        self.queryset = Periods(year, month, day)


@admin.register(Draw)
class DrawAdmin(ReadOnlyAdmin):
    """All draws, newest first."""

    list_display = ("serial", "time", "drawer", "method", "purpose", "transport", "undelivered", "receipt")
    list_filter = ("method", "undelivered", "repeatable", "secret")
    date_hierarchy = "time"
    sortable_by = ("serial", "time")
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    search_fields = ("serial",)
    search_help_text = _(
        "A serial number, a drawer (unix:1000, web:7:alice), the SHA-256 of a list, or words of the purpose."
    )
    readonly_fields = ("client",)
    fieldsets = (
        (None, {"fields": ("serial", "time", "purpose", "method", "params")}),
        (_("Drawer"), {"fields": ("drawer", "uid", "user", "transport", "client", "key_digest")}),
        (
            _("Values"),
            {"fields": ("recipe", "seed", "secret", "seed_hash", "repeatable", "input_count", "input_sha256")},
        ),
        (
            _("Delivery"),
            {"fields": ("received", "undelivered", "undelivered_reason", "stream_length", "stream_sha256")},
        ),
        (_("Place in the chain"), {"fields": ("hash", "prev")}),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the table, and everybody's draws at all."""
        return may_see_draws(request.user)

    @admin.display(description=_("receipt"))
    def receipt(self, draw: Draw) -> SafeString:
        """A link to the draw's page."""
        return format_html('<a href="{}">{}</a>', self.view_on_site(draw), _("Receipt"))

    def view_on_site(self, draw: Draw) -> str:
        """The address of the draw's page."""
        return reverse("receipt", args=[draw.serial])

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first, by the column whose index serves the period asked for."""
        return ("-time",) if "time__year" in request.GET else ("-serial",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list with a date hierarchy of our own."""
        return DrawList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Draw], search_term: str
    ) -> tuple[QuerySet[Draw], bool]:
        """One question for each kind of term, so that an index answers where there is one."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(_asked_for(term)), False


def _asked_for(term: str) -> Q:
    if _SERIAL.fullmatch(term):
        return Q(serial=int(term))
    if _SHA256.fullmatch(term):
        return Q(input_sha256=term)
    if _ACCOUNT.fullmatch(term):
        # All names of one account: mostly one, and equality keeps the index's order. ";" comes behind ":".
        drawers = Draw.objects.filter(drawer__gt=f"{term}:", drawer__lt=f"{term};").values_list("drawer", flat=True)
        return Q(drawer__in=list(drawers.distinct()))
    if term.startswith(("unix:", "web:")):
        return Q(drawer=term)
    words = terms.words(term)
    most = BoundedPaginator.MOST
    found = terms.search(terms.question([], words), SERIALS, most, is_descending=True) if words else []
    return Q(serial__in=found)


@admin.register(RecorderPosition)
class RecorderPositionAdmin(ReadOnlyAdmin):
    """How far the recorder has come."""

    list_display = ("segment", "offset", "hash", "updated")
