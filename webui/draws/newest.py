"""The newest draw of who opens the draw page: after a reload nobody should think it lost, and draw again."""

from django.contrib.auth.models import User

from fifod.errors import FifodError
from webui import gateway
from webui.history.models import Draw
from webui.history.recorder import newest_recorded
from webui.receipts import records


def of(account: User) -> Draw | None:
    """The newest draw of an account; None if it has none, or while the recorder has not come to the ledger's end."""
    try:
        newest = records.newest_serial()  # first: what is drawn meanwhile is no reason to be silent
    except FifodError:
        return None
    if newest is None or newest_recorded() < newest:
        return None
    return Draw.objects.of_drawer(gateway.drawer(account)).newest_first().first()
