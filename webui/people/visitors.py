"""Where a request comes from, as far as it can be known, and with what."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

_IPV6_SITE = 64
MOST_AGENT = 300


@dataclass(frozen=True)
class Visitor:
    """The other end of a request."""

    address: str = ""
    agent: str = ""


def of(request: HttpRequest) -> Visitor:
    """Who asks."""
    agent = "".join(char for char in request.headers.get("User-Agent", "")[:MOST_AGENT] if char.isprintable())
    return Visitor(address(request), agent)


def address(request: HttpRequest) -> str:
    """The address of the browser.

    Behind a proxy that speaks TLS it is the last one in X-Forwarded-For: that the proxy itself wrote, whatever its
    client had put before. Without such a proxy the header could be anybody's, and is not looked at.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    if settings.BEHIND_TLS:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return _plain(told) or _plain(peer)
    return _plain(peer)


def site(address: str) -> str:
    """What counts as one place: an IPv4 address, or the IPv6 network of which one machine can have every address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_SITE), strict=False).network_address)


def _plain(text: str) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """The browser's name, if it is a known one. Most claim others' names too, so the order matters."""
    return _first(_BROWSERS, agent)


def system(agent: str) -> str:
    """The system's name likewise."""
    return _first(_SYSTEMS, agent)


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in known if mark in agent), "")
