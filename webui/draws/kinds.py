"""The kinds of draws that the page offers, in the order in which it offers them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webui.draws.forms import DrawForm
from webui.draws.list_forms import PickForm, ShuffleForm
from webui.draws.number_forms import DecimalsForm, GaussiansForm, IntegersForm, SequencesForm
from webui.draws.text_forms import BlobsForm, StringsForm, UUIDsForm


@dataclass(frozen=True)
class Kind:
    """One thing to draw: its word in addresses, its name, a sentence about it, and its form."""

    word: str
    label: str | Promise
    lead: str | Promise
    form: type[DrawForm]

    @property
    def is_list(self) -> bool:
        """Whether names of a list are drawn."""
        return "list" in self.form.base_fields


KINDS = (
    Kind("integers", _("Integers"), _("Whole numbers, each equally likely."), IntegersForm),
    Kind("pick", _("Pick from a list"), _("Some names of a list, each line with the same chance."), PickForm),
    Kind("shuffle", _("Shuffle a list"), _("All names of a list, in random order."), ShuffleForm),
    Kind("sequences", _("Sequences"), _("Several rows of whole numbers at once."), SequencesForm),
    Kind("decimals", _("Decimals"), _("Fractions from 0 up to, not including, 1."), DecimalsForm),
    Kind("gaussians", _("Gaussians"), _("Numbers that gather around a mean: a normal distribution."), GaussiansForm),
    Kind("strings", _("Strings"), _("Texts of the characters that you choose."), StringsForm),
    Kind("uuids", _("UUIDs"), _("Identifiers that nobody else has: UUIDs of version 4."), UUIDsForm),
    Kind("blobs", _("Blobs"), _("Blocks of random bytes, for keys and the like."), BlobsForm),
)
_BY_WORD = {kind.word: kind for kind in KINDS}


def named(word: str | None) -> Kind:
    """The kind of that word, or the first for what is no kind's."""
    return _BY_WORD.get(word or "", KINDS[0])
