"""The checker stands alone, and finds whatever was changed in a receipt or a ledger."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fifod import checker

CHECKER = Path(checker.__file__)
VECTORS = Path(__file__).parents[1] / "vectors.json"
SEED = bytes(range(32))
TIME = "2026-11-23T08:00:00.123456Z"
Document = dict[str, Any]


def run(command: str, *paths: Path | str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(CHECKER), command, *map(str, paths)]
    return subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def head_of(body: str, prev: str = "0" * 64, kind: str = "draw", **serial: int) -> str:
    return json.dumps({"v": 1, "kind": kind, **serial, "time": TIME, "body": sha256(body), "prev": prev})


def body_of(**changed: Any) -> Document:
    params = {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10}
    body = {"drawer": "unix:1000", "method": "generateIntegers", "params": params, "recipe": "fifod-1"}
    return body | {"seed": SEED.hex()} | changed


def receipt_of(body: Document | None = None, **changed: Any) -> Document:
    body = body_of() if body is None else body
    text = json.dumps(body, ensure_ascii=False)
    data = [] if body["method"] == "stream" else checker.values(body["method"], body["params"], SEED)
    return {"receipt": "fifod-receipt-1", "head": head_of(text, serial=17), "body": text, "data": data} | changed


def check(receipt: Document) -> subprocess.CompletedProcess[str]:
    return run("receipt", "-", stdin=json.dumps(receipt))


def test_it_imports_the_standard_library_only() -> None:
    nodes = list(ast.walk(ast.parse(CHECKER.read_text())))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


def test_a_copy_of_it_runs_on_its_own(tmp_path: Path) -> None:
    copy = tmp_path / "checker.py"
    copy.write_bytes(CHECKER.read_bytes())
    line = [sys.executable, "-I", "-S", str(copy), "vectors", str(VECTORS)]
    assert subprocess.run(line, capture_output=True, timeout=60, check=False).returncode == 0


def test_all_vectors_hold() -> None:
    told = run("vectors", VECTORS)
    assert (told.returncode, told.stderr) == (0, "")
    assert "vectors computed" in told.stdout


def test_a_changed_vector_is_named(tmp_path: Path) -> None:
    vectors = json.loads(VECTORS.read_text())
    vectors["vectors"][0]["data"][3] += 1
    (tmp_path / "v.json").write_text(json.dumps(vectors))
    told = run("vectors", tmp_path / "v.json")
    assert told.returncode == 1
    assert "vector 1, generateIntegers: data[3] is" in told.stdout


def test_a_good_receipt_holds_and_names_its_draw() -> None:
    receipt = receipt_of()
    told = check(receipt)
    assert told.returncode == 0, told.stdout
    assert "serial number 17\n" in told.stdout
    assert f"hash {sha256(receipt['head'])}\n" in told.stdout


def reseeded(receipt: Document) -> None:
    receipt["body"] = receipt["body"].replace("0001", "0002")


FORGERIES: dict[str, Callable[[Document], object]] = {
    "data[2] is": lambda r: r["data"].__setitem__(2, 101),
    "data is": lambda r: r["data"].append(5),
    "data[0] is 'True'": lambda r: r["data"].__setitem__(0, True),
    "the body has not the SHA-256": reseeded,
    "not of the form fifod-receipt-1": lambda r: r.update(receipt="fifod-receipt-2"),
    "not of a draw": lambda r: r.update(head=head_of(r["body"], kind="note")),
    "the head is not proper JSON": lambda r: r.update(head=r["head"][:-1]),
    "a name stands twice": lambda r: r.update(head=r["head"][:-1] + ', "serial": 18}'),
    "the head has not the members": lambda r: r.update(head=r["head"][:-1] + ', "more": 18}'),
    "cannot be checked": lambda r: r.pop("body"),
}


@pytest.mark.parametrize("fault", FORGERIES)
def test_a_changed_receipt_is_refused_by_name(fault: str) -> None:
    receipt = receipt_of()
    FORGERIES[fault](receipt)
    told = check(receipt)
    assert told.returncode == 1
    assert fault in told.stdout
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"recipe": "fifod-2"}, "the recipe is 'fifod-2'"),
        ({"method": "generateCards"}, "has no recipe"),
        ({"seed": SEED.hex().upper()}, "64 lower-case hex digits"),
        ({"seed": 5}, "64 lower-case hex digits"),
        ({"seedHash": sha256(SEED)}, "not one seed"),
        ({"params": {"n": 10**12, "min": 1, "max": 6}}, "the parameter n"),
        ({"params": {"n": 7, "min": 1, "max": 6, "replacement": False}}, "7 different values"),
        ({"params": {"n": 5, "min": 6, "max": 1}}, "the parameter max"),
    ],
)
def test_a_body_that_no_draw_has_is_refused(changed: Document, fault: str) -> None:
    text = json.dumps(body_of(**changed))
    told = check(receipt_of() | {"body": text, "head": head_of(text, serial=17)})
    assert told.returncode == 1
    assert fault in told.stdout


def secret(**changed: Any) -> Document:
    body = body_of(seedHash=sha256(SEED))
    del body["seed"]
    return receipt_of(body, **changed)


def test_a_secret_draw_is_proven_by_its_seed_alone() -> None:
    assert check(secret(seed=SEED.hex())).returncode == 0
    told = check(secret(seed=bytes(32).hex()))
    assert (told.returncode, "the seed is not the one in the record" in told.stdout) == (1, True)
    assert check(secret()).returncode == 1


def test_a_secret_receipt_without_values_says_that_none_were_compared() -> None:
    told = check(secret(data=None))
    assert told.returncode == 0
    assert "not compared" in told.stdout


@pytest.mark.parametrize("number", ["0.5", "0.50", "5e-1"])
def test_numbers_are_compared_by_value(number: str) -> None:
    shown = json.loads(f"[{number}]", parse_float=Decimal)
    assert list(checker.differences([Decimal("0.5")], shown)) == []
    assert list(checker.differences([Decimal("0.50000000000001")], shown)) != []


def lines_of_ledger(draws: int = 4) -> list[str]:
    lines, prev = [], "0" * 64
    for serial in range(draws + 1):
        body = json.dumps(body_of(purpose=f"draw {serial}") if serial else {"identity": "a" * 64})
        head = head_of(body, prev, "draw", serial=serial) if serial else head_of(body, prev, "ledger")
        lines.append(f"{head}\t{body}\n")
        prev = sha256(head)
    return lines


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(lines))
    return path


def test_a_good_ledger_holds(tmp_path: Path) -> None:
    lines = lines_of_ledger()
    written(tmp_path / f"{1:020}.jsonl", lines)
    told = run("ledger", tmp_path)
    assert told.returncode == 0, told.stdout
    assert f"last serial number 4, last hash {sha256(lines[-1].partition(chr(9))[0])}" in told.stdout


def test_a_ledger_of_several_files_is_one_chain(tmp_path: Path) -> None:
    lines = lines_of_ledger()
    body = json.dumps({"identity": "a" * 64, "previous": f"{1:020}.jsonl"})
    segment = head_of(body, sha256(lines[-1].partition("\t")[0]), "segment")
    written(tmp_path / f"{1:020}.jsonl", lines)
    second = written(tmp_path / f"{5:020}.jsonl", [f"{segment}\t{body}\n"])
    assert run("ledger", tmp_path).returncode == 0
    assert run("ledger", second).returncode == 0
    assert run("ledger", second, tmp_path / f"{1:020}.jsonl").returncode == 1


def test_a_ledger_without_its_bodies_still_holds(tmp_path: Path) -> None:
    heads = [line.partition("\t")[0] + "\n" for line in lines_of_ledger()]
    told = run("ledger", written(tmp_path / "heads", heads))
    assert told.returncode == 0, told.stdout
    assert "5 without their body" in told.stdout


def every_byte_changed(lines: list[str]) -> list[list[str]]:
    """The ledger again and again, each time with another byte of the second draw changed."""
    line = lines[2]
    changed = [line[:i] + chr(ord(line[i]) ^ 1) + line[i + 1 :] for i in range(len(line))]
    return [[*lines[:2], other, *lines[3:]] for other in changed]


def test_each_changed_byte_of_a_ledger_is_found(tmp_path: Path) -> None:
    for number, lines in enumerate(every_byte_changed(lines_of_ledger(3))):
        path = written(tmp_path / "ledger", lines)
        assert list(checker.ledger([str(path)])), f"byte {number} was changed unseen"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lines: lines.pop(1), "line 2: prev is not the hash"),
        (lambda lines: lines.pop(2), "line 3: serial 3 does not follow 1"),
        (lambda lines: lines.insert(2, lines[2]), "line 4: serial 2 does not follow 2"),
        (lambda lines: lines.insert(2, lines.pop(3)), "line 3: serial 3 does not follow 1"),
        (lambda lines: lines.append(lines.pop()[:-1]), "line 5: the line has no newline"),
        (lambda lines: lines.insert(2, lines.pop(2).replace("draw 2", "draw 3")), "line 3: the body has not"),
        (lambda lines: lines.insert(2, lines.pop(2).replace("unix", "unit", 1)), "line 3: the body has not"),
        (lambda lines: lines.insert(2, lines[0]), "line 3: not a file's first record"),
        (lambda lines: lines.insert(2, "\n"), "line 3: the head is not proper JSON"),
    ],
)
def test_a_changed_ledger_is_found_and_the_line_named(
    tmp_path: Path, change: Callable[[list[str]], object], fault: str
) -> None:
    lines = lines_of_ledger()
    change(lines)
    told = run("ledger", written(tmp_path / "ledger", lines))
    assert told.returncode == 1
    assert fault in told.stdout, told.stdout
    assert told.stderr == ""


def test_an_absent_file_is_one_line(tmp_path: Path) -> None:
    told = run("receipt", tmp_path / "none")
    assert (told.returncode, told.stderr) == (1, "")
    assert "cannot be checked" in told.stdout
