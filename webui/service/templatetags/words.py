"""What the service says of itself, translated where it is shown."""

from django import template

from webui.service import words

register = template.Library()
register.filter("shown", words.shown)
