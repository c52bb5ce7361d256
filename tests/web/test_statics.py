"""Static files come whole, compressed for who takes that, and once."""

import gzip
from typing import Any

import pytest
from django.test import Client

SHEET = "/static/webui/site.css"


def fetch(path: str, **headers: str) -> Any:
    """An answer, read to its end."""
    answer: Any = Client(headers=headers).get(path)
    answer.whole = b"".join(answer)
    return answer


@pytest.mark.parametrize("offer", ["gzip", "br, gzip;q=0.5", "deflate,gzip"])
def test_who_takes_gzip_gets_it(offer: str) -> None:
    plain, small = fetch(SHEET).whole, fetch(SHEET, accept_encoding=offer)
    sent = small.whole
    assert gzip.decompress(sent) == plain
    assert (small["Content-Encoding"], int(small["Content-Length"])) == ("gzip", len(sent))
    assert len(sent) < len(plain) / 2


@pytest.mark.parametrize("offer", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0", "gzipped"])
def test_who_does_not_gets_it_plain(offer: str) -> None:
    answer = fetch(SHEET, accept_encoding=offer)
    assert "Content-Encoding" not in answer and len(answer.whole) == int(answer["Content-Length"])
    assert answer["Vary"] == "Accept-Encoding"


def test_what_a_browser_has_is_not_sent_again() -> None:
    first = fetch(SHEET, accept_encoding="gzip")
    again = fetch(SHEET, accept_encoding="gzip", if_none_match=first["ETag"])
    assert again.status_code == 304 and again.whole == b""


def test_a_part_of_a_file_is_a_part_of_the_file() -> None:
    part = fetch(SHEET, accept_encoding="gzip", range="bytes=10-19")
    assert part.status_code == 206 and part.whole == fetch(SHEET).whole[10:20]


@pytest.mark.django_db
def test_pages_are_not_compressed() -> None:
    # Their tokens could be guessed by how well what somebody else puts beside them compresses.
    assert "Content-Encoding" not in fetch("/login/", accept_encoding="gzip")
