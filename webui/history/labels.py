"""What people call methods and marks, in lists and chips."""

from django.utils.translation import gettext_lazy as _

from fifod import names
from webui.history import terms

METHODS = {
    names.INTEGERS: _("Integers"),
    names.SEQUENCES: _("Sequences of integers"),
    names.DECIMALS: _("Decimal fractions"),
    names.GAUSSIANS: _("Gaussian numbers"),
    names.STRINGS: _("Strings"),
    names.UUIDS: _("UUIDs"),
    names.BLOBS: _("Blobs"),
    names.STREAM: _("Stream of bytes"),
}
MARKS = {
    terms.LIST: _("About a list (pick, shuffle)"),
    terms.SECRET: _("Secret"),
    terms.REPEATABLE: _("Repeatable"),
    terms.CLASSIC: _("Classic"),
    terms.UNDELIVERED: _("Not delivered"),
}
