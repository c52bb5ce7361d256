"""The app's name."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReceiptsConfig(AppConfig):
    """Receipts."""

    name = "webui.receipts"
    verbose_name = _("Receipts")
