"""The token of the trial's metrics: made once, in a file for its owner alone."""

import os
import secrets
from pathlib import Path


def keep_token(file: Path) -> None:
    """Make the file with a random token in it, unless it is there."""
    if file.exists():
        return
    draft = file.with_name(f".{file.name}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        print(secrets.token_urlsafe(32), file=out)
    draft.replace(file)
