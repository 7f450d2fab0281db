"""The command line: `blogen COMMAND …`, each command group in a file of its own.

Exit codes: 0 done · 1 something failed · 2 the input, the configuration or the data folder cannot be used ·
3 the job failed · 4 the job waits for a person · 130 interrupted.
"""

import io
import os
import sys
from collections.abc import Sequence

from blogen.cli.arguments import parse
from blogen.cli.complaints import complain, say
from blogen.cli.exits import FAILED, INTERRUPTED
from blogen.tuning import start_quickly


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Nothing escapes as a traceback unless `--debug` asks for it."""
    start_quickly()
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
    except SystemExit as stop:  # argparse has said what there is to say
        return stop.code if isinstance(stop.code, int) else FAILED
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a title must not break a list where the terminal lacks its letters
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # e.g. `blogen jobs list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if arguments.debug:
            raise
        return complain(error)
