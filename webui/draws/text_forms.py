"""The forms for texts: strings, UUIDs, blobs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fifod import names
from fifod.client import ALPHANUMERIC
from webui.draws import fields
from webui.draws.forms import DrawForm


class StringsForm(DrawForm):
    """Texts of characters that one chooses."""

    method = names.STRINGS

    n = fields.count(names.MAX_VALUES, 5)
    length = fields.whole(_("Length of each"), 1, names.MAX_STRING_LENGTH, 12)
    characters = forms.CharField(
        label=_("From these characters"),
        max_length=names.MAX_CHARACTERS,
        error_messages=fields.at_most(names.MAX_CHARACTERS),
        initial=ALPHANUMERIC,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
        help_text=fields.filled(_("Each once, up to %(limit)s; a space counts."), limit=names.MAX_CHARACTERS),
    )
    replacement = fields.replacement()

    def clean_characters(self) -> str:
        """Check that no character stands twice: it would be twice as likely."""
        characters: str = self.cleaned_data["characters"]
        if repeated := next((one for at, one in enumerate(characters) if one in characters[:at]), None):
            raise forms.ValidationError(
                _("“%(character)s” stands there more than once: it would come more often."),
                params={"character": repeated},
            )
        return characters

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        given = self.cleaned_data
        if "characters" in given and "length" in given:
            self.check_domain("n", len(given["characters"]) ** given["length"])
        return given


class UUIDsForm(DrawForm):
    """UUIDs of version 4."""

    method = names.UUIDS

    n = fields.count(names.MAX_UUIDS, 1)


class BlobsForm(DrawForm):
    """Blocks of random bytes."""

    method = names.BLOBS

    n = fields.count(names.MAX_BLOBS, 1)
    size = fields.whole(
        _("Bits in each"),
        8,
        names.MAX_BLOB_BITS,
        256,
        step_size=8,
        help_text=fields.filled(
            _("A multiple of 8; all together up to %(limit)s."), limit=fields.grouped(names.MAX_BLOB_BITS)
        ),
    )
    format = forms.ChoiceField(
        label=_("Written in"), choices=(("base64", "base64"), ("hex", _("hexadecimal"))), initial="base64"
    )

    def clean(self) -> dict[str, Any]:
        """Check the values against each other."""
        total = self.cleaned_data.get("n", 0) * self.cleaned_data.get("size", 0)
        if total > names.MAX_BLOB_BITS:
            numbers = {"total": fields.grouped(total), "limit": fields.grouped(names.MAX_BLOB_BITS)}
            self.add_error("size", _("%(total)s bits all together are too many: at most %(limit)s.") % numbers)
        return self.cleaned_data
