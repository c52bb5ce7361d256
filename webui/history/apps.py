"""The app's name."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """History."""

    name = "webui.history"
