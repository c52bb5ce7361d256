"""Accounts, groups and what was done to them, in Django's admin."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import ManyToManyField
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from webui import access
from webui.history.admin import ReadOnlyAdmin
from webui.people import names, powers, roles

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
    _CreationForm = AdminUserCreationForm[User]
    _ChangeForm = UserChangeForm[User]
    _PasswordForm = AdminPasswordChangeForm[User]
else:
    _UserAdmin, _CreationForm, _ChangeForm = UserAdmin, AdminUserCreationForm, UserChangeForm
    _PasswordForm = AdminPasswordChangeForm

admin.site.unregister(User)
admin.site.unregister(Group)


class NewAccountForm(_CreationForm):
    """A new account: with a name that records can hold, and a member unless one says otherwise."""

    def clean_username(self) -> str:
        """The name, if an account may have it."""
        name: str = self.cleaned_data["username"]
        names.check(name)
        return name

    def get_initial_for_field(self, field: Any, field_name: str) -> Any:
        """Preset the role."""
        if field_name == "groups":
            return Group.objects.filter(name=access.MEMBER)
        return super().get_initial_for_field(field, field_name)


class PasswordForm(_PasswordForm):
    """A new password for an account. Django's own words here are English whoever reads them."""

    usable_password_help_text = lazy(
        lambda: format_html(
            '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
            _("Whether one can log in with a password."),
            _("If disabled, the password that the account has is lost."),
        ),
        str,
    )()


class AccountForm(_ChangeForm):
    """An account, of which one superuser always remains."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse to take the last superuser's power."""
        given = super().clean() or self.cleaned_data
        keeps_power = given.get("is_superuser", self.instance.is_superuser) and given.get("is_active", True)
        if not keeps_power and powers.is_last_superuser(self.instance):
            raise ValidationError(_("This is the last superuser: make another one first."), "last_superuser")
        return given


@admin.register(User)
class AccountAdmin(_UserAdmin):
    """Accounts, whose names stay what they are: a draw's record says who drew, and nothing in it can be renamed.

    An account that is no longer wanted is best made inactive. Deleted, its draws remain, under its number and name.
    """

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = PasswordForm
    actions = None
    list_display = ("username", "roles", "is_active", "last_login", "date_joined")
    list_filter = ("groups", "is_active", "is_superuser")
    filter_horizontal = ("user_permissions",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("What this account may do"), {"fields": ("is_active", "groups")}),
        (_("Who it is"), {"fields": ("first_name", "last_name", "email")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2", "groups")}),
    )
    superusers_fieldset = (_("For superusers"), {"fields": ("is_superuser", "user_permissions")})

    @admin.display(description=_("roles"))
    def roles(self, account: User) -> str:
        """The groups of an account."""
        given = [roles.named(group.name) for group in account.groups.all()] + [roles.SUPERUSER] * account.is_superuser
        return ", ".join(str(role.name) for role in given)

    def get_queryset(self, request: HttpRequest) -> Any:
        """All accounts, with their groups."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Superusers see what makes one."""
        shown = super().get_fieldsets(request, obj)
        return (*shown, self.superusers_fieldset) if obj and _is_superuser(request) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The name, once the account exists."""
        given = super().get_readonly_fields(request, obj)
        return given if obj is None else (*given, "username")

    def formfield_for_manytomany(self, db_field: "ManyToManyField[Any, Any]", request: Any, **kwargs: Any) -> Any:
        """Offer the groups that somebody may give."""
        if db_field.name == "groups":
            kwargs["queryset"] = powers.groups_to_give(request.user).order_by("pk")
            kwargs["widget"] = CheckboxSelectMultiple
            kwargs["label"] = _("Roles")
            kwargs["help_text"] = ""
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label_from_instance = _role_in_words
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only whoever may do all that the account may do, changes it: its password would be theirs."""
        return super().has_change_permission(request, obj) and (obj is None or powers.may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same; and nobody deletes themselves, or the last superuser."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return obj != request.user and powers.may_manage(request.user, obj) and not powers.is_last_superuser(obj)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """The groups, of which the roles are four."""


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What was done in the admin, newest first."""

    list_display = ("action_time", "user", "content_type", "object_repr", "act")
    list_filter = ("action_flag", "content_type")
    search_fields = ("object_repr", "user__username")
    date_hierarchy = "action_time"
    list_select_related = ("user", "content_type")
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("what was done"))
    def act(self, entry: LogEntry) -> str:
        """The act in words."""
        return str(entry.get_change_message() or entry.get_action_flag_display())


def _role_in_words(group: Group) -> str:
    role = roles.named(group.name)
    return f"{role.name} ({role.meaning})" if role.meaning else str(role.name)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
