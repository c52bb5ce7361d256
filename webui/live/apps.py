"""The app's name."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Live."""

    name = "webui.live"
