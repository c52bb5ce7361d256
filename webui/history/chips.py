"""The filters that are set, each with the address of the same page without it."""

from dataclasses import dataclass

from django.http import QueryDict

from webui.history.forms import ALL, HistoryForm
from webui.history.question import Order

_NO_FILTERS = ("order",)
_USUAL = {"order": Order.NEWEST, "whose": ALL}


@dataclass(frozen=True)
class Chip:
    """One filter in words, and the query that is left without it."""

    name: str
    value: str
    query: str


def filters(form: HistoryForm) -> QueryDict:
    """What counts of a form, as a query: neither what is empty or as usual nor what is wrong."""
    kept = QueryDict(mutable=True)
    for name in form.fields:
        value = form.asked(name)
        if isinstance(value, list):
            kept.setlist(name, value)
        elif value and value != _USUAL.get(name):
            kept[name] = str(value)
    return kept


def chips(form: HistoryForm) -> list[Chip]:
    """The chips of a form, in the order of its fields."""
    query = filters(form)
    return [
        Chip(str(form.fields[name].label), _in_words(form, name, value), _without(query, name, value))
        for name, values in query.lists()
        if name not in _NO_FILTERS
        for value in values
    ]


def _in_words(form: HistoryForm, name: str, value: str) -> str:
    return str(dict(getattr(form.fields[name], "choices", [])).get(value, value))


def _without(query: QueryDict, name: str, value: str) -> str:
    rest = query.copy()
    rest.setlist(name, [other for other in rest.getlist(name) if other != value])
    return rest.urlencode()
