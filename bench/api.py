"""The JSON API of a running server beside aiohttp's own "hello", under load over real sockets.

A post and the feed as everyone sees them come from memory. With a person's token the same feed has the person's own
marks: the token is looked up for each request, the marks once anything was committed since they were. So this is a blog
at which nobody writes meanwhile.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.common import Sample, Verdicts, alternate, folder, median, ratio, table
from bench.load import CONNECTIONS, beside_load, requests_a_second
from bench.startup import running
from blogen.api.routes import ROUTES
from blogen.clock import SystemClock
from blogen.domain.person import Scope
from blogen.domain.post import Paragraph, PostDraft, Run
from blogen.domain.post_summary import Provenance
from blogen.ids import new_id
from blogen.store.authors import Authors
from blogen.store.database import Database, Transaction
from blogen.store.folder import database_path
from blogen.store.people import People
from blogen.store.posts import Posts
from blogen.store.schema import prepare

POSTS = 200
WORDS = 1500
SECONDS = 1
ROUNDS = 9
SENTENCE = "A sentence of a post that somebody reads on a train. "
PROVENANCE = Provenance(disclosure="ai-autonomous", text=["main/some-model"], images=["covers"], cost_usd="0.001234")


def main() -> None:
    feed = "/api/v1/feed" if any(route.path == "/feed" for route in ROUTES) else "/api/v1/posts"
    with folder() as data, ExitStack() as servers:
        token = asyncio.run(fill(data))
        ours = [sys.executable, "run.py", "serve", "--port", "0", "--data-dir", str(data)]
        ours_process, blogen = servers.enter_context(running(beside_load(ours)))
        hello_process, hello = servers.enter_context(running(beside_load([sys.executable, "-m", "bench.hello"])))
        by_us = partial(rate, ours_process.pid)
        person = {"Authorization": f"Bearer {token}"}
        samples = alternate(
            {
                "hello": partial(rate, hello_process.pid, f"{hello}/"),
                "post": partial(by_us, f"{blogen}/api/v1/posts/post-7"),
                "feed": partial(by_us, f"{blogen}{feed}"),
                "own post": partial(by_us, f"{blogen}/api/v1/posts/post-7", headers=person),
                "own feed": partial(by_us, f"{blogen}{feed}", headers=person),
            },
            ROUNDS,
        )
    base = samples["hello"]
    titles = {
        "hello": "aiohttp's hello",
        "post": f"a post of {WORDS:,} words",
        "feed": f"the feed ({feed})",
        "own post": "a post with one's own marks",
        "own feed": "the feed with one's own marks",
    }
    table(
        f"API: {CONNECTIONS} connections ({ROUNDS} rounds of {SECONDS} s, servers in turn)",
        ("", "requests/s", "beside hello", "us of CPU a request", "beside hello"),
        [
            (titles[name], median(of, "rate"), ratio(of, base, "rate"), median(of, "cpu_us"), ratio(of, base, "cpu_us"))
            for name, of in samples.items()
        ],
    )
    verdicts = Verdicts()
    verdicts.at_least("a post, beside hello", ratio(samples["post"], base, "rate"), 0.85)
    verdicts.at_least("the feed, beside hello", ratio(samples["feed"], base, "rate"), 0.85)
    verdicts.at_least("the feed with one's own marks, beside hello", ratio(samples["own feed"], base, "rate"), 0.3)
    verdicts.exit()


def rate(server: int, url: str, _folder: Path, *, headers: Mapping[str, str] | None = None) -> Sample:
    """Requests a second, and the processor's time that the server took for each."""
    before = cpu_seconds(server)
    found = requests_a_second(url, SECONDS, headers)
    return {"rate": found, "cpu_us": (cpu_seconds(server) - before) / (found * SECONDS) * 1e6}


def cpu_seconds(process: int) -> float:
    ticks = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


async def fill(data: Path) -> str:
    """Publish posts, and let a person like and keep some of them; the person's token."""
    path = database_path(data)
    prepare(path)
    database = await Database.open(path)
    people = People(database, SystemClock())
    await Authors(database).ensure("blogen")
    for number in range(POSTS):
        await database.write(partial(publish, number))
    person = await people.create_person("ann", "Ann", Scope.READER, "a long password")
    _, token = await people.create_token(Scope.READER, person.handle)

    def mark(tx: Transaction) -> None:
        for number, row in enumerate(tx.query("SELECT id FROM posts ORDER BY published_at DESC")):
            if number % 3 == 0:
                tx.execute("INSERT INTO likes (person_id, post_id, at) VALUES (?, ?, 0)", (person.id, row["id"]))
                tx.execute("UPDATE posts SET likes = likes + 1 WHERE id = ?", (row["id"],))
            if number % 5 == 0:
                tx.execute("INSERT INTO bookmarks (person_id, post_id, at) VALUES (?, ?, 0)", (person.id, row["id"]))
                tx.execute(
                    "INSERT INTO reading_progress (person_id, post_id, block, fraction, at)"
                    " VALUES (?, ?, 'b1', 0.5, 0)",
                    (person.id, row["id"]),
                )

    await database.write(mark)
    await database.close()
    return token


def publish(number: int, tx: Transaction) -> None:
    job_id = new_id()
    tx.execute(
        "INSERT INTO jobs (id, kind, state, created_at, updated_at) VALUES (?, 'post', 'assembling', 1, 1)", (job_id,)
    )
    paragraphs = [SENTENCE * 10] * (WORDS // 110)
    draft = PostDraft(
        job_id=job_id, slug=f"post-{number}", title=f"Post number {number}", summary=SENTENCE * 2, language="en",
        words=WORDS, author="blogen", tags=["tea", f"topic {number % 20}"], cover=None, images=[], sources=[],
        text_makers=["main/some-model"], image_makers=[],
        blocks=[Paragraph(id=f"b{at}", runs=[Run(text=text)]) for at, text in enumerate(paragraphs)],
        html="".join(f"<p id=b{at}>{text}</p>" for at, text in enumerate(paragraphs)), markdown="\n\n".join(paragraphs),
    )  # fmt: skip
    Posts.add(tx, draft, published_at=1_760_000_000_000 + number, provenance=PROVENANCE)


if __name__ == "__main__":
    main()
