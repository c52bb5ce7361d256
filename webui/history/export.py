"""The draws that were found as a file, sent while it is read: a million draws take no more memory than some."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.db import models
from django.db.models.functions import Cast
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from webui import access
from webui.access import AccountRequest
from webui.history import finding
from webui.history.forms import HistoryForm
from webui.history.recorder import newest_recorded

CHUNK = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TEXT = models.TextField()

# Names in the file, and columns of the table. Texts are taken as they are stored: to parse times and parameters only to
# write them again takes longer than all the rest.
_COLUMNS: dict[str, Any] = {
    "serialNumber": "serial",
    "time": Cast("time", _TEXT),
    "drawer": "drawer",
    "purpose": "purpose",
    "method": "method",
    "params": Cast("params", _TEXT),
    "transport": "transport",
    "claimedPid": "claimed_pid",
    "inputCount": "input_count",
    "inputSha256": "input_sha256",
    "secret": "secret",
    "repeatable": "repeatable",
    "undelivered": "undelivered",
    "recipe": "recipe",
    "seed": "seed",
    "seedHash": "seed_hash",
    "hash": "hash",
    "prev": "prev",
}
_NAMES = list(_COLUMNS)
_TIME, _PARAMS, _PURPOSE, _DRAWER = (_NAMES.index(name) for name in ("time", "params", "purpose", "drawer"))

Row = list[Any]
Rows = Iterator[list[Row]]


@dataclass(frozen=True)
class Form:
    """A form of file."""

    ending: str
    content_type: str
    pieces: Callable[[Rows], Iterator[str]]


def _as_csv(chunks: Rows) -> Iterator[str]:
    yield _lines([_NAMES])
    for rows in chunks:
        yield _lines([_harmless(row) for row in rows])


def _lines(rows: list[Row]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(row: Row) -> Row:
    """What people have written must not be a formula to a spreadsheet."""
    for column in (_PURPOSE, _DRAWER):
        if row[column].startswith(_FORMULA):
            row[column] = f"'{row[column]}"
    return row


def _as_json(chunks: Rows) -> Iterator[str]:
    yield "["
    separator = "\n"
    for rows in chunks:
        yield separator + ",\n".join(map(_object, rows))
        separator = ",\n"
    yield "\n]\n"


def _object(row: Row) -> str:
    # The parameters are JSON already.
    members = {**dict(zip(_NAMES, row, strict=True)), "params": None}
    return json.dumps(members, ensure_ascii=False).replace('"params": null', f'"params": {row[_PARAMS]}', 1)


FORMS = {
    form.ending: form
    for form in (Form("csv", "text/csv; charset=utf-8", _as_csv), Form("json", "application/json", _as_json))
}


@access.for_whom_may(access.DRAW, access.READ_ALL)
@require_safe
def export(request: AccountRequest, ending: str) -> HttpResponseBase:
    """The draws that the history page shows for the same query, all of them."""
    form = FORMS[ending]
    name = f"fifod-draws-{timezone.now():%Y-%m-%d}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if request.method == "HEAD":
        return HttpResponse(content_type=form.content_type, headers=headers)
    return StreamingHttpResponse(form.pieces(_chunks(request)), content_type=form.content_type, headers=headers)


def _chunks(request: AccountRequest) -> Rows:
    form = HistoryForm(request.GET, request.user)
    # Draws that are made meanwhile are left out, or a busy machine's export would never end.
    question = form.question().but(newest=newest_recorded())
    start = None
    while found := finding.serials(request.user, question, form.order_asked, CHUNK, start):
        readable = finding.readable(request.user, question, found)
        rows = {row[0]: _row(row) for row in readable.values_list(*_columns())}
        yield [rows[serial] for serial in found if serial in rows]
        start = found[-1]


def _columns() -> Iterator[Any]:
    yield from _COLUMNS.values()


def _row(stored: tuple[Any, ...]) -> Row:
    row = list(stored)
    row[_TIME] = row[_TIME].replace(" ", "T") + "Z"
    return row
