"""The form fields that several kinds of draws share, with their limits and the words for them."""

import secrets
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from fifod import names

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Words = str | _StrPromise

MAX_ON_A_PAGE = 10_000
BASES = ((10, _("decimal")), (2, _("binary")), (8, _("octal")), (16, _("hexadecimal")))
_OUT_OF_DATE = _("This form was out of date. It has been renewed: press “Draw” again.")


def new_key() -> str:
    """A key for one draw, which goes out with the form: sent twice, it draws once."""
    return secrets.token_hex(16)


def grouped(number: int) -> str:
    """A number as people read it in any language: thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f").replace("-", "−")


class _Filled:
    """A text with something in it, which is put together when it is shown, in the language of who reads it.

    Django's own lazy texts are put together for each form, shown or not, to see whether they are empty.
    """

    def __init__(self, text: "Words", values: dict[str, object]) -> None:
        self._text, self._values = text, values

    def __str__(self) -> str:
        return str(self._text) % self._values

    def __mod__(self, _params: object) -> str:
        """The text of an error, into which Django would put what is in it already."""
        return str(self)


def filled(text: "Words", **values: object) -> "Words":
    """A text with something in it, translated when it is shown: with `%` it would be now, whoever reads it later."""
    return cast("Words", _Filled(text, values))


class KeyField(forms.CharField):
    """The hidden key of a form that draws."""

    widget = forms.HiddenInput(attrs={"autocomplete": "off"})  # or a reloaded form keeps the old one

    def __init__(self) -> None:
        super().__init__(
            initial=new_key,
            validators=[RegexValidator(r"\A[0-9a-f]{32}\Z")],
            error_messages={"required": _OUT_OF_DATE, "invalid": _OUT_OF_DATE},
        )


class PurposeField(forms.CharField):
    """What a draw is for."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Purpose"),
            required=False,
            max_length=names.MAX_PURPOSE_BYTES,
            error_messages=at_most(names.MAX_PURPOSE_BYTES),
            widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("audit sample, third quarter")}),
            help_text=filled(
                _("What the draw is for; stands in its record. Up to %(limit)s bytes."), limit=names.MAX_PURPOSE_BYTES
            ),
        )

    def clean(self, value: Any) -> str:
        """The text, if the record can hold it: it counts bytes."""
        purpose: str = super().clean(value)
        if (size := len(purpose.encode(errors="replace"))) > names.MAX_PURPOSE_BYTES:
            raise forms.ValidationError(
                _("Too long: %(size)s bytes, and at most %(limit)s are kept."),
                params={"size": size, "limit": names.MAX_PURPOSE_BYTES},
            )
        return purpose


def count(high: int, initial: int, help_text: "Words" = "") -> forms.IntegerField:
    """How many to draw."""
    return forms.IntegerField(
        label=_("How many"),
        min_value=1,
        max_value=high,
        initial=initial,
        help_text=help_text or _between(1, high),
        error_messages=limits(1, high),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


def whole(label: "Words", low: int, high: int, initial: int, **options: Any) -> forms.IntegerField:
    """A whole number from `low` to `high`."""
    help_text = options.pop("help_text", None) or _between(low, high)
    field = forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        initial=initial,
        help_text=help_text,
        error_messages=limits(low, high),
        **options,
    )
    field.widget.attrs["autocomplete"] = "off"
    return field


def smallest() -> forms.IntegerField:
    """The smallest value that may be drawn."""
    low = filled(_("From %(low)s."), low=grouped(-names.MAX_BOUND))
    return whole(_("Smallest value"), -names.MAX_BOUND, names.MAX_BOUND, 1, help_text=low)


def largest() -> forms.IntegerField:
    """The largest value that may be drawn."""
    high = filled(_("Up to %(high)s; may itself be drawn."), high=grouped(names.MAX_BOUND))
    return whole(_("Largest value"), -names.MAX_BOUND, names.MAX_BOUND, 100, help_text=high)


def replacement() -> forms.TypedChoiceField:
    """Whether a value may come more than once."""
    return forms.TypedChoiceField(
        label=_("The same value more than once"),
        choices=((1, _("may come")), (0, _("never: all different"))),
        coerce=lambda value: value == "1",
        initial=1,
        widget=forms.RadioSelect,
    )


def base() -> forms.TypedChoiceField:
    """The base in which integers are written."""
    return forms.TypedChoiceField(label=_("Written in"), choices=BASES, coerce=int, initial=10)


def limits(low: int, high: int) -> dict[str, "Words"]:
    """The words for a number that is too small or too large."""
    return {
        "min_value": filled(_("At least %(low)s."), low=grouped(low)),
        "max_value": filled(_("At most %(high)s."), high=grouped(high)),
        "step_size": _("Must be a multiple of %(limit_value)s."),
    }


def at_most(characters: int) -> dict[str, "Words"]:
    """The words for a text that is too long."""
    return {"max_length": filled(_("Too long: at most %(limit)s characters."), limit=grouped(characters))}


def _between(low: int, high: int) -> "Words":
    return filled(_("%(low)s to %(high)s."), low=grouped(low), high=grouped(high))
