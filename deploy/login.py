"""The first login of a trial: a name and a random password, kept so that the next start can show them again."""

import os
import secrets
import subprocess
from pathlib import Path

from deploy.problem import Problem

# No letters or digits that look like each other: people type this.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 4, 4


class Login:
    """A superuser of the web site whose password lies in a file for its owner alone."""

    user = "admin"

    def __init__(self, file: Path, database: Path, manage: list[str], env: dict[str, str]) -> None:
        self.file = file
        self.database = database
        self._manage = manage
        self._env = env

    @property
    def is_new(self) -> bool:
        """Whether it has still to be made: a password that its user has changed since is left alone."""
        return not (self.file.exists() and self.database.exists())

    def make(self) -> None:
        """Make it in the database, then keep its password."""
        password = new_password()
        command = [*self._manage, "firstlogin", self.user]
        done = subprocess.run(
            command, env=self._env, input=f"{password}\n", text=True, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise Problem(
                f"the first login could not be made: {done.stderr.strip().splitlines()[-1:] or 'no reason given'}"
            )
        draft = self.file.with_name(f".{self.file.name}")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            print(password, file=file)
        draft.replace(self.file)

    def password(self) -> str:
        """The password as first made."""
        return self.file.read_text().strip()


def new_password() -> str:
    """A random password that a person can type."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
