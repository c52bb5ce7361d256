"""What the roles are called, and what they let people do, in words."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webui import access

Text = str | Promise


@dataclass(frozen=True)
class Role:
    """A role as people read it."""

    name: Text
    meaning: Text = ""


SUPERUSER = Role(_("Superuser"), _("may do everything"))
KNOWN = {
    access.MEMBER: Role(_("Member"), _("draws, and sees their own draws")),
    access.AUDITOR: Role(_("Auditor"), _("reads everybody's draws")),
    access.OPERATOR: Role(_("Operator"), _("starts and stops the service, and reads its log")),
    access.ADMINISTRATOR: Role(
        _("Administrator"),
        _("draws, reads everybody's draws, controls the service, and gives people accounts and roles"),
    ),
}


def named(name: str) -> Role:
    """The role of a group, which may be one that somebody else made."""
    return KNOWN.get(name, Role(name))


def of(account: User) -> list[Role]:
    """The roles of an account, the groups that are no roles under their names."""
    names = account.groups.order_by("pk").values_list("name", flat=True)
    return [*([SUPERUSER] if account.is_superuser else []), *map(named, names)]
