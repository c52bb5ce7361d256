"""The form for drawing integers."""

import secrets
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from fifod import names

MAX_ON_A_PAGE = 10_000
_BASES = ((10, "decimal"), (2, "binary"), (8, "octal"), (16, "hexadecimal"))


def new_key() -> str:
    """A key for one draw, which goes out with the form: sent twice, it draws once."""
    return secrets.token_hex(16)


class KeyField(forms.CharField):
    """The hidden key of a form that draws."""

    widget = forms.HiddenInput(attrs={"autocomplete": "off"})  # or a reloaded form keeps the old one

    def __init__(self) -> None:
        super().__init__(
            initial=new_key,
            validators=[RegexValidator(r"\A[0-9a-f]{32}\Z")],
            error_messages={"required": _OUT_OF_DATE, "invalid": _OUT_OF_DATE},
        )


_OUT_OF_DATE = "This form was out of date. It has been renewed: press “Draw” again."


class IntegersForm(forms.Form):
    """What to draw."""

    n = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=MAX_ON_A_PAGE,
        initial=5,
        help_text=f"1 to {MAX_ON_A_PAGE:,}; the command line draws up to {names.MAX_INTEGERS:,}.",
    )
    min = forms.IntegerField(
        label="Smallest value",
        min_value=-names.MAX_BOUND,
        max_value=names.MAX_BOUND,
        initial=1,
        help_text=f"From −{names.MAX_BOUND:,}.",
    )
    max = forms.IntegerField(
        label="Largest value",
        min_value=-names.MAX_BOUND,
        max_value=names.MAX_BOUND,
        initial=100,
        help_text=f"Up to {names.MAX_BOUND:,}; may itself be drawn.",
    )
    replacement = forms.TypedChoiceField(
        label="The same value more than once",
        choices=((1, "may come"), (0, "never: all different")),
        coerce=lambda value: value == "1",
        initial=1,
        widget=forms.RadioSelect,
    )
    base = forms.TypedChoiceField(label="Written in", choices=_BASES, coerce=int, initial=10)
    purpose = forms.CharField(
        label="Purpose",
        required=False,
        max_length=names.MAX_PURPOSE_BYTES,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "audit sample, third quarter"}),
        help_text=f"What the draw is for; stands in its record. Up to {names.MAX_PURPOSE_BYTES} bytes.",
    )
    key = KeyField()

    def clean_purpose(self) -> str:
        """Check the length in bytes, as the record counts it."""
        purpose: str = self.cleaned_data["purpose"]
        if (size := len(purpose.encode(errors="replace"))) > names.MAX_PURPOSE_BYTES:
            raise forms.ValidationError(f"Too long: {size} bytes, and at most {names.MAX_PURPOSE_BYTES} are kept.")
        return purpose

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        given = self.cleaned_data
        if "min" in given and "max" in given and given["min"] > given["max"]:
            self.add_error("min", "Must not be greater than the largest value.")
        elif {"n", "min", "max", "replacement"} <= given.keys():
            self._check_domain(given["n"], given["max"] - given["min"] + 1, given["replacement"])
        return given

    def _check_domain(self, n: int, domain: int, replacement: bool) -> None:
        if not replacement and n > domain:
            self.add_error("n", f"There are only {domain} different values from the smallest to the largest.")

    def renew_key(self) -> None:
        """Show the form with a new key, so that sending it again is a new draw."""
        self.data = {**{name: self.data.get(name, "") for name in self.fields}, "key": new_key()}
