"""What the app's own tests are fed with: answers of the real blog on a temporary database.

    python -m tests.fixtures_for_app            # writes them anew

Time stands still meanwhile, and what is random (ids, secrets, names of drafts) is numbered in the order in which it
comes: whoever writes them twice writes the same.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.job import Job, WaitingFor
from blogen.domain.person import Scope
from blogen.domain.post_summary import Picture, PostSource
from blogen.render.markdown import NoteSource
from blogen.server import web_application
from blogen.store.posts import Posts
from tests.blog import AUTONOMOUS, draft
from tests.cli.test_commands import NOTES
from tests.pipeline.opened import Opened

FOLDER = Path(__file__).parent.parent / "mobile" / "__fixtures__"
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_NOON = 1_785_672_000_000
_ORDER = {"topic": "Tea for beginners", "images": 0, "sources": [{"kind": "text", "title": "Notes", "text": NOTES}]}

_QUOTE = "Green tea is brewed at seventy degrees."
_IMAGE = f"/media/{'0' * 64}.webp"
_KINDS = {"p", "h", "quote", "ul", "ol", "code", "img", "hr", "table", "note"}
_EVERY_BLOCK = f"""## A heading

Plain, **bold**, *slanted*, `code` and [a link](https://example.org/tea), cited.[^s1.1]

> {_QUOTE}[^s1.1]

- leaves
- water

1. Boil.
2. Wait.

```python
print("tea")
```

![A cup of tea]({_IMAGE})

---

| tea | °C |
| --- | --- |
| green | 70 |
"""

Call = Callable[..., Awaitable[Any]]


class StoppedClock(SystemClock):
    def now_ms(self) -> int:
        return _NOON

    def monotonic(self) -> float:
        return 0.0


async def answers() -> dict[str, Any]:
    """The fixtures by name."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config.model_validate(
            {"data": {"dir": folder}, "auth": {"sign_up": "open"}, "comments": {"hold_first": False}}
        )
        async with asyncio.timeout(120), App.open(config, clock=StoppedClock()) as app:
            engine, hooks = (asyncio.get_running_loop().create_future() for _ in range(2))
            engine.set_result(app.engine)
            async with TestClient(TestServer(web_application(app, engine, hooks))) as client:
                return _numbered(await _asked(app, client))


async def _asked(app: App, client: TestClient[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def call(method: str, path: str, body: Any = None, *, token: str | None = None, **more: str) -> Any:
        headers = more | ({"Authorization": f"Bearer {token}"} if token else {})
        async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            return json.loads(await answer.text() or "null")

    jobs = await _jobs(app, call, found)
    await _post(app, jobs)
    ann = await call("POST", "/auth/register", {"handle": "ann", "password": "correct horse battery"})
    found["signed_in"], token = ann, ann["access_token"]
    await app.people.create_person("bob", "Bob", Scope.READER, "correct horse battery")
    _, bob = await app.people.create_token(Scope.READER, "bob")
    await call("PUT", "/authors/blogen/follow", token=token)
    await call("PUT", "/posts/every-block/like", token=token)
    await call("PUT", "/posts/every-block/bookmark", token=token)
    comment = await call("POST", "/posts/every-block/comments", {"text": "Well *said*."}, token=token)
    await call("POST", "/posts/every-block/comments", {"text": "@ann Indeed.", "parent": comment["id"]}, token=bob)
    for name, path in {
        "site": "/site", "feed": "/feed?kind=latest", "feed_for_you": "/feed?kind=for-you", "posts": "/posts",
        "post": "/posts/every-block", "comments": "/posts/every-block/comments", "me": "/me",
        "notifications": "/me/notifications", "bookmarks": "/me/bookmarks", "devices": "/auth/devices",
        "authors": "/authors", "author": "/authors/blogen", "tags": "/tags", "search": "/search?q=block",
        "problem_not_found": "/posts/nowhere",
    }.items():  # fmt: skip
        found[name] = await call("GET", path, token=token)
    found["problem_not_signed_in"] = await call("GET", "/me")
    found["problem_forbidden"] = await call("GET", "/jobs", token=token)
    found["problem_invalid"] = await call("POST", "/auth/register", {"handle": "!", "password": "short"})
    wrong = {"handle": "ann", "password": "quite another horse"}
    found["problem_wrong_password"] = await call("POST", "/auth/login", wrong)
    cookie = {"Blogen-Session": "cookie", "Sec-Fetch-Site": "same-origin"}
    login = {"handle": "ann", "password": "correct horse battery", "device": "Blogen in a browser"}
    found["signed_in_by_cookie"] = await call("POST", "/auth/login", login, **cookie)
    return found


async def _jobs(app: App, call: Call, found: dict[str, Any]) -> list[str]:
    """Jobs in several states, made by the real pipeline without any service. Their ids."""
    opened = Opened(app)
    _, token = await app.people.create_token(Scope.AUTHOR)

    async def order(name: str, is_it: Callable[[Job], bool], **more: Any) -> str:
        job = await call("POST", "/jobs", _ORDER | more, token=token)
        await opened.until(await app.jobs.get(job["id"]), is_it)
        found[f"job_{name}"] = await call("GET", f"/jobs/{job['id']}", token=token)
        return str(job["id"])

    def waits(job: Job) -> bool:
        return job.waiting is not None and job.waiting.for_ is WaitingFor.REVIEW

    ids = [await order("published", lambda job: job.state.is_final, review=False)]
    ids += [await order("in_review", waits, review=True), await order("rejected", waits, review=True)]
    reviewed, rejected = ids[1:]
    found["job_rejected"] = await call("POST", f"/jobs/{rejected}/reject", {"note": "Too dry."}, token=token)
    found["problem_moved_meanwhile"] = await call("POST", f"/jobs/{rejected}/approve", token=token)
    later = {"review": False, "publish_at": "2030-01-01T12:00:00Z"}
    ids.append(await order("scheduled", lambda job: job.waiting is not None, **later))
    found["draft"] = await call("GET", f"/jobs/{reviewed}/draft", token=token)
    found["timeline"] = await call("GET", f"/jobs/{reviewed}/timeline?limit=100", token=token)
    found["steps"] = await call("GET", f"/jobs/{reviewed}/steps", token=token)
    _in_order(found["steps"]["items"], "name")
    _in_order(found["timeline"]["items"], "step")
    found["jobs"] = await call("GET", "/jobs", token=token)
    found["problem_note"] = await call("POST", f"/jobs/{reviewed}/revise", {"note": "Shorter."}, token=token)
    found["job_cancelled"] = await call("POST", f"/jobs/{reviewed}/cancel", token=token)
    return ids


async def _post(app: App, jobs: list[str]) -> None:
    """A post with every kind of block."""
    source = PostSource(title="Notes on tea", url="https://example.org/tea", quotes=[_QUOTE])
    cover = Picture(
        key="cover", url=_IMAGE, width=1200, height=675, alt="A cup", placeholder="", srcset="", made_by="covers"
    )
    picture = cover.model_copy(update={"key": "cup", "alt": "A cup of tea"})
    post = draft(
        "Every block",
        job_id=jobs[1],
        markdown=_EVERY_BLOCK,
        notes=[NoteSource("s1.1", _QUOTE, "Notes on tea", "https://example.org/tea")],
        tags=["tea", "blocks"],
        cover=cover,
        images=[cover, picture],
        sources=[source],
    )
    assert {block.t for block in post.blocks} == _KINDS, {block.t for block in post.blocks}
    await app.database.write(lambda tx: Posts.add(tx, post, published_at=_NOON, provenance=AUTONOMOUS))


def _in_order(items: list[dict[str, Any]], name: str) -> None:
    """Sections are drafted side by side: put what tells of them in the order of their names."""
    places = [place for place, item in enumerate(items) if str(item[name]).startswith("draft:")]
    drafts = sorted((items[place] for place in places), key=lambda item: str(item[name]))
    ids = [items[place].get("id") for place in places]
    for place, item, id_ in zip(places, drafts, ids, strict=True):
        items[place] = item | ({"id": id_} if id_ is not None else {})


def _numbered(found: dict[str, Any]) -> dict[str, Any]:
    """`found` with numbers in place of what is random."""
    secrets = {"revision", "access_token", "refresh_token", "digest", "prompt_digest", "head", "next"}
    known: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"00000000-0000-7000-8000-{len(known) + 1:012d}")

    def tidy(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: tidy(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [tidy(one) for one in value]
        if isinstance(value, str):
            return f"{key}-of-the-fixture" if key in secrets else _RANDOM.sub(number, value)
        return value

    return {name: tidy(found[name]) for name in sorted(found)}


def as_text(fixture: Any) -> str:
    return json.dumps(fixture, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    found = asyncio.run(answers())
    for old in FOLDER.glob("*.json"):
        if old.stem not in found:
            old.unlink()
    for name, fixture in found.items():
        (FOLDER / f"{name}.json").write_text(as_text(fixture), encoding="utf-8")
    sys.stdout.write(f"{len(found)} fixtures are in {FOLDER}\n")


if __name__ == "__main__":
    main()
