"""A large blog in a database file: posts by 20,000 authors, tags, likes, follows. Made once and kept between runs.

Texts are made of words whose frequency falls as Zipf found it, so that the commonest stands in most posts. Everything
is drawn from one seed: the same number of posts is the same blog.
"""

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate, islice
from pathlib import Path

from bench.common import ROOT
from blogen.store.schema import prepare

VERSION = 1
"""Another number makes every kept file anew."""

AUTHORS = 20_000
SILENT = range(AUTHORS // 4)
"""The authors of the oldest posts alone: they fell silent long ago."""
SILENT_SHARE = 0.04
"""How much of the blog, its oldest part, they wrote."""
TAGS = 300
WORDS = 30_000
BODY_WORDS = 80
PEOPLE = 2_000
LIKES_A_POST = 0.5
FIRST_AT = 1_600_000_000_000
STEP_MS = 60_000
FOLLOWS = (20, 200, 10_000)

_BATCH = 10_000
_FILLED = frozenset({
    "authors", "people", "posts", "post_bodies", "post_tags", "tag_counts", "likes", "author_follows", "posts_search",
})  # fmt: skip
_LETTERS = "etaoinsrhdlucm"


def crowded(posts: int) -> Path:
    """The database with so many posts, made if it is not there yet or the schema of what fills it has changed."""
    folder = ROOT / "artefacts" / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"posts-{posts}.db"
    fresh = folder / f"posts-{posts}.partial"
    for left in (fresh, *folder.glob(f"{fresh.name}-*")):
        left.unlink(missing_ok=True)
    prepare(fresh)
    if path.exists() and _shape(path) == _shape(fresh):
        fresh.unlink()
        return path
    print(f"Making a blog of {posts:,} posts, once ...", flush=True)
    began = time.monotonic()
    _fill(fresh, posts)
    for aside in folder.glob(f"{path.name}*"):
        aside.unlink()
    fresh.rename(path)
    print(f"  {time.monotonic() - began:.0f} s, {path.stat().st_size / 1024**2:,.0f} MB", flush=True)
    return path


def word(rank: int) -> str:
    """The word of this rank of frequency, 0 the commonest; as long as a word of a text."""
    letters, number = "", rank + len(_LETTERS) ** 3
    while number:
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    return f"w{letters}"


def author_handle(number: int) -> str:
    return f"author-{number}"


def author_id(number: int) -> str:
    return _id(1, number)


def post_id(number: int) -> str:
    return _id(3, number)


def slug(number: int) -> str:
    return f"a-post-about-{number:08}"


def tag(number: int) -> str:
    return f"tag {number}"


def follower_id(follows: int, *, silent: bool) -> str:
    """The person who follows so many authors, active or silent ones."""
    return _id(2, PEOPLE + FOLLOWS.index(follows) * 2 + silent)


def _id(kind: int, number: int) -> str:
    """In the form of the blog's ids, ascending with `number`."""
    return f"0190{kind:04x}-{number >> 16:04x}-7{number >> 4 & 0xFFF:03x}-8{number & 0xF:03x}-000000000000"


def _shape(path: Path) -> list[str]:
    """The schema of the tables that are filled, and the version of what fills them."""
    with closing(sqlite3.connect(path)) as connection:
        of_ours = [
            f"{row[0]}"
            for row in connection.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN (SELECT value FROM json_each(?))"
                " ORDER BY name",
                (json.dumps(sorted(_FILLED)),),
            )
        ]
        version = connection.execute("PRAGMA user_version").fetchone()[0] or VERSION
        return [f"{version}", *of_ours]


def _fill(path: Path, posts: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000",
                       "locking_mode = EXCLUSIVE", f"user_version = {VERSION}"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        # Indexes are made at the end, from sorted rows: an index that grows in its middle is slow.
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND tbl_name IN ('posts', 'post_tags', 'likes', 'author_follows')"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        _fill_people(connection)
        _fill_posts(connection, posts)
        _fill_likes(connection, posts)
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute(
            "INSERT INTO tag_counts (tag, posts) SELECT tag, count(*) FROM post_tags GROUP BY tag"
            " ON CONFLICT (tag) DO UPDATE SET posts = excluded.posts"
        )
        connection.execute(
            "UPDATE authors SET followers = (SELECT count(*) FROM author_follows f WHERE f.author_id = authors.id)"
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")


def _fill_people(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO authors (id, handle, name, created_at) VALUES (?, ?, ?, 0)",
        ((author_id(number), author_handle(number), f"Author {number}") for number in range(AUTHORS)),
    )
    count = PEOPLE + 2 * len(FOLLOWS)
    connection.executemany(
        "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, ?, 'reader', '', 0)",
        ((_id(2, number), f"person-{number}", f"Person {number}") for number in range(count)),
    )
    chance = random.Random(2)
    for follows in FOLLOWS:
        for silent in (False, True):
            authors = list(SILENT if silent else range(SILENT.stop, AUTHORS))
            # There are not 10,000 silent ones: their share is filled with authors who never wrote.
            chosen = chance.sample(authors, min(follows, len(authors)))
            ids = [author_id(number) for number in chosen]
            ids += [_id(4, number) for number in range(follows - len(ids))]
            connection.executemany(
                "INSERT INTO author_follows (person_id, author_id, at) VALUES (?, ?, 0)",
                ((follower_id(follows, silent=silent), one) for one in sorted(ids)),
            )


def _fill_posts(connection: sqlite3.Connection, posts: int) -> None:
    numbers = iter(range(1, posts + 1))
    chance = random.Random(1)
    words = [word(rank) for rank in range(WORDS)]
    word_weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    tag_weights = list(accumulate(1 / (rank + 1) for rank in range(TAGS)))
    tags = [tag(number) for number in range(TAGS)]
    # Authors differ: the busiest writes about ten times as much as most.
    active = range(SILENT.stop, AUTHORS)
    author_weights = list(accumulate(1 / (rank + 100) ** 0.5 for rank in range(len(active))))
    silent_until = int(posts * SILENT_SHARE)
    while batch := list(islice(numbers, _BATCH)):
        texts = chance.choices(words, cum_weights=word_weights, k=len(batch) * (BODY_WORDS + 14))
        authors = chance.choices(active, cum_weights=author_weights, k=len(batch))
        tagged = chance.choices(tags, cum_weights=tag_weights, k=len(batch) * 3)
        rows, bodies, of_tags, texts_found = [], [], [], []
        for at, number in enumerate(batch):
            author = chance.choice(SILENT) if number <= silent_until else authors[at]
            begin = at * (BODY_WORDS + 14)
            title = " ".join(texts[begin : begin + 4])
            summary = " ".join(texts[begin + 4 : begin + 14])
            body = " ".join(texts[begin + 14 : begin + 14 + BODY_WORDS])
            its_tags = list(dict.fromkeys(tagged[at * 3 : at * 3 + 3]))
            published_at = FIRST_AT + number * STEP_MS
            item = _item(number, author, title, summary, its_tags, published_at)
            rows.append((number, post_id(number), slug(number), _id(5, number), author_id(author), title,
                         published_at, published_at, item))  # fmt: skip
            bodies.append((post_id(number), json.dumps([{"id": "b1", "t": "p", "runs": [{"text": body}]}]),
                           f"<p id=b1>{body}</p>", body))  # fmt: skip
            of_tags += [(one, published_at, post_id(number)) for one in its_tags]
            texts_found.append((number, title, summary, " · ".join(its_tags), body))
        connection.executemany(
            "INSERT INTO posts (number, id, slug, job_id, author_id, title, published_at, updated_at, item)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.executemany("INSERT INTO post_bodies (post_id, blocks, html, markdown) VALUES (?, ?, ?, ?)", bodies)
        connection.executemany("INSERT INTO post_tags (tag, published_at, post_id) VALUES (?, ?, ?)", of_tags)
        connection.executemany(
            "INSERT INTO posts_search (rowid, title, summary, tags, body) VALUES (?, ?, ?, ?, ?)", texts_found
        )


def _fill_likes(connection: sqlite3.Connection, posts: int) -> None:
    chance = random.Random(3)
    each = int(posts * LIKES_A_POST / PEOPLE)

    def likes() -> Iterator[tuple[str, str, int]]:
        for person in range(PEOPLE):
            for number in sorted(chance.sample(range(1, posts + 1), each)):
                yield _id(2, person), post_id(number), FIRST_AT + number * STEP_MS

    connection.executemany("INSERT INTO likes (person_id, post_id, at) VALUES (?, ?, ?)", likes())
    connection.execute(
        "UPDATE posts SET likes = counted.likes FROM (SELECT post_id, count(*) AS likes FROM likes GROUP BY post_id)"
        " AS counted WHERE posts.id = counted.post_id"
    )


def _item(number: int, author: int, title: str, summary: str, tags: list[str], published_at: int) -> str:
    return json.dumps(
        {
            "slug": slug(number), "url": f"/p/{slug(number)}", "title": title, "summary": summary, "language": "en",
            "words": BODY_WORDS, "reading_minutes": 1,
            "author": {"handle": author_handle(author), "name": f"Author {author}", "avatar": None}, "tags": tags,
            "cover": None, "images": [], "sources": [],
            "provenance": {"disclosure": "ai-autonomous", "text": ["main/some-model"], "images": ["covers"],
                           "cost_usd": "0.001234", "unknown_calls": 0, "human_edits": 0},
            "counts": {"likes": 0, "comments": 0}, "viewer": None, "published_at": published_at,
            "updated_at": published_at,
        },
        separators=(",", ":"),
    )  # fmt: skip
