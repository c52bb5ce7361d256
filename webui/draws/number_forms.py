"""The forms for numbers: integers, sequences of them, decimal fractions, gaussians."""

import math
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fifod import names
from webui.draws import fields
from webui.draws.forms import DrawForm

_MAX_MEAN = 1_000_000


class IntegersForm(DrawForm):
    """Whole numbers."""

    method = names.INTEGERS

    n = fields.count(
        fields.MAX_ON_A_PAGE,
        5,
        fields.filled(
            _("1 to %(here)s; the command line draws up to %(there)s."),
            here=fields.grouped(fields.MAX_ON_A_PAGE),
            there=fields.grouped(names.MAX_INTEGERS),
        ),
    )
    base = fields.base()
    min = fields.smallest()
    max = fields.largest()
    replacement = fields.replacement()

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        self.check_order()
        self.check_domain("n", self.domain())
        return self.cleaned_data


class SequencesForm(DrawForm):
    """Sequences of whole numbers, all alike."""

    method = names.SEQUENCES

    n = fields.count(names.MAX_SEQUENCES, 3)
    length = fields.whole(
        _("Numbers in each"),
        1,
        names.MAX_VALUES,
        6,
        help_text=fields.filled(_("All together up to %(limit)s."), limit=fields.grouped(names.MAX_VALUES)),
    )
    min = fields.smallest()
    max = fields.largest()
    replacement = fields.replacement()
    base = fields.base()

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        given = self.cleaned_data
        total = given.get("n", 0) * given.get("length", 0)
        if total > names.MAX_VALUES:
            numbers = {"total": fields.grouped(total), "limit": fields.grouped(names.MAX_VALUES)}
            self.add_error("length", _("%(total)s numbers all together are too many: at most %(limit)s.") % numbers)
        self.check_order()
        self.check_domain("length", self.domain())
        return given


class DecimalsForm(DrawForm):
    """Fractions from 0 up to, not including, 1."""

    method = names.DECIMALS

    n = fields.count(names.MAX_VALUES, 5)
    decimalPlaces = fields.whole(_("Decimal places"), 1, names.MAX_DIGITS, 6)
    replacement = fields.replacement()

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        places = self.cleaned_data.get("decimalPlaces")
        self.check_domain("n", None if places is None else 10**places)
        return self.cleaned_data


class NumberField(forms.FloatField):
    """A number, which stays whole if it is."""

    def to_python(self, value: Any) -> int | float | None:  # type: ignore[override]
        """The number, if it is one."""
        number = super().to_python(value)
        return int(number) if number is not None and math.isfinite(number) and number.is_integer() else number


def _number(label: Any, low: int, initial: int) -> NumberField:
    widget = forms.NumberInput(attrs={"step": "any", "autocomplete": "off"})
    help_text = fields.filled(_("%(low)s to %(high)s."), low=fields.grouped(low), high=fields.grouped(_MAX_MEAN))
    return NumberField(
        label=label,
        min_value=low,
        max_value=_MAX_MEAN,
        initial=initial,
        help_text=help_text,
        error_messages=fields.limits(low, _MAX_MEAN),
        widget=widget,
    )


class GaussiansForm(DrawForm):
    """Numbers of a normal distribution."""

    method = names.GAUSSIANS

    n = fields.count(names.MAX_VALUES, 5)
    significantDigits = fields.whole(_("Significant digits"), 2, names.MAX_DIGITS, 6)
    mean = _number(_("Mean"), -_MAX_MEAN, 0)
    standardDeviation = _number(_("Standard deviation"), 0, 1)
