"""The app's name, and the admin that takes the place of Django's."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class PeopleConfig(AppConfig):
    """People."""

    default = True
    name = "webui.people"


class AdministrationConfig(admin.AdminConfig):
    """Django's admin, with a site of our own."""

    default = False
    default_site = "webui.people.administration.Administration"
