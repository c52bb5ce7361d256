"""What people give on a receipt to prove it: the list that a draw was about, and the seed of a secret draw.

Both are compared with the record, and kept nowhere.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from webui.draws import lists
from webui.draws.lists import NameList
from webui.receipts.receipt import Receipt, opened


class SeedForm(forms.Form):
    """A seed that must be the one whose SHA-256 a secret draw's record holds."""

    seed = forms.RegexField(
        label=_("The seed of this draw"),
        regex=r"\A[0-9a-fA-F]{64}\Z",
        strip=True,
        error_messages={
            "required": _("Give the seed that came with the values."),
            "invalid": _("A seed has 64 characters, each a digit or a letter from a to f."),
        },
        help_text=_("It is compared with the record, and kept nowhere."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, receipt: Receipt, *given: Any) -> None:
        super().__init__(*given)
        self._receipt = receipt

    def clean_seed(self) -> str:
        """The seed as records write seeds."""
        seed: str = self.cleaned_data["seed"].lower()
        if hashlib.sha256(bytes.fromhex(seed)).hexdigest() != self._receipt.draw.seed_hash:
            raise forms.ValidationError(_("Another seed: it does not have the SHA-256 in the record."))
        return seed

    @property
    def opened(self) -> Receipt | None:
        """The receipt with the seed, if it is the right one."""
        return opened(self._receipt, self.cleaned_data["seed"]) if self.is_bound and self.is_valid() else None


class ListForm(forms.Form):
    """A list, pasted or as a file, that must be the one in the record."""

    list = forms.CharField(
        label=_("The list, one name a line"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or a text file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "text/plain,.txt,.csv"}),
        help_text=_("UTF-8, one name a line, up to 1 MiB."),
    )

    def __init__(self, receipt: Receipt, *given: Any) -> None:
        super().__init__(*given)
        self._receipt = receipt

    def clean_list(self) -> NameList | None:
        """The list that was pasted, if one was."""
        text: str = self.cleaned_data["list"]
        return self._compared(lists.parse(text)) if text.strip() else None

    def clean_file(self) -> NameList | None:
        """The list that was uploaded, if one was."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is None:
            return None
        return self._compared(lists.parse(lists.decoded(file.read(lists.MAX_BYTES + 1))))

    def clean(self) -> dict[str, Any]:
        """Check that there is a list."""
        given = self.cleaned_data
        if "list" in given and "file" in given and not (given["list"] or given["file"]):
            self.add_error("list", _("The list is empty: write one name a line, or choose a file."))
        return given

    @property
    def listed(self) -> NameList | None:
        """The list, if it is the right one."""
        if not self.is_bound or not self.is_valid():
            return None
        found: NameList | None = self.cleaned_data["list"] or self.cleaned_data["file"]
        return found

    @property
    def drawn(self) -> Sequence[tuple[int, str]]:
        """The positions drawn with the names there; empty if the values are no positions in the list."""
        shown, listed = self._receipt.shown, self.listed
        if listed is None or not all(type(value) is int and 1 <= value <= listed.count for value in shown):
            return []
        return list(zip(shown, listed.at(list(shown)), strict=True))

    def _compared(self, listed: NameList) -> NameList:
        draw, found = self._receipt.draw, listed.as_input()
        if found["count"] != draw.input_count:
            message = ngettext(
                "Another list: it has %(found)s name, the draw was about one with %(right)s.",
                "Another list: it has %(found)s names, the draw was about one with %(right)s.",
                listed.count,
            )
            params = {"found": found["count"], "right": draw.input_count}
            raise forms.ValidationError(message, params=params)
        if found["sha256"] != draw.input_sha256:
            raise forms.ValidationError(
                _("Another list: it has as many names, but its SHA-256 is %(found)s. A name or the order differs."),
                params={"found": found["sha256"]},
            )
        return listed
