"""What people say about the clients that their page runs, checked."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST_VALUES = 100
_BOUND = 1_000_000_000


class NameForm(forms.Form):
    """A client's name, which becomes part of its draws' purpose."""

    name = forms.CharField(
        max_length=24,
        label=_("Name of the new client"),
        error_messages={
            "required": _("Give the client a name."),
            "max_length": _("A name has at most %(limit_value)d characters."),
        },
    )

    def clean_name(self) -> str:
        """Without what the daemon would refuse in a purpose."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("A name has no control characters."))
        return name


class DrawForm(forms.Form):
    """How many values, and from which range; for one client or, without its number, for all."""

    client = forms.IntegerField(required=False)
    n = forms.IntegerField(min_value=1, max_value=MOST_VALUES, label=_("How many"))
    min = forms.IntegerField(min_value=-_BOUND, max_value=_BOUND, label=_("Smallest"))
    max = forms.IntegerField(min_value=-_BOUND, max_value=_BOUND, label=_("Largest"))

    def clean(self) -> None:
        """The range must have something in it; one number is enough, as on the draw page."""
        least, most = self.cleaned_data.get("min"), self.cleaned_data.get("max")
        if least is not None and most is not None and least > most:
            raise ValidationError(_("The smallest value must not exceed the largest."))

    @property
    def params(self) -> dict[str, object]:
        """The same as parameters of a request."""
        return {name: self.cleaned_data[name] for name in ("n", "min", "max")}


def first_error(form: forms.Form) -> str:
    """What is wrong, in one sentence, with the field's name if it is one field."""
    field, messages = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields and field != "name" else None
    return f"{label}: {messages[0]}" if label else str(messages[0])
