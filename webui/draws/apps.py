"""The app's name."""

from django.apps import AppConfig


class DrawsConfig(AppConfig):
    """Draws."""

    name = "webui.draws"
