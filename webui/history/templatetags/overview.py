"""The admin's first page asks for its numbers itself, so that Django's view of it stays as it is."""

from typing import Any

from django import template
from django.template.context import RequestContext

from webui.history import overview as numbers

register = template.Library()


@register.simple_tag(takes_context=True)
def overview(context: RequestContext) -> Any:
    """The numbers of the history, for whoever may see its draws here."""
    return numbers.of_all() if numbers.may_see_draws(context["user"]) else None
