"""The proxies that deploy/ documents, before the real site: TLS, limits, and headers that nobody can forge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.daemons import Daemon, reachable_directory, remove
from tests.web import proxies
from tests.web.proxies import NAME, Answer, Proxy
from tests.web.sites import CONFIG, PASSWORD, Site

Run = Callable[[Path, int], AbstractContextManager[Proxy]]
RUN: dict[str, Run] = {"nginx": proxies.nginx, "caddy": proxies.caddy}
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;proto=http;host=evil.example",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A daemon and the site, told that a proxy speaks TLS for it."""
    place = reachable_directory()
    site = Site(place / "state", place / "run")
    site.environment |= {"FIFOD_WEB_TLS": "1", "FIFOD_WEB_HOSTS": NAME}
    site.manage("migrate", "-v0")
    site.manage("firstlogin", "alice", given=PASSWORD + "\n")
    with Daemon(place, CONFIG), site.serving() as address:
        yield address
    remove(place)


@pytest.fixture(scope="module", params=RUN)
def proxy(request: pytest.FixtureRequest, address: str) -> Iterator[Proxy]:
    """Each proxy before it."""
    place = reachable_directory()
    with RUN[request.param](place, urlsplit(address).port or 0) as proxy:
        yield proxy
    remove(place)


@pytest.fixture(scope="module", params=RUN)
def echo(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    """Each proxy before something that tells what it was sent."""
    place = reachable_directory()
    with proxies.echoing() as port, RUN[request.param](place, port) as proxy:
        yield proxy
    remove(place)


def cookie_of(answer: Answer, name: str) -> str:
    [found] = [cookie for cookie in answer.cookies() if cookie.startswith(f"{name}=")]
    return found


def token_of(answer: Answer) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', answer.body)
    assert found
    return found[1].decode()


def jar(*cookies: str) -> str:
    return "; ".join(cookie.partition(";")[0] for cookie in cookies)


def log_in(proxy: Proxy, **headers: str) -> Answer:
    page = proxy.ask("GET", "/login/")
    fields = {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": token_of(page)}
    sent = {
        "Cookie": jar(*page.cookies()),
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{NAME}:{proxy.https}",
        **headers,
    }
    return proxy.ask("POST", "/login/", headers=sent, body=urlencode(fields).encode())


def test_plain_http_leads_to_tls_whatever_the_client_says(proxy: Proxy) -> None:
    for headers in ({}, FORGED | {"X-Forwarded-Proto": "https"}):
        answer = proxy.ask("GET", "/draws/?next=//evil.example", headers=headers, plain=True)
        assert answer.status in (301, 308)
        assert re.fullmatch(rf"https://{NAME}(:\d+)?/draws/\?next=//evil.example", answer.headers["Location"])


def test_every_answer_over_tls_has_hsts_and_the_policy(proxy: Proxy) -> None:
    for path in ("/login/", "/static/webui/site.css", "/no/such/page"):
        answer = proxy.ask("GET", path)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", path
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert len(answer.headers.get_all("Strict-Transport-Security", [])) == 1


def test_a_login_works_and_its_cookies_are_for_tls_and_this_host_alone(proxy: Proxy) -> None:
    page = proxy.ask("GET", "/login/")
    answer = log_in(proxy)
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    session, token = cookie_of(answer, "__Host-session"), cookie_of(page, "__Host-csrftoken")
    for cookie in (session, token):
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; ")) and "Domain" not in cookie, cookie
    assert "SameSite=Lax" in session and "SameSite=Strict" in token
    assert proxy.ask("GET", "/", headers={"Cookie": jar(session)}).status == 200


def test_a_form_of_another_origin_is_refused(proxy: Proxy) -> None:
    for origin in ("https://evil.example", f"http://{NAME}:{proxy.https}", "null"):
        assert log_in(proxy, Origin=origin).status == 403, origin


def test_forged_headers_do_not_reach_the_site(echo: Proxy) -> None:
    told = echo.ask("GET", "/", headers=FORGED).body.decode().lower()
    assert "203.0.113.9" not in told and "evil.example" not in told
    assert re.findall(r"^x-forwarded-proto: (.*?)\r?$", told, re.M) == ["https"]
    assert re.findall(r"^x-forwarded-for: (.*?)\r?$", told, re.M) == ["127.0.0.1"]
    assert re.findall(r"^host: (.*?)\r?$", told, re.M) == [f"{NAME}:{echo.https}"]


def test_headers_that_only_look_like_them_do_not_reach_the_site(echo: Proxy) -> None:
    """Django's names of both are the same."""
    told = echo.ask("GET", "/", headers={"X_Forwarded_Proto": "http", "X_Forwarded_For": "203.0.113.9"}).body
    assert b"203.0.113.9" not in told and b"_" not in told


def test_forged_headers_change_no_answer(proxy: Proxy) -> None:
    plain, forged = proxy.ask("GET", "/draws/"), proxy.ask("GET", "/draws/", headers=FORGED)
    assert plain.status == forged.status == 302
    assert plain.headers["Location"] == forged.headers["Location"] == "/login/?next=/draws/"


def test_another_host_name_gets_nothing_of_the_site(proxy: Proxy) -> None:
    try:
        answer = proxy.ask("GET", "/login/", headers={"Host": "evil.example"})
    except OSError:
        return  # hung up, which is an answer, too
    assert b"fifod" not in answer.body and not answer.cookies()


def test_a_body_that_is_too_large_is_refused(proxy: Proxy) -> None:
    assert proxy.ask("POST", "/login/", body=b"x" * (5 << 20)).status == 413


def test_headers_that_are_too_large_are_refused(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/login/", headers={"X-Long": "x" * (64 << 10)}).status in (400, 431)


def test_files_are_compressed_and_pages_are_not(proxy: Proxy) -> None:
    takes = {"Accept-Encoding": "gzip"}
    assert proxy.ask("GET", "/static/webui/site.css", headers=takes).headers["Content-Encoding"] == "gzip"
    assert proxy.ask("GET", "/login/", headers=takes).headers["Content-Encoding"] is None


def test_events_pass_at_once(proxy: Proxy) -> None:
    session = cookie_of(log_in(proxy), "__Host-session")
    connection = proxy.connect()
    try:
        headers = {"Host": f"{NAME}:{proxy.https}", "Cookie": jar(session), "Accept": "text/event-stream"}
        connection.request("GET", "/live/events", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.read1(65536), "nothing came while the stream is open"
    finally:
        connection.close()
