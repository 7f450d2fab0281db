"""The lines of a job's timeline: a number in the table, a name everywhere else."""

from enum import IntEnum


class Line(IntEnum):
    SUBMITTED = 1
    MOVED = 2
    WAITING = 3
    WOKEN = 4
    APPROVED = 5
    REJECTED = 6
    TASK_MOVED = 7
    STEP_BEGUN = 11
    STEP_HANDLE = 12
    STEP_FINISHED = 13
    STEP_FAILED = 14
    STEP_DOUBTED = 15
    STEP_DISCARDED = 16


NAMES = {line.value: line.name.lower() for line in Line}
