"""Checks a draw step by step, so that a person can follow: the record, its place in the chain, the seed, the values.

Nothing is taken from the step before: each looks for itself, and a step that fails does not stop the others.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fifod.errors import FifodError, LedgerError, NoPermission
from fifod.ledger.record import DRAW, Record
from webui.history.models import Draw
from webui.history.rows import unsaved_draw
from webui.receipts import proof, records
from webui.receipts.outcome import Step, fails, holds, left_open
from webui.receipts.receipt import Receipt

FOLLOWED = 20_000
_LATER = ("undelivered", "undelivered_reason", "stream_length", "stream_sha256")
"""What a row gets from records behind the draw's own."""


@dataclass(frozen=True)
class Check:
    """What became of each step."""

    steps: list[Step]

    @property
    def failed(self) -> list[Step]:
        """The steps that found a fault."""
        return [step for step in self.steps if step.has_failed]

    @property
    def opened(self) -> list[Step]:
        """The steps that cannot be done here."""
        return [step for step in self.steps if step.is_open]


def of(receipt: Receipt) -> Check:
    """Check a draw."""
    serial = receipt.draw.serial
    try:
        place, missing = records.find(serial), _("it was archived, and the archive is kept elsewhere")
        if place is None and serial >= records.ledger().first_serial():
            first = fails(_("The ledger no longer holds draw %(serial)s.") % {"serial": serial})
            return Check(_numbered([first, left_open(_("There is no record to follow.")), *proof.steps(receipt)]))
    except NoPermission:
        place, missing = None, _("this site may not read the ledger")
    except FifodError as error:
        place, missing = None, error.message
    if place is None:
        absent = left_open(_("The record cannot be read here: %(reason)s.") % {"reason": missing})
        return Check(_numbered([absent, absent, *proof.steps(receipt)]))
    return Check(_numbered([_record(place, serial), _chain(place), *proof.steps(receipt)]))


def _numbered(steps: list[Step]) -> list[Step]:
    titles = (
        _("The record is intact"),
        _("It stands in the chain"),
        _("The seed gives random bytes"),
        _("The bytes give the first values"),
        _("All values agree"),
    )
    return [step.titled(number, title) for number, (step, title) in enumerate(zip(steps, titles, strict=True), 1)]


def _record(place: records.Place, serial: int) -> Step:
    try:
        record = place.line.record()
    except LedgerError as error:
        return fails(_("The record was damaged: %(reason)s.") % {"reason": error.message})
    digest = hashlib.sha256(record.body_bytes).hexdigest()
    details = [
        (_("SHA-256 of the body, computed now"), digest if record.body_bytes else "–"),
        (_("SHA-256 of the body that the head names"), record.head.body),
        (_("SHA-256 of the head, computed now: the draw's hash"), record.hash),
    ]
    row = Draw.objects.filter(serial=serial).first()
    if row is not None:
        details.append((_("Hash that this site noted when it first saw the record"), row.hash))
    return _judged(record, row, digest).with_details(details)


def _judged(record: Record, row: Draw | None, digest: str) -> Step:
    if row is not None and row.hash != record.hash:
        return fails(_("The record is not the one that this site saw when the draw was made: it was written anew."))
    if not record.body_bytes:
        return left_open(_("The record's private half was erased. Its head still stands in the chain."))
    if digest != record.head.body:
        return fails(
            _("The record's text was changed after it was written: it no longer has the fingerprint in its head.")
        )
    if row is not None and (other := _differences(record, row)):
        return fails(_("This site's own table tells something else than the record: %(names)s.") % {"names": other})
    if row is None:
        return holds(_("The record has the fingerprint (SHA-256) that its head names. Not one letter was changed."))
    return holds(
        _(
            "The record has the fingerprint (SHA-256) that its head names, and is what this site noted "
            "when the draw was made. Not one letter was changed."
        )
    )


def _differences(record: Record, row: Draw) -> str:
    try:
        right = unsaved_draw(record)
    except LedgerError as error:
        return error.message
    fields = [field for field in Draw._meta.concrete_fields if field.attname not in _LATER]
    return ", ".join(one.attname for one in fields if getattr(right, one.attname) != getattr(row, one.attname))


def _chain(place: records.Place) -> Step:
    try:
        before = next(place.lines_before(), None)
        here = place.line.record()
        prev = before.record().hash if before else None
    except LedgerError as error:
        return fails(_("The record or the one before it cannot be read: %(reason)s.") % {"reason": error.message})
    details = [
        (_("Hash of the record before, computed now"), prev or "–"),
        (_("Hash of the record before that this record names"), here.head.prev),
    ]
    if prev != here.head.prev:
        return fails(_("The record does not follow the one before it.")).with_details(details)
    return _followed(place, here, details)


def _followed(place: records.Place, here: Record, details: list[tuple[str, str]]) -> Step:
    count, serial, newest = 0, here.head.serial, here
    for following in _walk(place, here):
        if isinstance(following, str):
            words = ngettext(
                "After %(count)s more record the chain breaks: %(reason)s.",
                "After %(count)s more records the chain breaks: %(reason)s.",
                count,
            )
            return fails(words % {"count": count, "reason": following}).with_details(details)
        count, newest = count + 1, following
        serial = following.head.serial or serial
    known = {"count": count, "serial": serial, "limit": FOLLOWED}
    details += [(_("Records followed from here"), str(count)), (_("Hash of the last one followed"), newest.hash)]
    if count == FOLLOWED:
        words = _(
            "It follows the record before it, and the next %(count)s records follow from it, up to draw %(serial)s."
        )
    elif count:
        words = ngettext(
            "It follows the record before it, and the one record behind it follows from it, up to the newest, "
            "at draw %(serial)s. To change this draw, that one would have to be changed too.",
            "It follows the record before it, and all %(count)s records behind it follow from it, one by one, "
            "up to the newest, at draw %(serial)s. To change this draw, all of them would have to be changed.",
            count,
        )
    else:
        words = _("It follows the record before it. Nothing has been recorded after it yet.")
    return holds(words % known).with_details(details)


def _walk(place: records.Place, here: Record) -> Iterator[Record | str]:
    """The records that follow from one, to the end or a bounded number; a text at last if one does not."""
    before, serial = here, here.head.serial or 0
    try:
        for line in islice(place.lines_behind(), FOLLOWED):
            record = line.record()
            if record.head.prev != before.hash:
                yield _("the record behind %(hash)s names another one before it") % {"hash": before.hash}
                return
            if record.head.kind == DRAW and record.head.serial != (serial := serial + 1):
                yield _("draw %(serial)s is missing") % {"serial": serial}
                return
            before = record
            yield record
    except FifodError as error:
        yield error.message
