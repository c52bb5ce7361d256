"""What the web site says about itself at /healthz."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any

PARTS = ("daemon", "recorder", "database")


def report(port: int, timeout: float = 1) -> dict[str, Any]:
    """What it says; nothing if it cannot be asked."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        found = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return found if isinstance(found, dict) else {}


def unwell(found: dict[str, Any]) -> set[str]:
    """The parts that are not well; a recorder that has only old records still to write is."""
    parts = {name for name in PARTS if not found.get(name, {}).get("ok")}
    if "recorder" in parts and found.get("recorder", {}).get("state") == "catching up":
        parts.remove("recorder")
    return parts
