"""The editor's desk over HTTP: reading what waits for review, striking in it, sending it back."""

import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.config import Config
from blogen.domain.job import WaitingFor
from blogen.domain.person import Scope
from blogen.server import web_application
from tests.cli.test_commands import NOTES
from tests.pipeline.opened import Opened
from tests.pipeline.test_faults import is_waiting

ORDER = {"topic": "Tea for beginners", "images": 0, "review": True, "sources": [{"kind": "text", "text": NOTES}]}
in_review = is_waiting(WaitingFor.REVIEW)


@asynccontextmanager
async def desk(folder):
    """The whole blog on a socket, without any service; `call` asks it as an author, and `job` waits for review."""
    config = Config.model_validate({"data": {"dir": folder / "data"}})
    async with asyncio.timeout(60), App.open(config) as app:
        engine, hooks = (asyncio.get_running_loop().create_future() for _ in range(2))
        engine.set_result(app.engine)
        async with TestClient(TestServer(web_application(app, engine, hooks))) as client:
            _, token = await app.people.create_token(Scope.AUTHOR)
            _, readers = await app.people.create_token(Scope.READER)

            async def call(method, path, body=None, *, token=token, **headers):
                headers = {name.replace("_", "-"): value for name, value in headers.items()}
                headers["Authorization"] = f"Bearer {token}"
                async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
                    text = await answer.text()
                    return answer.status, json.loads(text) if text else None, answer.headers

            _, job, _ = await call("POST", "/jobs", ORDER)
            opened = Opened(app)
            await opened.until(await app.jobs.get(job["id"]), in_review)
            yield SimpleNamespace(call=call, app=app, opened=opened, readers=readers, job=job["id"])


async def reviewed(blog):
    await blog.opened.until(await blog.app.jobs.get(blog.job), in_review)


async def test_the_draft_is_read_struck_in_and_published(tmp_path):
    async with desk(tmp_path) as blog:
        path = f"/jobs/{blog.job}/draft"
        status, draft, headers = await blog.call("GET", path)
        assert (status, headers["ETag"], draft["human_edits"]) == (200, f'"{draft["revision"]}"', 0)
        assert headers["Cache-Control"] == "private, no-cache"
        assert draft["title"]
        assert {"id", "t", "runs"} <= draft["blocks"][0].keys()
        assert "null" not in json.dumps(draft["blocks"]), "the same JSON as a post's"
        assert (await blog.call("GET", path, If_None_Match=headers["ETag"]))[0] == 304
        gone = next(block["id"] for block in draft["blocks"] if block["t"] == "p")
        order = {"strike": [gone], "revision": draft["revision"]}
        status, job, headers = await blog.call("POST", f"/jobs/{blog.job}/revise", order, Idempotency_Key="k1")
        assert (status, job["state"], headers["Location"]) == (202, "editing", f"/api/v1{path}")
        await reviewed(blog)
        again = await blog.call("POST", f"/jobs/{blog.job}/revise", order, Idempotency_Key="k1")
        assert (again[0], again[2]["Idempotent-Replayed"]) == (202, "true")
        _, after, _ = await blog.call("GET", path)
        assert gone not in [block["id"] for block in after["blocks"]]
        assert after["human_edits"] == 1, "sent twice, done once"
        assert after["revision"] != draft["revision"]
        status, problem, _ = await blog.call("POST", f"/jobs/{blog.job}/revise", order)
        assert (status, problem["code"]) == (409, "conflict")
        _, told, _ = await blog.call("GET", f"/jobs/{blog.job}/timeline?limit=100")
        line = next(one for one in told["items"] if one["step"] == "revision:1")
        assert line["detail"]["strike"] == [gone]
        await blog.call("POST", f"/jobs/{blog.job}/approve")
        await blog.opened.until(await blog.app.jobs.get(blog.job), lambda job: job.state.is_final)
        _, job, _ = await blog.call("GET", f"/jobs/{blog.job}")
        _, post, _ = await blog.call("GET", f"/posts/{job['post']['slug']}")
        assert post["provenance"]["human_edits"] == 1
        assert [block["id"] for block in post["blocks"]] == [block["id"] for block in after["blocks"]]
        status, problem, _ = await blog.call("POST", f"/jobs/{blog.job}/revise", {"strike": [gone]})
        assert (status, "published" in problem["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("order", "path"),
    [({}, ""), ({"note": " "}, ""), ({"strike": ["nowhere"]}, "strike"), ({"note": "Shorter."}, "note"),
     ({"note": "x" * 2001}, "note"), ({"strike": [1]}, "strike.0"), ({"struck": []}, "struck")],
)  # fmt: skip
async def test_what_cannot_be_done_says_why(tmp_path, order, path):
    async with desk(tmp_path) as blog:
        status, problem, _ = await blog.call("POST", f"/jobs/{blog.job}/revise", order)
        assert status == 422
        assert problem["errors"][0]["path"] == path
        assert (await blog.call("GET", f"/jobs/{blog.job}"))[1]["waiting"]["for"] == "review"


async def test_readers_see_no_draft_and_a_job_without_one_says_so(tmp_path):
    async with desk(tmp_path) as blog:
        assert (await blog.call("GET", f"/jobs/{blog.job}/draft", token=blog.readers))[0] == 403
        assert (await blog.call("GET", "/jobs/nothing/draft"))[0] == 404
        await blog.app.engine.drain()
        _, job, _ = await blog.call("POST", "/jobs", ORDER)
        status, problem, _ = await blog.call("GET", f"/jobs/{job['id']}/draft")
        assert (status, "no draft yet" in problem["detail"]) == (404, True)
