"""The app's name."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HistoryConfig(AppConfig):
    """History."""

    name = "webui.history"
    verbose_name = _("History")
