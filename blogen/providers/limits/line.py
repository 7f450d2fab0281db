"""Who waits for a turn: levels by priority, in a level the jobs in turn, of a job the calls in the order of arrival.

A job with many calls at once has one place among the jobs of its level, as a job with a single call has.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blogen.providers.limits.turns import Turn


class Level:
    """Those of one priority. `since`: when it last had a turn, or when its first call came."""

    __slots__ = ("_jobs", "priority", "since")

    def __init__(self, priority: int, since: float) -> None:
        self.priority = priority
        self.since = since
        # OrderedDict: the first of a plain dict is the harder to find the more have left it.
        self._jobs: OrderedDict[str, OrderedDict[Turn, None]] = OrderedDict()

    @property
    def first(self) -> "Turn":
        """Whose turn it is."""
        return next(iter(next(iter(self._jobs.values()))))

    def add(self, turn: "Turn") -> None:
        self._jobs.setdefault(turn.job, OrderedDict())[turn] = None

    def leave(self, turn: "Turn") -> None:
        calls = self._jobs[turn.job]
        del calls[turn]
        if not calls:
            del self._jobs[turn.job]

    def served(self, job: str, now: float) -> None:
        """`job` had a turn; the next one is for another."""
        self.since = now
        if job in self._jobs:
            self._jobs.move_to_end(job)

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __contains__(self, turn: "Turn") -> bool:
        return turn in self._jobs.get(turn.job, ())

    def __iter__(self) -> Iterator["Turn"]:
        for calls in self._jobs.values():
            yield from calls


class Line:
    """All who wait for one machine. Every verb takes the same time however many they are."""

    def __init__(self) -> None:
        self._levels: dict[int, Level] = {}
        self._length = 0

    @property
    def levels(self) -> Collection[Level]:
        """In no order."""
        return self._levels.values()

    def add(self, turn: "Turn", now: float) -> None:
        level = self._levels.get(turn.priority)
        if level is None:
            level = self._levels[turn.priority] = Level(turn.priority, now)
        level.add(turn)
        self._length += 1

    def leave(self, turn: "Turn") -> None:
        """`turn` waits no longer, if it still did."""
        level = self._levels.get(turn.priority)
        if level is not None and turn in level:
            level.leave(turn)
            self._length -= 1
            if not level:
                del self._levels[turn.priority]

    def take(self, level: Level, now: float) -> "Turn":
        """The next of `level`, who waits no longer."""
        turn = level.first
        self.leave(turn)
        level.served(turn.job, now)
        return turn

    def clear(self) -> list["Turn"]:
        """Everyone; nobody waits any more."""
        everyone = [turn for level in self._levels.values() for turn in level]
        self._levels.clear()
        self._length = 0
        return everyone

    def __len__(self) -> int:
        return self._length
