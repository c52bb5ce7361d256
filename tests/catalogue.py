"""`python -m tests.catalogue`: takes what is newly marked for translation into the French catalogue, and compiles it.

What has no French yet, or only a guess of gettext's, is listed; one writes it into the catalogue and runs this again.
"""

import os
import subprocess
import sys
from pathlib import Path

import polib

SITE = Path(__file__).parent.parent / "webui"
PLACE = Path("locale", "fr", "LC_MESSAGES", "django.po")
_DATES = ("POT-Creation-Date", "PO-Revision-Date", "Report-Msgid-Bugs-To")


def main() -> int:
    """Run the command; the exit status is 1 if something has no French."""
    catalogue = renew(SITE)
    lacking = [entry.msgid for entry in catalogue if not entry.translated()]
    for text in lacking:
        print(text)
    print(f"{len(lacking)} of {len(catalogue)} texts have no French yet")
    return 1 if lacking else 0


def renew(site: Path) -> polib.POFile:
    """Bring a site's catalogue up to date with its sources, without anything that changes by itself."""
    extract(site)
    catalogue = polib.pofile(str(site / PLACE))
    for name in _DATES:
        catalogue.metadata.pop(name, None)
    for entry in catalogue.obsolete_entries():
        catalogue.remove(entry)
    catalogue.save()
    (site / PLACE).with_suffix(".mo").write_bytes(catalogue.to_binary())
    return catalogue


def extract(site: Path) -> None:
    """Have Django find the marked texts, with gettext's programs, and merge them into the catalogue."""
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "fr", "--no-location", "--verbosity", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=site, env=environment, check=True, timeout=120)


if __name__ == "__main__":
    sys.exit(main())
