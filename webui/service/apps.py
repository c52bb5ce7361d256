"""The app's name."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    """Service."""

    name = "webui.service"
