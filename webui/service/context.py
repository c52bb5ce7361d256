"""What every page must be able to say about the service."""

import os

from django.conf import settings
from django.http import HttpRequest


def names_proven(request: HttpRequest) -> dict[str, bool]:
    """Whether the daemon runs as a user of its own, so that the site cannot write the record itself.

    In a trial one user runs daemon and site alike: whoever is that user could draw under any name, and pages say so.
    """
    try:
        owner = os.stat(settings.RUNTIME_DIR / "replies").st_uid
    except OSError:
        return {"names_proven": True}
    return {"names_proven": owner != os.getuid()}


def daemon_is_stopped(request: HttpRequest) -> dict[str, bool]:
    """Whether the daemon was stopped: its PID file goes with it, so no page has to ask anybody."""
    return {"daemon_is_stopped": not os.path.exists(settings.RUNTIME_DIR / "fifod.pid")}
