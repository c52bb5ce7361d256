"""The live view of this process: its hub, and the clients that pages run."""

import threading

from django.conf import settings

from webui.live.clients import Clients
from webui.live.hub import Hub

hub = Hub(settings.LEDGER_DIR, settings.RUNTIME_DIR)
clients = Clients(hub.tell, hub.is_watched_by)
hub.clients_of = clients.as_json


def stop() -> None:
    """End all streams and remove all clients: the server stops."""
    hub.stop()
    # Not in the event loop, which has streams to end.
    threading.Thread(target=clients.close, name="live view's end").start()
