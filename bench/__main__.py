"""`python -m bench [--peers]`: every benchmark, one after the other; exit 1 if one missed a target."""

import argparse
import subprocess
import sys

from bench.common import ROOT

ALL = ("store", "engine", "inflight", "providers", "recovery", "startup", "api", "reader", "scale")
APART = ("app",)
"""Not among all: it needs the phone app's build and a browser."""
TAKE_PEERS = {"engine"}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    there_are = ", ".join((*ALL, *APART))
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {there_are}; default: all but app")
    arguments.add_argument("--peers", action="store_true", help="measure the engine beside Huey and DBOS too")
    chosen = arguments.parse_args()
    if unknown := set(chosen.names) - {*ALL, *APART}:
        arguments.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {there_are}")
    missed = []
    for name in chosen.names or ALL:
        extra = ["--peers"] if chosen.peers and name in TAKE_PEERS else []
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *extra], cwd=ROOT, check=False).returncode:
            missed.append(name)
        print(flush=True)
    if missed:
        print(f"Missed a target: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
