"""What is installed beside fifod's own code is what the lock files say, and may be there. CONTRIBUTING.md says what no
test here can tell: whether a package has a known fault."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-build.lock"]
ALLOWED = re.compile(
    r"\b(MIT|0?BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla Public License|MPL|LGPL|Unlicense)", re.I
)
"""Licences under which fifod, which is MIT, may use a package as it is."""
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)(?: *;[^\\]*)? \\$")


def name_of(text: str) -> str:
    """A package's name as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", text).lower()


def entries(lock: str) -> list[str]:
    """The lines of a lock file that name a package, with those that belong to it."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.M)
    return [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]


def pins(*locks: str) -> dict[str, str]:
    """The version of each package."""
    found: dict[str, str] = {}
    for lock in locks:
        for entry in entries(lock):
            pin = _PIN.match(entry.splitlines()[0])
            assert pin, f"{lock}: {entry.splitlines()[0]} is not pinned to one version"
            found[name_of(pin[1])] = pin[2]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_pinned_once_and_by_hashes_alone(lock: str) -> None:
    names = []
    for entry in entries(lock):
        first, *rest = entry.splitlines()
        pin = _PIN.match(first)
        assert pin, f"{first} is not pinned to one version"
        names.append(name_of(pin[1]))
        assert rest and all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in rest), entry
    assert names == sorted(set(names)), "a package stands twice, or they are not in order"


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place_to_get_packages_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--index|--extra|--find-links|--trusted|@ ?(git|file|http)", text)


def test_the_locks_agree() -> None:
    seen: dict[str, str] = {}
    for lock in LOCKS:
        for name, version in pins(lock).items():
            assert seen.setdefault(name, version) == version, f"{name} is pinned to two versions"


def test_what_is_installed_is_what_is_locked() -> None:
    installed = {name_of(package.metadata["Name"]): package.version for package in metadata.distributions()}
    for name, version in pins(*LOCKS).items():
        assert installed.get(name, version) == version, f"{name} {installed[name]} is not what the lock files say"
    assert pins("requirements.lock").keys() <= installed.keys()


def test_all_that_the_programs_need_is_installed_and_fits() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def imported(*folders: str) -> set[str]:
    """The top-level modules that some code imports, anywhere in it."""
    found = set()
    for path in [ROOT / "manage.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_the_programs_import_nothing_but_what_an_installation_has() -> None:
    providers = metadata.packages_distributions()
    locked = pins("requirements.lock")
    for module in imported("fifod", "webui") - sys.stdlib_module_names - {"fifod", "webui"}:
        assert any(name_of(name) in locked for name in providers.get(module, [])), f"nothing locked brings {module}"


def test_what_sets_fifod_up_imports_only_the_standard_library() -> None:
    assert imported("deploy") - sys.stdlib_module_names - {"deploy", "django"} == set()


@pytest.mark.parametrize("name", sorted(pins("requirements.lock")))
def test_the_licence_of_what_is_installed_with_fifod_allows_that(name: str) -> None:
    about = metadata.metadata(name)
    kinds = ("License-Expression", "License", "Classifier")
    said = [text for kind in kinds for text in about.get_all(kind) or []]
    # Some put the licence's whole text there, in which any name may stand.
    licences = [text for text in said if len(text) < 200 and ("License ::" in text or "::" not in text)]
    assert any(ALLOWED.search(text) for text in licences), f"{name}: {licences}"
    assert not any(re.search(r"\b(AGPL|Affero|GPL)", text) for text in licences), licences
