"""How these scripts end early: by a problem, told in one line with its object and reason, or because somebody asked."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)


class Problem(Exception):
    """Something that ends the script; its text is all that a person sees."""


class Stopped(Exception):
    """A signal or a closed terminal asked for the end; the text names it."""


def explain(error: OSError) -> str:
    """Say in one line what an unforeseen error of the system means."""
    name = error.filename or "a file below this folder"
    if error.errno in FULL:
        return f"the disk is full: {name} could not be written; free some space and start again"
    return f"{name}: {error.strerror or error}"
