"""`history` and `show`: what the daemon tells about one's draws."""

from __future__ import annotations

import hashlib
import json
import os

from fifod import names
from fifod.cli import output
from fifod.cli.parser import Parser, add_timeout, whole
from fifod.client import Client
from fifod.errors import NotFound, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

SHOWN_VALUES = 40
MAX_DETAIL = 30
DEFAULTS = {"replacement": True, "base": 10, "format": "base64"}


def build(command: str) -> Parser:
    """The command's parser."""
    return {"history": _history_parser, "show": _show_parser}[command]()


def run(command: str, options: Namespace) -> int:
    """Ask the daemon and print."""
    with Client(timeout=options.timeout) as client:
        return {"history": _history, "show": _show}[command](client, options)


def _add_json(parser: Parser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=what)
    add_timeout(parser)


# --- history ---


def _history_parser() -> Parser:
    description = """\
List your draws, newest first: serial number, time (UTC), method, parameters and purpose. An auditor, who sees
everybody's, is told whose they are too."""
    parser = Parser("history", description, "  fifod-client history -n 100\n  fifod-client history --before 1200\n")
    parser.add_argument("-n", "--number", type=whole, default=20, metavar="N", help="how many (20)")
    parser.add_argument("--before", type=whole, metavar="SERIAL", help="only draws older than this one")
    _add_json(parser, "one line of JSON for each draw, with its record")
    return parser


def _history(client: Client, options: Namespace) -> int:
    if options.number < 1:
        raise UsageError("cannot list fewer than 1 draw: give -n a number from 1")
    left, before, drawers = options.number, options.before, False
    while left:
        page = client.draws(min(left, names.MAX_LISTED), before)
        draws, before = page["draws"], page["next"]
        drawers = drawers or _tells_drawers(draws)
        output.emit("".join([output.json_line(draw) if options.json else _row(draw, drawers) for draw in draws]))
        left -= len(draws)
        if before is None:
            _tell_of_archived(page)
            break
    return 0


def _tell_of_archived(page: dict[str, Any]) -> None:
    if last := page.get("archived"):
        output.tell(f"draws 1 to {last} were archived: if some of them are yours, they are not in this list")


def _tells_drawers(draws: list[dict[str, Any]]) -> bool:
    """Whether any of them is another's than the caller's, as an auditor sees them."""
    own = f"unix:{os.getuid()}"
    return any(_body(draw["body"]).get("drawer", own) != own for draw in draws)


def _row(draw: dict[str, Any], tells_drawer: bool) -> str:
    body = _body(draw["body"])
    details = " ".join([*map(_short, _params(body)), *_marks(body)])
    drawer = f"{body.get('drawer', '?'):<12}  " if tells_drawer else ""
    method = str(draw["method"] or "(erased)").removeprefix("generate")
    when = f"{draw['time'][:10]} {draw['time'][11:19]}"
    return (
        f"{draw['serialNumber']:>8}  {when}  {drawer}{method:<16}  {details:<24}  {draw['purpose'] or ''}".rstrip()
        + "\n"
    )


def _marks(body: dict[str, Any]) -> list[str]:
    about = [f"list of {body['input']['count']}"] if body.get("input") else []
    secret = ["secret"] if "seedHash" in body else []
    return [*about, *secret, *([names.CLASSIC] if body.get("transport") == names.CLASSIC else [])]


def _short(text: str) -> str:
    return text if len(text) <= MAX_DETAIL else f"{text[:MAX_DETAIL]}…"


def _body(text: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text) if text else {}
    return body


def _params(body: dict[str, Any]) -> list[str]:
    """Parameters as name=value, without what is usual."""
    params: dict[str, Any] = body.get("params", {})
    return [f"{name}={_compact(value)}" for name, value in params.items() if DEFAULTS.get(name, "") != value]


def _compact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# --- show ---


def _show_parser() -> Parser:
    description = """\
Show one of your draws again. With --json it is a receipt, to be checked by anyone with `fifod-client verify`.
A secret draw's values are shown to who gives the seed that it was drawn with."""
    examples = "  fifod-client show 17\n  fifod-client show 17 --json > receipt.json\n"
    parser = Parser("show", description, examples)
    parser.add_argument("serial", type=whole, metavar="SERIAL", help="the draw's serial number")
    parser.add_argument("--seed", metavar="HEX", help="the seed of a secret draw")
    _add_json(parser, "a receipt: one line of JSON with the record and the values")
    return parser


def _show(client: Client, options: Namespace) -> int:
    head, body, data = _find(client, options.serial)
    if options.seed is not None:
        data = _secret_values(_body(body), options.seed)
    if options.json:
        from fifod.ledger.receipt import receipt_of

        output.emit(output.json_line(receipt_of(head, body, data, options.seed)))
        return 0
    output.emit(_readable(head, body, data))
    return 0


def _find(client: Client, serial: int) -> tuple[str, str, list[Any] | None]:
    """Head, body and values; the daemon has no values of a secret draw or a stream."""
    try:
        result = client.result(serial).result
        return result["head"], result["body"], result.get("random", {}).get("data")
    except NotFound:
        draws = client.draws(1, before=serial + 1)["draws"]
        if not draws or draws[0]["serialNumber"] != serial:
            raise
        return draws[0]["head"], draws[0]["body"], None


def _secret_values(body: dict[str, Any], seed: str) -> list[Any] | None:
    try:
        opened = bytes.fromhex(seed)
    except ValueError:
        opened = b""
    if hashlib.sha256(opened).hexdigest() != body.get("seedHash"):
        raise UsageError("cannot open the draw: this is not the seed of a secret draw with that serial number")
    if body["method"] == names.STREAM:
        return None
    from decimal import Decimal

    from fifod.recipe import values

    found = values(body["method"], body["params"], opened)
    return [float(value) if isinstance(value, Decimal) else value for value in found]


def _readable(head_text: str, body_text: str, data: list[Any] | None) -> str:
    head, body = json.loads(head_text), _body(body_text)
    serial, digest = head["serial"], hashlib.sha256(head_text.encode()).hexdigest()
    rows = [("draw", str(serial)), ("time", head["time"]), ("hash", digest), *_about(body)]
    text = output.lines(f"{name + ':':<12}{value}" for name, value in rows)
    if data is not None:
        text += f"values:     {len(data)}\n" + output.lines(
            f"  {output.readable(value)}" for value in data[:SHOWN_VALUES]
        )
        if len(data) > SHOWN_VALUES:
            text += f"  and {len(data) - SHOWN_VALUES} more, all in fifod-client show {serial} --json\n"
    return text + (
        "\nNote the hash, or give it to whom it concerns: while the ledger holds it, nothing before it was changed.\n"
        f"  fifod-client verify --expect {serial}:{digest}\n"
    )


def _about(body: dict[str, Any]) -> list[tuple[str, str]]:
    if not body:
        return [("record", "its body was erased; the chain of hashes holds without it")]
    rows = [("drawer", body["drawer"])]
    if body.get("transport") == names.CLASSIC:
        rows.append(("client", names.classic_client(body.get("claimedPid"))))
    rows += [("method", body["method"]), ("params", " ".join(_params(body)) or "none")]
    if body.get("purpose"):
        rows.append(("purpose", body["purpose"]))
    if body.get("input"):
        rows.append(("list", f"{body['input']['count']} items, SHA-256 {body['input']['sha256']}"))
    rows.append(("recipe", body["recipe"]))
    rows.append(("seed", body["seed"]) if "seed" in body else ("seed", f"secret, its SHA-256 is {body['seedHash']}"))
    if body.get("repeatable"):
        rows.append(
            ("repeatable", "yes: others may have known the values beforehand, so this is no evidence of a fair draw")
        )
    return rows
