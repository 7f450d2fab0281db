"""One clear message on stderr: what is wrong, where, and what to do."""

import sys

from blogen.cli.exits import FAILED, UNUSABLE
from blogen.cli.plain import visible
from blogen.errors import BlogenError, InvalidInput, NotFound, StoreError


def complain(error: Exception) -> int:
    """Say what went wrong; the exit code that belongs to it."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:  # as task groups hand an error on
        error = error.exceptions[0]
    if isinstance(error, BlogenError):
        sys.stderr.write(worded(error))
        return UNUSABLE if isinstance(error, InvalidInput | NotFound | StoreError) else FAILED
    if isinstance(error, OSError):
        say(f"{error.filename + ': ' if isinstance(error.filename, str) else ''}{error.strerror or error}.")
        return FAILED
    say(
        f"Something unexpected went wrong ({type(error).__name__}: {error}).",
        "Run the command again with --debug to see where, and report it, please.",
    )
    return FAILED


def worded(error: BlogenError) -> str:
    lines = [f"blogen: {visible(error.detail)}"]
    if not _repeats(error):
        lines += [f"  {visible(place)}: {visible(message)}" for place, message in error.errors]
    if error.remedy:
        lines.append(f"  {visible(error.remedy)}")
    return "\n".join(lines) + "\n"


def say(message: str, remedy: str = "") -> None:
    """A sentence of the program's own on stderr."""
    sys.stderr.write(f"blogen: {visible(message)}\n" + (f"  {visible(remedy)}\n" if remedy else ""))


def _repeats(error: BlogenError) -> bool:
    return all(message in error.detail for _, message in error.errors)
