"""The forms that draw from a list of names: pick some, or shuffle all."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from fifod import names
from webui.draws import fields, lists
from webui.draws.forms import DrawForm
from webui.draws.lists import NameList


class ListForm(DrawForm):
    """Names to draw from, pasted or as a file."""

    method = names.INTEGERS

    list = forms.CharField(
        label=_("Names, one a line"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        help_text=fields.filled(
            _(
                "Up to %(items)s names. The record holds their number and the SHA-256 of the list, which proves "
                "what was drawn from; the names themselves are kept nowhere. A name that stands twice has two chances."
            ),
            items=fields.grouped(lists.MAX_ITEMS),
        ),
    )
    file = forms.FileField(
        label=_("Or a text file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "text/plain,.txt,.csv", "data-limit": lists.MAX_BYTES}),
        help_text=_("UTF-8, one name a line, up to 1 MiB."),
    )

    def clean_file(self) -> NameList | None:
        """The list that was uploaded, if one was."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        return None if file is None else lists.parse(lists.decoded(file.read(lists.MAX_BYTES + 1)))

    def clean_list(self) -> NameList | None:
        """The list that was pasted, if one was."""
        text: str = self.cleaned_data["list"]
        return lists.parse(text) if text.strip() else None

    def clean(self) -> dict[str, Any]:
        """Check that there is one list."""
        given = self.cleaned_data
        if "list" in given and "file" in given:
            if given["list"] and given["file"]:
                self.add_error("file", _("There are names above as well: send either these or the file."))
            elif not given["list"] and not given["file"]:
                missing = _("The list is empty: write one name a line, or choose a file.")
                self.add_error("list", forms.ValidationError(missing, code="required"))
        return given

    @property
    def listed(self) -> NameList | None:
        """The list to draw from, if it is right."""
        if not hasattr(self, "cleaned_data"):
            return None
        found: NameList | None = self.cleaned_data.get("list") or self.cleaned_data.get("file")
        return found

    def how_many(self) -> int:
        """How many positions are drawn; the form must be valid."""
        raise NotImplementedError

    def params(self) -> dict[str, Any]:
        """Positions, each at most once."""
        high = self.listed.count if self.listed else 0
        return {"n": self.how_many(), "min": 1, "max": high, "replacement": False, "base": 10}

    def more_members(self) -> dict[str, Any]:
        """Which list it is about."""
        return {"input": self.listed.as_input()} if self.listed else {}


class PickForm(ListForm):
    """Some names of a list."""

    n = fields.count(lists.MAX_ITEMS, 1, _("As many as there are names, at most; each line is drawn at most once."))
    field_order = ["n", "list", "file"]

    def clean(self) -> dict[str, Any]:
        """Check that there are as many names."""
        given = super().clean()
        if self.listed and given.get("n", 0) > self.listed.count:
            self.add_error("n", _("There are only %(count)s names.") % {"count": fields.grouped(self.listed.count)})
        return given

    def how_many(self) -> int:
        """As many as were asked for."""
        wanted: int = self.cleaned_data["n"]
        return wanted


class ShuffleForm(ListForm):
    """All names of a list in random order."""

    def how_many(self) -> int:
        """All of them."""
        return self.listed.count if self.listed else 0
