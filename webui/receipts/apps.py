"""The app's name."""

from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    """Receipts."""

    name = "webui.receipts"
