"""What every form that draws has, and what it asks the daemon for."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.forms.forms import DeclarativeFieldsMetaclass
from django.utils.translation import gettext_lazy as _

from webui.draws.fields import KeyField, PurposeField, grouped, new_key


@dataclass(frozen=True)
class Asked:
    """A request for the daemon: the method with its parameters, and the members beside them."""

    method: str
    params: dict[str, Any]
    members: dict[str, Any] = field(default_factory=dict)


class _Shared(dict[str, forms.Field]):
    """Fields that all forms of a kind have in common: none changes them, and to copy them takes as long as a draw."""

    def __deepcopy__(self, copied: dict[int, Any]) -> dict[str, forms.Field]:
        return dict(self)


class _SharingFields(DeclarativeFieldsMetaclass):
    base_fields: dict[str, forms.Field]

    def __new__(cls, *parts: Any) -> "_SharingFields":
        made = super().__new__(cls, *parts)
        made.base_fields = _Shared(made.base_fields)
        return made


class DrawForm(forms.Form, metaclass=_SharingFields):
    """A form that draws by one method; its own fields have the names of the method's parameters."""

    method: ClassVar[str]
    template: ClassVar[str] = "draws/partials/own_fields.html"

    purpose = PurposeField()
    secret = forms.BooleanField(
        label=_("Secret draw"),
        required=False,
        help_text=_(
            "For passwords and the like: the values are shown once, to you, and kept nowhere. With the seed that comes "
            "beside them you can prove the draw later."
        ),
    )
    key = KeyField()

    def own_fields(self) -> list[BoundField]:
        """The fields that only this kind of draw has."""
        return [self[name] for name in self.fields if name not in DrawForm.base_fields]

    def asked(self) -> Asked:
        """What the daemon is asked for; the form must be valid."""
        given = self.cleaned_data
        members = {"purpose": given["purpose"], "secret": given["secret"], "key": given["key"]}
        return Asked(self.method, self.params(), {**members, **self.more_members()})

    def params(self) -> dict[str, Any]:
        """The method's parameters."""
        return {name: value for name, value in self.cleaned_data.items() if name not in DrawForm.base_fields}

    def more_members(self) -> dict[str, Any]:
        """What goes beside the parameters and is not every draw's."""
        return {}

    def renew_key(self) -> None:
        """Show the form with a new key, so that sending it again is a new draw."""
        self.data = {**{name: self.data.get(name, "") for name in self.fields}, "key": new_key()}

    def check_order(self) -> None:
        """Complain if the smallest value is greater than the largest."""
        given = self.cleaned_data
        if "min" in given and "max" in given and given["min"] > given["max"]:
            self.add_error("min", _("Must not be greater than the largest value."))

    def check_domain(self, name: str, domain: int | None) -> None:
        """Complain at a field if it asks for more different values than there are."""
        wanted = self.cleaned_data.get(name)
        unique = self.cleaned_data.get("replacement") is False
        if unique and wanted is not None and domain is not None and 0 <= domain < wanted:
            self.add_error(name, _("There are only %(domain)s different values.") % {"domain": grouped(domain)})

    def domain(self) -> int | None:
        """How many integers there are from the smallest to the largest, if both are right."""
        given = self.cleaned_data
        return given["max"] - given["min"] + 1 if "min" in given and "max" in given else None
