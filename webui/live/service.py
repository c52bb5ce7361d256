"""The live view of this process: its hub and the clients that pages run."""

from django.conf import settings

from webui.live.hub import Hub

hub = Hub(settings.LEDGER_DIR, settings.RUNTIME_DIR, lambda account: None)
