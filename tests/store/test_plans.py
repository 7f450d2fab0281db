"""No statement of the app scans a table or sorts without bound: SQLite's own plan says so, of every call of the API.

The calls are those of the table that the router is made from, with the examples of the document: a new call is walked
by itself. The few that sort what is bounded already are excused by name, with the reason.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blogen.api.openapi import document
from blogen.api.routes import ROUTES, Route
from blogen.domain.person import Scope
from blogen.events import RequestCrashed
from blogen.ids import new_id
from blogen.store.database import Database, Transaction
from blogen.web.routes import GET
from tests.api.served import Served, serve
from tests.fresh import prepare
from tests.web.site import open_site

ALLOWED_EVERYWHERE = {
    "FROM timeline WHERE job = (SELECT number FROM jobs WHERE id = ?)": "sorts the lines of one job",
    "WITH best AS MATERIALIZED ( SELECT rowid AS number, bm25": "ranks the newest 1,000 hits",
}
"""What a statement contains, in one line, and why its plan is bounded all the same."""
ALLOWED_TO_THE_API = ALLOWED_EVERYWHERE | {
    "FROM timeline WHERE job IN (?": "sorts the lines of the jobs that are taken up at once",
    "FROM ledger AS l LEFT JOIN jobs AS j": "the account of the days that the owner asks for, summed up",
    "WITH candidates AS MATERIALIZED ( SELECT rowid AS number FROM posts_search": "ranks the newest 1,000 hits",
    "bottom (at": "sorts one place for each follow, then a page of each of the newest ones",
    "WITH mine AS MATERIALIZED (SELECT post_id FROM likes": "a fixed number of likes, of co-readers, of their likes",
    "(kind <> 'set-up' OR NOT EXISTS (SELECT 1 FROM people": "stops at the first owner, who came first",
}
ALLOWED_TO_PAGES = ALLOWED_EVERYWHERE | {
    "s JOIN posts p ON p.id = s.post_id": "the newest 20 posts of each tag of one post",
    "FROM featured_posts f CROSS JOIN posts p": "sorts the few that are featured",
    "FROM series s JOIN series_posts m": "sorts all series: an owner makes them by hand",
    "SELECT count(*) AS posts FROM posts": "how many parts the site map has, told once until there is another post",
}

QUERIES = {
    "kind": ("latest", "following", "for-you"),
    "q": ("tea", "sencha", "sencha tea"),
    "tag": ("hot",),
    "author": ("blogen",),
    "by": ("day", "provider", "author", "job"),
    "state": ("published", "drafting"),
    "unread": ("true",),
    "list": ("",),
    "words": ("800",),
}
"""What may be asked for in a query, where its type has a field of that name."""


class Heard:
    """Every statement that the stores run, with the parameters of its first run."""

    def __init__(self) -> None:
        self.statements: dict[str, tuple[object, ...]] = {}

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for owner, name in (
            (Database, "read"), (Database, "look_up"), (Transaction, "query"), (Transaction, "execute"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, self._noting(getattr(owner, name)))

    def _noting(self, run: Any) -> Any:
        def noting(owner: Any, sql: str, params: Any = ()) -> Any:
            self.statements.setdefault(sql, tuple(params))
            return run(owner, sql, params)

        return noting


class Step(NamedTuple):
    """A line of a plan that is not bounded by an index."""

    sql: str
    detail: str


def unbounded(connection: sqlite3.Connection, sql: str, params: tuple[object, ...]) -> Iterator[Step]:
    """The steps of the plan that read all of a table, or sort what they read."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    one_line = " ".join(sql.split())
    for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params):
        detail = row[3]
        name = re.match(r"(?:SCAN|SEARCH) (\S+)", detail)
        is_table = name is not None and _is_table(sql, name[1], tables)
        is_sort = "TEMP B-TREE" in detail
        if is_sort or (is_table and (_reads_all(sql, detail) or "AUTOMATIC" in detail)):
            yield Step(one_line, detail)


def _reads_all(sql: str, detail: str) -> bool:
    if not detail.startswith("SCAN "):
        return False
    if "VIRTUAL TABLE" in detail:
        return not _is_matched(detail)
    # A walk in the order of a key that ends after some rows: nothing is passed over, since nothing is left out.
    name = re.escape(detail.split()[1])
    walk = rf"\bFROM (?:\w+ )?(?:AS )?{name} (?:(?!WHERE)[^()])*\bLIMIT\b"
    return re.search(walk, " ".join(sql.split())) is None


def _is_table(sql: str, name: str, tables: set[str]) -> bool:
    """Whether `name` may stand for a table in the statement, and not only for what it has put together itself."""
    aliases = re.findall(rf"\b(?:FROM|JOIN|,)\s+(\w+)\s+(?:AS\s+)?{re.escape(name)}\b", sql)
    return not tables.isdisjoint({name, *aliases})


def _is_matched(detail: str) -> bool:
    """Full text, looked for by its words and not in the order of rank, or by the post's number."""
    number = re.search(r"VIRTUAL TABLE INDEX (\d+):[M=]", detail)
    return number is not None and not int(number[1]) & 32


async def walk(served: Served) -> None:
    """Make every call of the API as nobody, as the owner and as a person, through lists to their second page."""
    ann, bob = await served.person("ann", Scope.ADMIN), await served.person("bob")
    job = await served.published("Green tea", tags=["hot"])
    for number in range(4):
        await served.published(f"Tea {number}", tags=["hot", "leaf"])
    ids = {"jobs": job["id"]}
    for path in ("/authors/blogen/follow", "/tags/hot/follow"):
        await served.call("PUT", path, headers=ann)
    for number in range(3):
        for what in ("like", "bookmark"):
            await served.call("PUT", f"/posts/tea-{number}/{what}", headers=ann if number else bob)
        place = {"block": "b1", "fraction": 0.5, "at": "2026-01-01T00:00:00.000Z"}
        await served.call("PUT", f"/posts/tea-{number}/progress", place, headers=ann)
        for person in (ann, bob):
            answer = await served.call(
                "POST", "/posts/tea-1/comments", {"text": f"Hello @bob {number}"}, headers=person
            )
            ids["comments"] = (await answer.json())["id"]
    parent = {"text": "An answer", "parent": ids["comments"]}
    for _ in range(3):
        await served.call("POST", "/posts/tea-1/comments", parent, headers=ann)
    paths = document()["paths"]
    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        # What ends an account or a sign-in comes last.
        for route in sorted(ROUTES, key=lambda one: one.path.startswith(("/me", "/auth")) and one.method == "DELETE"):
            if route.method == method:
                for headers in ({}, ann, {"Authorization": f"Bearer {served.tokens[Scope.ADMIN]}"}):
                    await make(served, route, paths["/api/v1" + route.path][method.lower()], headers, ids)


async def make(
    served: Served, route: Route, operation: dict[str, Any], headers: dict[str, str], ids: dict[str, str]
) -> None:
    path = route.path.format(
        id=ids.get(route.path.split("/{id}")[0].rsplit("/", 1)[-1], new_id()),
        slug="tea-1", handle="bob" if route.path.startswith("/people") else "blogen", tag="hot", word="spam",
    ) if "{" in route.path else route.path  # fmt: skip
    body = None
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = content.get("example")
    names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    queries = [{}, *({name: value} for name in names for value in QUERIES.get(name, ()))]
    if "q" in names:
        queries = [query for query in queries if "q" in query]
    if "head" in names:
        feed = await (await served.call("GET", "/feed", headers=headers)).json()
        queries = [{"head": feed["head"]}]
    for query in queries:
        if "limit" in names:
            query = query | {"limit": "1"}
        for _ in range(2):
            answer = await served.call(route.method, path, body, scope=None, headers=headers, params=query)
            if route.streams or "json" not in answer.content_type:
                answer.close()
                break
            assert answer.status != 500, [event for event in served.blog.heard if isinstance(event, RequestCrashed)]
            told = await answer.json(content_type=None) if answer.status == 200 else None
            if "cursor" not in names or not isinstance(told, dict) or not told.get("next"):
                break
            query = query | {"cursor": told["next"]}


def check(heard: Heard, empty: Path, allowed: dict[str, str]) -> None:
    # Asked of an empty database: in a small one whose tables were counted SQLite does without the indexes.
    prepare(empty)
    with closing(sqlite3.connect(empty)) as connection:
        steps = [step for sql, params in heard.statements.items() for step in unbounded(connection, sql, params)]
    unexcused = [f"{step.detail}\n    {step.sql}" for step in steps if not any(part in step.sql for part in allowed)]
    assert not unexcused, "\n".join(unexcused)
    unused = [part for part in allowed if not any(part in step.sql for step in steps)]
    assert not unused, "Excused without need: " + "\n".join(unused)


async def test_no_statement_of_the_api_scans_or_sorts_without_bound(tmp_path, monkeypatch):
    heard = Heard()
    monkeypatch.setattr("blogen.store.search._COMMON", 3)
    async with serve(tmp_path) as served:
        heard.listen(monkeypatch)
        await walk(served)
        monkeypatch.undo()
    assert len(heard.statements) > 100
    check(heard, tmp_path / "empty.db", ALLOWED_TO_THE_API)


SOME = {"slug": "tea-1", "tag": "hot", "handle": "blogen", "name": "none", "digest": "0" * 12, "part": "1"}
ADDRESS_PART = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")
"""`{slug}`, or `{digest:[0-9a-f]{12}}`."""


async def test_no_statement_of_the_readers_pages_scans_or_sorts_without_bound(tmp_path, monkeypatch):
    heard = Heard()
    async with open_site(tmp_path) as site:
        for number in range(4):
            await site.blog.publish(f"Tea {number}", at=1_760_000_000_000 + number, tags=["hot", "leaf"])
        heard.listen(monkeypatch)
        for path in (path for path, name in GET.items() if name.startswith("reader.")):
            page = ADDRESS_PART.sub(lambda part: SOME[part[1]], path)
            for query in ("", "?q=tea", "?before=1760000000003"):
                assert (await site.get(page + query)).status < 500, page
        monkeypatch.undo()
    assert len(heard.statements) > 10
    check(heard, tmp_path / "empty.db", ALLOWED_TO_PAGES)


@pytest.mark.parametrize(
    ("sql", "is_unbounded"),
    [
        ("SELECT * FROM posts", True),
        ("SELECT * FROM posts p WHERE p.title = 'x'", True),
        ("SELECT count(*) FROM posts", True),
        ("SELECT * FROM posts p ORDER BY p.title LIMIT 3", True),
        ("SELECT * FROM posts WHERE slug = 'x'", False),
        ("SELECT * FROM posts ORDER BY published_at DESC, id DESC LIMIT 3", False),
        ("SELECT 1 WHERE 1 UNION ALL SELECT * FROM (SELECT id FROM posts ORDER BY published_at, id LIMIT 3)", False),
        ("SELECT * FROM posts p WHERE p.title = 'x' ORDER BY published_at DESC, id DESC LIMIT 3", True),
        ("SELECT * FROM posts ORDER BY published_at DESC, id DESC", True),
        ("SELECT tag, count(*) AS posts FROM post_tags GROUP BY tag ORDER BY posts DESC LIMIT 3", True),
        ("SELECT * FROM posts p JOIN json_each('[]') w ON p.id = w.value", False),
        ("SELECT rowid FROM posts_search WHERE posts_search MATCH 'x' ORDER BY rowid DESC LIMIT 3", False),
        ("SELECT rowid FROM posts_search WHERE posts_search MATCH 'x' ORDER BY rank LIMIT 3", True),
        ("SELECT rowid FROM posts_search WHERE title LIKE '%x%'", True),
        ("UPDATE posts SET likes = 0", True),
        ("DELETE FROM comments WHERE markdown = 'x'", True),
        ("WITH some AS (SELECT * FROM posts ORDER BY published_at, id LIMIT 3) SELECT * FROM some", False),
    ],
)
async def test_what_is_unbounded_is_seen(tmp_path, sql, is_unbounded):
    prepare(tmp_path / "blogen.db")
    with closing(sqlite3.connect(tmp_path / "blogen.db")) as connection:
        assert bool(list(unbounded(connection, sql, ()))) == is_unbounded
