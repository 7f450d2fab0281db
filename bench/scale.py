"""A blog of a million posts: what the app's own statements take, at its newest end and far down.

The stores are asked as the server asks them; each statement that they run is then run again and again by itself, on a
connection with the settings of a reader, so that what is measured is the statement and not the hop to a thread. The
places of a list take turns.

`python -m bench.scale POSTS` takes another number than a million.
"""

import argparse
import asyncio
import random
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from bench import crowd
from bench.common import Verdicts, table
from blogen.clock import SystemClock
from blogen.events import Bus
from blogen.store.database import _PRAGMAS, _READER_PRAGMAS, Database, Params
from blogen.store.feeds import Feeds
from blogen.store.posts import PostCursor, Posts
from blogen.store.search import Search

TIMES = 300
SEARCHES = 100
PAGE = 20
Statement = tuple[str, tuple[object, ...]]
Ask = Callable[[], Awaitable[object]]


class Heard(Database):
    """Notes the statements that are read."""

    statements: list[Statement]

    async def read(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        self.statements.append((sql, tuple(params)))
        return await super().read(sql, params)

    async def look_up(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        self.statements.append((sql, tuple(params)))
        return await super().look_up(sql, params)


async def main(posts: int) -> None:
    path = crowd.crowded(posts)
    database = await Heard.open(path)
    assert isinstance(database, Heard)
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    for pragma in (*_PRAGMAS, *_READER_PRAGMAS):
        reader.execute(pragma)
    verdicts = Verdicts()
    await lists(database, reader, posts, verdicts)
    await slugs(database, reader, posts, verdicts)
    await follows(database, reader, verdicts)
    await searches(database, reader, verdicts)
    reader.close()
    await database.close()
    verdicts.exit()


async def lists(database: Heard, reader: sqlite3.Connection, posts: int, verdicts: Verdicts) -> None:
    """Pages of the lists of everyone at three depths."""
    store, feeds = Posts(database), Feeds(database, SystemClock(), Bus())
    author, tag = crowd.author_handle(crowd.SILENT.stop), crowd.tag(0)
    rows = []
    for name, ask in (
        ("feed", partial(feeds.latest, PAGE)),
        ("posts", partial(store.lines, PAGE)),
        ("author's posts", partial(store.lines, PAGE, author=author)),
        ("posts with a tag", partial(store.lines, PAGE, tag=tag)),
    ):
        places = [None, *(at(int(posts * (1 - depth))) for depth in (0.5, 0.9))]
        heard = [await statements_of(database, partial(ask, before)) for before in places]
        first, middle, deep = in_turn(reader, heard)
        flatness = statistics.median(far / near for far, near in zip(deep, first, strict=True))
        rows.append((name, *(statistics.median(one) for one in (first, middle, deep)), percentile(deep), flatness))
        verdicts.at_most(f"{name}, 90 % deep", statistics.median(deep), 0.5, "ms")
        say = verdicts.tell if name == "posts with a tag" else partial(verdicts.at_most, target=1.1)
        say(f"{name}, 90 % deep beside the first page", flatness)
    table(f"Lists of {PAGE} among {posts:,} posts, ms", ("", "first", "50 % deep", "90 % deep", "p99", "ratio"), rows)


async def slugs(database: Heard, reader: sqlite3.Connection, posts: int, verdicts: Verdicts) -> None:
    """Posts by their address, known ones and any."""
    store, chance = Posts(database), random.Random(4)
    rows = []
    for name, count in (("the same 20 posts", 20), ("any post", TIMES)):
        numbers = [chance.randint(1, posts) for _ in range(count)]
        for what, ask in (("line", store.line), ("with body", store.by_slug)):
            heard = [await statements_of(database, partial(ask, crowd.slug(number))) for number in numbers]
            took = [took for one in in_turn(reader, heard, times=max(1, TIMES // count)) for took in one]
            rows.append((f"{name}, {what}", statistics.median(took), percentile(took)))
            verdicts.at_most(f"{name} by slug, {what}", statistics.median(took), 0.5, "ms")
    table("By slug, ms", ("", "p50", "p99"), rows)


async def follows(database: Heard, reader: sqlite3.Connection, verdicts: Verdicts) -> None:
    """What people see who follow few or many authors, such as write and such as fell silent."""
    rows = []
    for count in crowd.FOLLOWS:
        for silent in (False, True):
            person_id = crowd.follower_id(count, silent=silent)
            name = f"{count:,} {'silent' if silent else 'active'} authors"
            ask = partial(Feeds(database, SystemClock(), Bus()).following, person_id, PAGE)
            heard = [await statements_of(database, ask), await statements_of(database, ask)]
            page = await ask()
            if page.next is not None:
                heard.append(await statements_of(database, partial(ask, page.next)))
            cold, *warm = in_turn(reader, heard)
            medians = [statistics.median(one) for one in warm]
            rows.append(
                (name, len(page.items), statistics.median(cold), *medians, *(("-",) if len(medians) < 2 else ()))
            )
            verdicts.at_most(f"following {name}", max(medians), 1, "ms")
            verdicts.tell(f"following {name}, first visit", statistics.median(cold), "ms")
    table("The feed of follows, ms", ("", "posts", "first visit", "page 1", "page 2"), rows)


async def searches(database: Heard, reader: sqlite3.Connection, verdicts: Verdicts) -> None:
    """The statements of a search, and beside them the search as it is asked for, from the words to the hits."""
    search, rows = Search(database), []
    for name, query in (
        ("the commonest word", crowd.word(0)),
        ("the two commonest", f"{crowd.word(0)} {crowd.word(1)}"),
        ("the commonest and a rare one", f"{crowd.word(0)} {crowd.word(3000)}"),
        ("a mid word", crowd.word(50)),
        ("a rare word", crowd.word(3000)),
        ("two letters of most words", crowd.word(0)[:2]),
    ):
        ask, whole = partial(search.find, query, limit=PAGE), []
        await ask()
        [took] = in_turn(reader, [await statements_of(database, ask)])
        for _ in range(SEARCHES):
            began = time.perf_counter()
            await ask()
            whole.append((time.perf_counter() - began) * 1000)
        rows.append((name, statistics.median(took), percentile(took), statistics.median(whole), percentile(whole)))
    table("Ranked search, ms", ("", "p50", "p99", "with the hop, p50", "p99"), rows)
    verdicts.at_most("ranked search for the commonest word, p99", rows[0][2], 50, "ms")


async def statements_of(database: Heard, ask: Ask) -> list[Statement]:
    database.statements = heard = []
    await ask()
    database.statements = []
    return heard


def in_turn(reader: sqlite3.Connection, asked: Sequence[Sequence[Statement]], times: int = TIMES) -> list[list[float]]:
    """Milliseconds that the statements of each took, all taking turns; the first turn warms up."""
    took: list[list[float]] = [[] for _ in asked]
    for turn in range(times + 1):
        for one, statements in zip(took, asked, strict=True):
            began = time.perf_counter()
            for sql, params in statements:
                reader.execute(sql, params).fetchall()
            if turn:
                one.append((time.perf_counter() - began) * 1000)
    return took


def at(number: int) -> PostCursor:
    """Where this post stands in lists."""
    return PostCursor(crowd.FIRST_AT + number * crowd.STEP_MS, crowd.post_id(number))


def percentile(took: Sequence[float], share: float = 0.99) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m bench.scale")
    arguments.add_argument("posts", nargs="?", type=int, default=1_000_000)
    asyncio.run(main(arguments.parse_args().posts))
