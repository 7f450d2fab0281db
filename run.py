"""`python run.py …` is `blogen …`."""

import sys

from blogen.cli import main

if __name__ == "__main__":
    sys.exit(main())
