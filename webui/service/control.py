"""Who keeps fifod's programs running here, and acts on them, each of which is written down."""

import logging

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError

from webui.service.models import ServiceAct
from webui.service.supervisor import Supervisor
from webui.service.systemd import Systemd
from webui.service.units import Control, Result

PERMISSION = "service.control"
_log = logging.getLogger("webui.service.acts")


def keeper() -> Control:
    """The trial's supervisor if this site belongs to a trial, else systemd."""
    return Supervisor(settings.SUPERVISOR) if settings.SUPERVISOR else Systemd()


def may_control(account: User) -> bool:
    """Whether somebody may see and steer the programs."""
    return account.has_perm(PERMISSION)


def act(account: User, verb: str, part: str) -> Result:
    """Do something to a program on behalf of an account.

    It is written down before: an act that ends this site or its machine half-way has its row, too.
    """
    control = keeper()
    unit = control.units()[part]
    row = ServiceAct.objects.create(account_id=account.pk, account_name=account.get_username(), verb=verb, unit=unit)
    result = control.act(verb, part)
    row.result = str(result)[: ServiceAct.LONGEST_RESULT]
    try:
        row.save(update_fields=["result"])
    except DatabaseError as error:
        _log.error("the result of act %d cannot be written down: %s", row.pk, error)
    # The account's number: its name stands in the table, which fewer people read than the journal.
    _log.info("account %d: %s %s: %s", account.pk, verb, unit, result)
    return result
