"""The search index: an inverted index of what each draw is, by which SQLite finds any mixture of filters and words.

A draw's terms are its drawer, its method, its marks and the words of its purpose, so one question to one index answers
every combination, in the order of serial numbers. An index in a B-tree for each pair of filters would cost the recorder
three times as much for every one of them, and none would find words.

Terms that are no words of people begin with a character that purposes lose on their way in here.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any

from django.db import OperationalError, connection

from webui.history.models import Draw

TABLE = "history_terms"
_DRAWS = Draw._meta.db_table
_OURS = "\ue000"

# To SQLite they are part of a word, unlike other marks.
_ACCENTS = frozenset(map(chr, range(0x300, 0x332)))

SECRET, REPEATABLE, CLASSIC, UNDELIVERED, LIST = "secret", "repeatable", "classic", "undelivered", "list"

_TEXT = f"""'{_OURS}d' || hex(drawer) || ' {_OURS}m' || method
    || iif(secret, ' {_OURS}{SECRET}', '') || iif(repeatable, ' {_OURS}{REPEATABLE}', '')
    || iif(transport = 'classic', ' {_OURS}{CLASSIC}', '') || iif(undelivered, ' {_OURS}{UNDELIVERED}', '')
    || iif(input_sha256 = '', '', ' {_OURS}{LIST} {_OURS}l' || input_sha256)
    || ' ' || replace(purpose, '{_OURS}', ' ')"""

# Without the texts, their lengths and the places of words in them: only which terms are in which draw.
CREATE = f"""CREATE VIRTUAL TABLE "{TABLE}" USING fts5(
    told, content='', columnsize=0, detail=none, tokenize="unicode61 remove_diacritics 2")"""
FILL = f'INSERT INTO "{TABLE}" (rowid, told) SELECT serial, {_TEXT} FROM "{_DRAWS}"'
_FITS = f'FROM "{TABLE}" WHERE "{TABLE}" MATCH %s AND rowid >= %s AND rowid <= %s'
DROP = f'DROP TABLE "{TABLE}"'
_EMPTY = f'INSERT INTO "{TABLE}" ("{TABLE}") VALUES (\'delete-all\')'
_FORGET = f"""INSERT INTO "{TABLE}" ("{TABLE}", rowid, told)
    SELECT 'delete', serial, {_TEXT} FROM "{_DRAWS}" WHERE serial = %s"""


def add(first: int, last: int) -> None:
    """Take in the rows between two serial numbers, both included."""
    with connection.cursor() as cursor:
        cursor.execute(f"{FILL} WHERE serial BETWEEN %s AND %s", [first, last])


def forget(serial: int) -> None:
    """Take out a row that is about to change; it must be as it was when it was taken in."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [serial])


def renew() -> None:
    """Take in all rows anew."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY)
        cursor.execute(FILL)


def of_drawer(drawer: str) -> str:
    """The term of a drawer's draws."""
    return f"{_OURS}d{drawer.encode().hex()}"


def of_method(method: str) -> str:
    """The term of a method."""
    return f"{_OURS}m{method}"


def of_mark(mark: str) -> str:
    """The term of SECRET, REPEATABLE, CLASSIC, UNDELIVERED or LIST."""
    return f"{_OURS}{mark}"


def of_list(sha256: str) -> str:
    """The term of draws about the list with this SHA-256."""
    return f"{_OURS}l{sha256}"


def words(text: str) -> list[str]:
    """What can be searched for in a text: runs of letters and digits, as the index parts them."""
    plain = unicodedata.normalize("NFC", text)
    return "".join(char if unicodedata.category(char)[0] in "LN" or char in _ACCENTS else " " for char in plain).split()


def question(terms: Iterable[str], words: Iterable[str]) -> str:
    """What to ask the index for: all of these terms and words; the last word may go on."""
    asked = [f'"{term}"' for term in (*terms, *words)]
    return " AND ".join(asked) + ("*" if list(words) else "")


def search(asked: str, reach: range, most: int, *, is_descending: bool) -> list[int]:
    """The serial numbers within this range of draws that answer a question, in order."""
    way = "DESC" if is_descending else "ASC"
    ask = f"SELECT rowid {_FITS} ORDER BY rowid {way} LIMIT %s"
    return [serial for (serial,) in _answers(ask, [asked, reach.start, reach.stop - 1, most])]


def count(asked: str, reach: range) -> int:
    """How many draws within this range of serial numbers answer a question."""
    answers = _answers(f"SELECT count(*) {_FITS}", [asked, reach.start, reach.stop - 1])
    return int(answers[0][0]) if answers else 0


def _answers(ask: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        try:
            cursor.execute(ask, values)
            return list(cursor.fetchall())
        except OperationalError as error:
            # A letter younger than SQLite's tables parts a word, and this index cannot ask for two words in a row.
            if "phrase" not in str(error):
                raise
            return []
