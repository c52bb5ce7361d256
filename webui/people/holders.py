"""Who holds a session: found with the account and all that it may do by one question to the database.

It is asked for every page, so it is written in SQL: to put together the same as two questions takes Django longer than
the daemon takes for a draw.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from webui.people.models import Session

Kind = TypeVar("Kind", bound=Model)

_QUESTION = """
SELECT {columns},
    (SELECT group_concat(app_label || '.' || codename)
        FROM auth_permission JOIN django_content_type ON django_content_type.id = content_type_id
        WHERE auth_permission.id IN (
            SELECT permission_id FROM auth_user_user_permissions WHERE user_id = auth_user.id
            UNION ALL
            SELECT permission_id FROM auth_group_permissions JOIN auth_user_groups USING (group_id)
            WHERE user_id = auth_user.id
        )
    )
FROM people_session LEFT JOIN auth_user ON auth_user.id = account_id
WHERE session_key = %s AND expire_date > %s
"""


def session(key: str) -> Session | None:
    """The session with this key, if it has not expired, with its account, which knows its permissions."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_question(), [key, now])
        row = cursor.fetchone()
    if row is None:
        return None
    *columns, permissions = map(_aware, row)
    found = _made(Session, columns[: len(_names(Session))])
    if found.account_id:
        found.account = _account(columns[len(_names(Session)) :], permissions)
    return found


def _account(columns: list[Any], permissions: str | None) -> User:
    account: Any = _made(User, columns)
    if not account.is_superuser:  # who may do everything
        account._perm_cache = set(permissions.split(",")) if permissions else set()
    return account  # type: ignore[no-any-return]


@cache
def _question() -> str:
    columns = (f"{model._meta.db_table}.{field.column}" for model in (Session, User) for field in _fields(model))
    return _QUESTION.strip().format(columns=", ".join(columns))


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in _fields(model)]


def _fields(model: type[Model]) -> Any:
    return model._meta.concrete_fields


def _made(model: type[Kind], values: list[Any]) -> Kind:
    return model.from_db(connection.alias, _names(model), values)


def _aware(value: Any) -> Any:
    """The connection gives times without a zone; they are in UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
