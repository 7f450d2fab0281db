"""A picture that a service draws in phases (Midjourney) is a state machine of its own, inside one step of a job.

submitting → submitted → in_progress → grid_ready → [upscaling] → downloading → done;
from any state that is not final: failed, cancelled.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

from blogen.errors import IllegalTransition


class ImageTaskState(StrEnum):
    SUBMITTING = "submitting"
    """The order is on its way; whether it has arrived is not known yet."""
    SUBMITTED = "submitted"
    IN_PROGRESS = "in_progress"
    GRID_READY = "grid_ready"
    """Four small pictures are there, as the quarters of one."""
    UPSCALING = "upscaling"
    """One of the four is wanted large: about to be ordered, or being made."""
    DOWNLOADING = "downloading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL

    def check_move(self, target: "ImageTaskState") -> None:
        """Raise `IllegalTransition` unless the table allows it."""
        if target not in TRANSITIONS[self]:
            allowed = ", ".join(sorted(TRANSITIONS[self])) or "nothing: it is final"
            raise IllegalTransition(
                f"A picture that is {self} cannot become {target}.", remedy=f"From there it can become: {allowed}."
            )


FINAL = frozenset({ImageTaskState.DONE, ImageTaskState.FAILED, ImageTaskState.CANCELLED})

PATH: tuple[ImageTaskState, ...] = tuple(
    state for state in ImageTaskState if state not in {ImageTaskState.FAILED, ImageTaskState.CANCELLED}
)
"""The way of a picture that meets no trouble."""


def _transitions() -> Mapping[ImageTaskState, frozenset[ImageTaskState]]:
    ends = {ImageTaskState.FAILED, ImageTaskState.CANCELLED}
    table = {origin: {target, *ends} for origin, target in pairwise(PATH)}
    # Who asks seldom may never see it at work.
    table[ImageTaskState.SUBMITTED] |= {ImageTaskState.GRID_READY}
    # The grid may also be cut up, with nothing more to be ordered.
    table[ImageTaskState.GRID_READY] |= {ImageTaskState.DOWNLOADING}
    return {state: frozenset(table.get(state, ())) for state in ImageTaskState}


TRANSITIONS = _transitions()
"""What is legal; no way leads back. Everything else raises `IllegalTransition`."""
