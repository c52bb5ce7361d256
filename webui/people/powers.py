"""Nobody gives what they do not have: whose account somebody may change, and which groups they may give."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet


def may_manage(actor: Any, account: User) -> bool:
    """Whether an actor may do all that an account may do, and so can be trusted with it."""
    if actor.is_superuser:
        return True
    return not account.is_superuser and _all_permissions(account) <= actor.get_all_permissions()


def groups_to_give(actor: Any) -> QuerySet[Group]:
    """The groups whose permissions an actor has."""
    if actor.is_superuser:
        return Group.objects.all()
    owned = actor.get_all_permissions()
    groups = Group.objects.prefetch_related("permissions__content_type")
    return Group.objects.filter(pk__in=[group.pk for group in groups if _permissions(group) <= owned])


def is_last_superuser(account: User) -> bool:
    """Whether there is no other superuser who can log in."""
    if not (account.pk and User.objects.filter(pk=account.pk, is_superuser=True, is_active=True).exists()):
        return False
    return not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=account.pk).exists()


def _all_permissions(account: User) -> set[str]:
    """Also those that an inactive account would have again."""
    own = account.user_permissions.select_related("content_type")
    given = {f"{one.content_type.app_label}.{one.codename}" for one in own}
    return given.union(*map(_permissions, account.groups.prefetch_related("permissions__content_type")))


def _permissions(group: Group) -> set[str]:
    return {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.all()}
