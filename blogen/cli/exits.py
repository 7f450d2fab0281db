"""What the exit codes mean."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
"""The usage, the input, the configuration or the data folder."""
JOB_FAILED: Final = 3
JOB_WAITS: Final = 4
"""For a person: a review, a decision, money."""
INTERRUPTED: Final = 130
