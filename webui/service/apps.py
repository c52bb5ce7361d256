"""The app's name."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServiceConfig(AppConfig):
    """Service."""

    name = "webui.service"
    verbose_name = _("Service")
