"""The commands that deploy/README.md gives to operators, for tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "deploy" / "README.md").read_text()


def commands(heading: str) -> list[str]:
    """The blocks of shell commands in a section."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall("^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
