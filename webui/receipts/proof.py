"""The steps of a check that begin with the seed: do the values follow from it?"""

import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fifod.errors import LedgerError
from fifod.ledger.receipt import verify_receipt
from fifod.names import STREAM
from webui.history.models import Draw
from webui.receipts import receipt as receipts
from webui.receipts import working
from webui.receipts.outcome import Step, fails, holds, left_open
from webui.receipts.receipt import Receipt

_MAX_STREAM = 16 << 20


def steps(receipt: Receipt) -> list[Step]:
    """Seed, first values, all values."""
    draw = receipt.draw
    if draw.secret and not receipt.is_opened:
        return _secret(draw)
    try:
        beginning = working.first_bytes(draw.seed)
    except ValueError:
        broken = fails(_("The record has no seed of 64 hexadecimal digits."))
        return [broken, broken, broken]
    seed = _seed(receipt, beginning)
    return [seed, *_stream(draw)] if draw.method == STREAM else [seed, _first(receipt), _all(receipt)]


def _secret(draw: Draw) -> list[Step]:
    seed = left_open(
        _(
            "This draw is secret: the record holds only the fingerprint (SHA-256) of the seed. Who drew was given the "
            "seed, and can prove the draw by showing it."
        )
    ).with_details([(_("SHA-256 of the seed"), draw.seed_hash)])
    return [seed, left_open(_("This needs the seed.")), left_open(_("This needs the seed."))]


def _seed(receipt: Receipt, beginning: str) -> Step:
    draw = receipt.draw
    if receipt.is_opened:
        words = _(
            "The seed that was given has the fingerprint (SHA-256) in the record. From it a public function "
            "(SHAKE-256) makes the bytes that everything else is read from."
        )
    elif draw.repeatable:
        words = _(
            "The seed gives these bytes. But it was made from a date or a name, not drawn: "
            "the values could be known beforehand."
        )
    else:
        words = _(
            "From the seed in the record a public function (SHAKE-256) makes the bytes "
            "that everything else is read from."
        )
    command = f"printf '%s' {draw.seed}{'00' * 8} | xxd -r -p | openssl dgst -shake256 -xoflen 32"
    details = [
        (_("Seed"), draw.seed),
        (_("First 32 bytes of SHAKE-256(seed ‖ block number 0)"), beginning),
        (_("The same in a shell"), command),
    ]
    if receipt.is_opened:
        details.insert(1, (_("SHA-256 of the seed"), draw.seed_hash))
    return holds(words).with_details(details)


def _first(receipt: Receipt) -> Step:
    draw = receipt.draw
    try:
        shown = working.of(draw.method, draw.params, draw.seed)
    except working.FAULTS as error:
        return fails(_("The recipe gives no values: %(reason)s.") % {"reason": error})
    values = list(receipt.values or [])
    if draw.method == "generateIntegerSequences":
        values = values[0] if values else []
    if shown.values != values[: len(shown.values)]:
        return fails(_("The first values on this page are not those that the bytes give.")).with_working(shown)
    return holds(_("Read in their order, the bytes give the first values as below.")).with_working(shown)


def _all(receipt: Receipt) -> Step:
    draw, values = receipt.draw, list(receipt.values or [])
    try:
        again = working.again(draw.method, draw.params, draw.seed)
    except working.FAULTS as error:
        return fails(_("The recipe gives no values: %(reason)s.") % {"reason": error})
    details = [
        (_("Values computed by fifod's own program"), str(len(values))),
        (_("Values computed again by the stand-alone checker, which shares no code with it"), str(len(again))),
    ]
    if not values or again != values[: len(again)]:
        return fails(_("The values do not follow from the seed.")).with_details(details)
    if reason := _fault_in_file(receipt):
        return fails(_("The receipt does not hold: %(reason)s.") % {"reason": reason}).with_details(details)
    known = {"count": len(values), "again": len(again)}
    if len(again) == len(values):
        words = ngettext(
            "The one value was computed again by two programs that share no code. Both agree with this page.",
            "All %(count)s values were computed again by two programs that share no code. Both agree with this page.",
            len(values),
        )
    else:
        words = _(
            "All %(count)s values were computed again, the first %(again)s of them by a second program too "
            "that shares no code with the first. Both agree with this page."
        )
    return holds(words % known).with_details(details)


def _fault_in_file(receipt: Receipt) -> str:
    """What `fifod-client verify` would say against the file that can be saved."""
    try:
        verify_receipt(receipts.saved(receipt).encode(), datetime.datetime.now(datetime.UTC).date())
    except receipts.Unavailable:
        return ""  # the steps about the record say why
    except LedgerError as error:
        return error.message
    return ""


def _stream(draw: Draw) -> list[Step]:
    first = holds(_("A stream is these bytes themselves, from the first one on: nothing is computed from them."))
    if draw.stream_length is None:
        return [
            first,
            left_open(_("The stream has not ended, or its end is not recorded yet: there is no length to check.")),
        ]
    known = {"length": draw.stream_length}
    if draw.stream_length > _MAX_STREAM:
        words = _("The stream had %(length)s bytes: too many to compute here. fifod-client verify --recompute does it.")
        return [first, left_open(words % known)]
    digest = working.stream_digest(draw.seed, draw.stream_length)
    details = [(_("SHA-256 computed now"), digest), (_("SHA-256 recorded at the end"), draw.stream_sha256)]
    if digest != draw.stream_sha256:
        return [
            first,
            fails(_("The bytes that follow from the seed are not those recorded at the end.")).with_details(details),
        ]
    words = ngettext(
        "%(length)s byte was computed again: it is the one that was given out.",
        "All %(length)s bytes were computed again: they are those that were given out.",
        draw.stream_length,
    )
    return [first, holds(words % known).with_details(details)]
