"""Commands while a server runs on the data folder: real processes against the real API on a real socket."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from blogen.cli.server_file import read_server_file
from blogen.domain.person import Scope
from blogen.store.folder import DataFolder
from tests.api.served import Served, serve
from tests.e2e.nursery import Child


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Site:
    """A server as commands find it: the folder locked, `server.json` in it."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder = folder
        self.served = served
        self.url = str(served.client.make_url("/")).rstrip("/")

    def announce(self, pid: int | None = None) -> None:
        told = {"url": self.url, "pid": pid or os.getpid(), "token": self.served.tokens[Scope.ADMIN]}
        (self.folder / "server.json").write_text(json.dumps(told))

    async def begin(self, *words: str) -> Child:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("BLOGEN_")}
        return await Child.start(*words, "--data-dir", str(self.folder), cwd=self.folder, env=environ)

    async def run(self, *words: str) -> Ran:
        process = await self.begin(*words)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def site(tmp_path):
    """Entered and left in one task, as the engine's task group wants it."""
    ready: asyncio.Future = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def run() -> None:
        folder = DataFolder.claim(tmp_path)
        try:
            async with serve(tmp_path) as served:
                opened = Site(tmp_path, served)
                opened.announce()
                ready.set_result(opened)
                await done.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise
        finally:
            folder.release()

    task = asyncio.create_task(run())
    yield await ready
    done.set()
    await task


async def test_generate_prints_the_posts_path_alone_and_its_progress_on_stderr(site, tmp_path):
    (tmp_path / "tea.md").write_text("# Tea\n\nGreen and black.\n")
    ran = await site.run("generate", "Green tea", "--source", "tea.md", "--tag", "tea", "--out", "post.md")
    assert (ran.code, ran.out) == (0, "/p/green-tea\n"), ran.err
    assert "drafting: draft done" in ran.err
    assert "published (1 step" in ran.err
    assert (tmp_path / "post.md").read_text()
    [job] = await site.served.engine._jobs.list()
    request = await site.served.engine._jobs.request(job.id)
    assert [(source.title, source.text) for source in request.sources] == [("Tea", "# Tea\n\nGreen and black.")]


async def test_generate_with_json_prints_the_job(site):
    ran = await site.run("generate", "Green tea", "--json", "--quiet")
    assert ran.code == 0
    assert json.loads(ran.out)["post"]["slug"] == "green-tea"
    assert ran.err == ""


async def test_a_job_that_fails_ends_with_code_3_and_says_why_and_what_to_do(site):
    ran = await site.run("generate", "Fail at tea")
    assert (ran.code, ran.out) == (3, "")
    assert "The model refused." in ran.err
    assert "Ask for something else." in ran.err
    assert "jobs retry" in ran.err


async def test_a_job_that_waits_for_review_ends_with_code_4_and_can_be_approved(site):
    ran = await site.run("generate", "Green tea", "--review", "--json")
    assert ran.code == 4
    job_id = json.loads(ran.out)["id"]
    assert f"jobs approve {job_id}" in ran.err
    ran = await site.run("jobs", "approve", job_id, "--wait", "--note", "Good.")
    assert (ran.code, ran.out) == (0, "/p/green-tea\n"), ran.err
    assert "waits for review" not in ran.err
    timeline = json.loads((await site.run("jobs", "show", job_id, "--json")).out)["timeline"]
    assert [line["detail"]["note"] for line in timeline if line["event"] == "approved"] == ["Good."]


async def test_interrupting_generate_leaves_the_job_to_the_server(site):
    site.served.pipeline.gate.clear()
    process = await site.begin("generate", "Green tea")
    async with asyncio.timeout(20):
        while b"drafting" not in await process.stderr.readline():
            pass
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"goes on with job" in err
    assert b"Traceback" not in err
    [job] = await site.served.engine._jobs.list()
    site.served.pipeline.gate.set()
    assert (await site.served.settled(job.id))["state"] == "published"


async def test_verbs_go_through_the_server(site):
    site.served.pipeline.gate.clear()
    job = await site.served.order()
    assert "waits for paused" in (await site.run("jobs", "pause", job["id"])).out
    site.served.pipeline.gate.set()
    ran = await site.run("jobs", "resume", job["id"], "--wait", "--json")
    assert json.loads(ran.out)["state"] == "published"
    ran = await site.run("jobs", "cancel", job["id"])
    assert ran.code == 1
    assert "published" in ran.err
    failed = await site.served.settled((await site.served.order("Fail"))["id"])
    ran = await site.run("jobs", "retry", failed["id"], "--from", "draft", "--fresh", "--wait")
    assert ran.code == 3
    assert ran.err.count("failed while drafting") == 1
    ran = await site.run("jobs", "retry", failed["id"], "--from", "nothing")
    assert ran.code == 2
    assert "has no step 'nothing'" in ran.err


async def test_an_unknown_job_is_code_2(site):
    for words in (["jobs", "show", "x"], ["jobs", "cancel", "a/../b"]):
        ran = await site.run(*words)
        assert ran.code == 2
        assert "There is no job" in ran.err


async def test_lists_read_the_database_beside_the_server(site):
    await site.served.published("Green tea")
    await site.served.settled((await site.served.order("Fail"))["id"])
    ran = await site.run("jobs", "list", "--limit", "1", "--json")
    listed = json.loads(ran.out)
    assert [job["state"] for job in listed["items"]] == ["failed"]
    ran = await site.run("jobs", "list", "--before", listed["next"], "--state", "published")
    assert "Green tea" in ran.out
    assert len(ran.out.splitlines()) == 1
    assert json.loads((await site.run("posts", "list", "--json")).out)["items"][0]["slug"] == "green-tea"
    shown = await site.run("jobs", "show", listed["items"][0]["id"])
    assert "The model refused." in shown.out
    assert "draft" in shown.out


async def test_a_post_is_deleted_through_the_server_so_that_its_pages_hear_of_it(site):
    await site.served.published("Green tea")
    assert (await site.run("posts", "delete", "/p/green-tea")).out == "The post green-tea is deleted.\n"
    assert "PostDeleted(slug='green-tea'" in str(site.served.blog.heard)
    ran = await site.run("posts", "delete", "green-tea")
    assert ran.code == 2
    assert "green-tea" in ran.err


async def test_tokens_and_users_act_beside_the_server(site):
    token = (await site.run("tokens", "create", "--scope", "author")).out.strip()
    answer = await site.served.call("GET", "/jobs", scope=None, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200


async def test_what_a_dead_server_left_is_not_believed(site, tmp_path):
    assert read_server_file(tmp_path).url == site.url
    site.announce(pid=1)  # it lives, but the lock is not its own
    assert read_server_file(tmp_path) is None
    site.announce(pid=2**22 + 1)
    (tmp_path / "lock").write_text(str(2**22 + 1))  # nobody lives under this number
    assert read_server_file(tmp_path) is None
    (tmp_path / "server.json").write_text("{")
    assert read_server_file(tmp_path) is None


async def test_a_server_that_does_not_answer_is_told(site, tmp_path):
    told = {"url": "http://127.0.0.1:9", "pid": os.getpid(), "token": "x"}
    (tmp_path / "server.json").write_text(json.dumps(told))
    ran = await site.run("jobs", "cancel", "x")
    assert ran.code == 1
    assert "The server at http://127.0.0.1:9 does not answer" in ran.err
