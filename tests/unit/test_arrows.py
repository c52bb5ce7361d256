"""Imports point one way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS: list[set[str]] = [
    {"fifod", "fifod.errors", "fifod.names", "fifod.types"},
    {"fifod.checks", "fifod.params", "fifod.keystream", "fifod.gaussians", "fifod.recipe", "fifod.wire", "fifod.reply"},
    {
        "fifod.ledger",
        "fifod.fifos",
        "fifod.owners",
        "fifod.log",
        "fifod.config",
        "fifod.activation",
        "fifod.latency",
        "fifod.notify",
    },
    {
        "fifod.keys",
        "fifod.quota",
        "fifod.state",
        "fifod.supervision",
        "fifod.draw",
        "fifod.queries",
        "fifod.archiving",
        "fifod.service",
        "fifod.courier",
    },
    {"fifod.channel", "fifod.rota", "fifod.clients", "fifod.parking", "fifod.intake", "fifod.delivery", "fifod.upkeep"},
    {"fifod.daemon", "fifod.client"},
    {"fifod.classic"},
    {"fifod.__main__", "fifod.cli", "fifod.journal_reader"},
]
"""A module may import from its own layer or from one above it in this list; within a layer too there are no circles."""

DAEMON_SIDE = {
    "fifod.daemon",
    "fifod.service",
    "fifod.channel",
    "fifod.clients",
    "fifod.rota",
    "fifod.parking",
    "fifod.delivery",
    "fifod.intake",
    "fifod.latency",
    "fifod.queries",
    "fifod.archiving",
    "fifod.draw",
    "fifod.state",
    "fifod.activation",
    "fifod.supervision",
    "fifod.upkeep",
    "fifod.__main__",
}
CLIENT_SIDE = {"fifod.client", "fifod.courier", "fifod.reply", "fifod.classic.client", "fifod.cli"}
FOR_THE_WEB = {
    "fifod",
    "fifod.checker",
    "fifod.classic.places",
    "fifod.classic.trace",
    "fifod.client",
    "fifod.courier",
    "fifod.errors",
    "fifod.names",
    "fifod.ledger",
    "fifod.ledger.chain",
    "fifod.ledger.noted",
    "fifod.ledger.reader",
    "fifod.ledger.receipt",
    "fifod.ledger.record",
    "fifod.notify",
}
WITHOUT_IO = {
    "fifod.wire",
    "fifod.checks",
    "fifod.params",
    "fifod.types",
    "fifod.recipe",
    "fifod.gaussians",
    "fifod.keystream",
    "fifod.errors",
    "fifod.classic.frames",
}
DOES_IO = {
    "os",
    "io",
    "socket",
    "select",
    "selectors",
    "subprocess",
    "pathlib",
    "fcntl",
    "mmap",
    "shutil",
    "tempfile",
    "threading",
    "signal",
    "time",
    "random",
    "secrets",
    "logging",
}
SLOW_TO_IMPORT = {"msgspec", "dataclasses", "logging", "inspect", "pathlib", "secrets", "subprocess"}
STARTS_FAST = {
    "fifod.client",
    "fifod.courier",
    "fifod.reply",
    "fifod.fifos",
    "fifod.errors",
    "fifod.names",
    "fifod.classic.client",
    "fifod.classic.frames",
    "fifod.classic.places",
}


def modules(package: str) -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


FIFOD, WEB = modules("fifod"), modules("webui")


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """The modules that a file imports; without `lazy` only those that it imports when it is imported itself."""
    nodes = list(ast.walk(tree := ast.parse(path.read_text())))
    if not lazy:
        hidden = [node for node in nodes if isinstance(node, ast.FunctionDef) or is_type_checking(node)]
        inside = {id(child) for node in hidden for child in ast.walk(node)}
        nodes = [node for node in ast.walk(tree) if id(node) not in inside]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in FIFOD or full in WEB else str(node.module)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def layer(module: str) -> int:
    for package in ("fifod.cli", "fifod.classic", "fifod.ledger"):
        if module.startswith(f"{package}."):
            module = package
    found = [number for number, layer in enumerate(LAYERS) if module in layer]
    assert found, f"{module} has no layer yet: give it one"
    return found[0]


def own(path: Path) -> set[str]:
    return {name for name in imports(path) if name in FIFOD}


@pytest.mark.parametrize("module", [name for name in FIFOD if name != "fifod.checker"])
def test_a_module_imports_only_from_above_it(module: str) -> None:
    assert {name for name in own(FIFOD[module]) if layer(name) > layer(module)} == set()


def test_no_imports_go_in_a_circle() -> None:
    left = {name: own(path) - {name} for name, path in FIFOD.items()}
    while left:
        free = {name for name, needed in left.items() if not needed & left.keys()}
        assert free, f"a circle among {sorted(left)}"
        left = {name: needed for name, needed in left.items() if name not in free}


def test_daemon_and_client_never_import_each_other() -> None:
    def reaches(module: str) -> set[str]:
        seen: set[str] = set()
        todo = [module]
        while todo:
            new = own(FIFOD[todo.pop()]) - seen
            seen |= new
            todo += new
        return seen

    for module in DAEMON_SIDE & FIFOD.keys():
        assert not reaches(module) & CLIENT_SIDE, module
    for module in FIFOD:
        if module in CLIENT_SIDE or module.startswith("fifod.cli."):
            assert not reaches(module) & (DAEMON_SIDE - {"fifod.draw"}), module


@pytest.mark.parametrize("module", WEB)
def test_the_web_site_uses_the_client_the_ledgers_reader_and_nothing_else(module: str) -> None:
    assert {name for name in imports(WEB[module]) if name.startswith("fifod")} <= FOR_THE_WEB


@pytest.mark.parametrize("module", sorted(WITHOUT_IO))
def test_what_only_computes_does_no_io(module: str) -> None:
    assert {name.partition(".")[0] for name in imports(FIFOD[module])} & DOES_IO == set()


def test_only_one_module_makes_and_opens_fifos() -> None:
    makers = {name for name, path in FIFOD.items() if "mkfifo" in path.read_text() and "os.mkfifo(" in path.read_text()}
    assert makers == {"fifod.fifos"}


@pytest.mark.parametrize("module", sorted(STARTS_FAST))
def test_what_every_client_loads_is_quick_to_load(module: str) -> None:
    assert set(imports(FIFOD[module], lazy=False)) & SLOW_TO_IMPORT == set()


def test_the_checker_imports_only_the_standard_library() -> None:
    assert {name.partition(".")[0] for name in imports(FIFOD["fifod.checker"])} <= sys.stdlib_module_names
