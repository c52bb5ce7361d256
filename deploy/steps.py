"""The steps of an installation or a removal: each says what it does, and does it unless this is a dry run."""

from collections.abc import Callable
from pathlib import Path

from deploy.progress import Progress


class Steps(Progress):
    """Announces each step; in a dry run that is all."""

    def __init__(self, log: Path, dry_run: bool) -> None:
        super().__init__(log)
        self.dry_run = dry_run

    def run(self, step: str, command: list[str], env: dict[str, str] | None = None) -> None:
        """Run a command that may take a while."""
        if self.dry_run:
            self.say(f"  {step} ...")
        else:
            super().run(step, command, env)

    def do(self, step: str, action: Callable[[], object]) -> None:
        """Do something that takes no time worth telling."""
        self.say(f"  {step} ...")
        if not self.dry_run:
            action()
