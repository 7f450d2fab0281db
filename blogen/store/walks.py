"""Lists of which some rows are not for everyone's eyes: walked along their index in bounded pieces."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_MOST_TURNS = 5
"""Pieces that are read for one page: it may be short, or empty, where most rows are hidden."""


Page = tuple[list[T], str | None]
"""Items, and the id behind which the list goes on; None at its end."""


async def walk(
    piece: Callable[[str | None, int], Awaitable[list[tuple[str, T | None]]]], start: str | None, limit: int
) -> Page[T]:
    """At most `limit` items behind `start`.

    `piece(start, count)` gives at most `count` rows of the list behind `start`: each by its id, with what the viewer
    sees of it, or None.
    """
    found: list[T] = []
    for _ in range(_MOST_TURNS):
        rows = await piece(start, limit + 1)
        for place, (id_, item) in enumerate(rows):
            if item is not None:
                found.append(item)
            start = id_
            if len(found) == limit:
                return found, start if place + 1 < len(rows) or len(rows) > limit else None
        if len(rows) <= limit:
            return found, None
    return found, start
