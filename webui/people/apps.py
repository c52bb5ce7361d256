"""The app's name."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People."""

    name = "webui.people"
