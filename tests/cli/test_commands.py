"""Commands in a process of their own on a folder of their own, without a server."""

import asyncio
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from blogen.cli import main
from blogen.cli.direct import Direct
from blogen.cli.door import JobTold
from tests.e2e.nursery import Child
from tests.fakes.openai_server import FakeOpenAI

ROOT = Path(__file__).parents[2]
NOTES = "# Tea\n\n" + "\n\n".join(
    f"{name} tea is made of the leaves of a plant that grows in {place}. It is drunk {when}, and people like it for "
    f"its taste. The leaves are picked by hand, dried for {hours} hours and kept in boxes of wood."
    for name, place, when, hours in [
        ("Green", "China", "in the morning", 12), ("Black", "India", "at five o'clock", 24),
        ("White", "Fujian", "after a meal", 48), ("Oolong", "Taiwan", "with friends", 36),
    ]
)  # fmt: skip


class Ran(NamedTuple):
    stdout: str
    stderr: str


class Blogen:
    """Commands in a folder: `run` in a process of their own, `call` in this one, which is faster."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("BLOGEN_")}
        self._monkeypatch = monkeypatch

    def call(self, *words: str, given: str = "", code: int = 0) -> Ran:
        self._monkeypatch.chdir(self.folder)
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        written = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
        with redirect_stdout(written[0]), redirect_stderr(written[1]):
            ended = main(words)
        ran = Ran(*(stream.buffer.getvalue().decode() for stream in written))
        assert ended == code, ran.stderr
        return ran

    def run(self, *words: str, given: str | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
        if given is None:
            with ThreadPoolExecutor(1) as apart:  # a loop of its own, beside pytest's
                ran = apart.submit(asyncio.run, self._run(words)).result()
        else:
            ran = subprocess.run(
                [sys.executable, str(ROOT / "run.py"), *words],
                input=given, capture_output=True, text=True, cwd=self.folder, env=self.environ, timeout=60,
            )  # fmt: skip
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr
        return ran

    async def _run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        async with asyncio.timeout(60):
            child = await Child.start(*words, cwd=self.folder, env=self.environ)
            out, err = await child.communicate()
        return subprocess.CompletedProcess(words, await child.wait(), out.decode(), err.decode())


@pytest.fixture
def blogen(tmp_path, monkeypatch):
    return Blogen(tmp_path, monkeypatch)


def test_people_and_tokens(blogen):
    assert "ada can sign in as admin" in blogen.call("users", "create", "ada", "--admin", given="long secret\n").stdout
    created = blogen.call("users", "create", "bob", "--name", "Bob B.", "--json", given="other secret").stdout
    assert json.loads(created)["role"] == "reader"
    assert "secret" not in created
    token = blogen.call("tokens", "create", "--scope", "author", "--user", "ada", "--label", "phone").stdout
    assert re.fullmatch(r"blg_\w{49}\n", token)
    [listed] = json.loads(blogen.call("tokens", "list", "--json").stdout)["items"]
    assert (listed["scope"], listed["label"], listed["revoked_at"]) == ("author", "phone", None)
    assert "is revoked" in blogen.call("tokens", "revoke", listed["id"]).stdout
    assert "revoked" in blogen.call("tokens", "list").stdout
    assert "bob is disabled" in blogen.call("users", "disable", "bob").stdout
    assert [line.split()[0] for line in blogen.call("users", "list").stdout.splitlines()] == ["ada", "bob"]


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (["users", "create", "ada"], "", "password"),
        (["users", "create", "Ada Lovelace"], "long secret", "handle"),
        (["users", "disable", "nobody"], None, "no blog in data"),
        (["tokens", "create", "--scope", "author", "--user", "nobody"], None, "no person nobody"),
        (["tokens", "revoke", "x"], None, "no blog in data"),
        (["jobs", "list"], None, "no blog in data"),
        (["jobs", "show", "x"], None, "no blog in data"),
        (["posts", "list"], None, "no blog in data"),
        (["--config", "nowhere.toml", "jobs", "list"], None, "there is no such file"),
        (["jobs", "list", "--config", "bad.toml"], None, "bad.toml:server.port: expected at most 65535, found 99999."),
        (["serve", "--port", "abc"], None, "--port: expected a whole number, found 'abc'."),
        (["generate", "Tea", "--config", "kind.toml"], None, "Did you mean `openai`?"),
        (["generate", ""], None, "TOPIC: must have at least 3 characters"),
        (["generate", "x" * 301], None, "TOPIC: must have at most 300 characters"),
        (["generate", "Tea", "--words", "1", "--images", "7", "--tag", ""], None, "--words: must be at least 200"),
        (["generate", "Tea", "--author", "No Body"], None, "--author: "),
        (["generate", "Tea", "--source", "nowhere.md"], None, "There is no file nowhere.md"),
        (["generate", "Tea", "--source", "."], None, "is a folder"),
        (["generate", "Tea", "--source", "binary"], None, "binary is a binary file"),
        (["generate", "Tea", "--source", "latin"], None, "latin is not UTF-8"),
        (["generate", "Tea", "--source", "ftp://example.com/"], None, "is no web address"),
        (["generate", "Tea", *(["--source", "good"] * 21)], None, "At most 20 sources"),
        (["generate", "Tea", "--out", "nowhere/post.md"], None, "cannot be written"),
        (["generate", "Tea", "--data-dir", "good"], None, "is a file"),
    ],
)
def test_bad_input_is_code_2_and_one_clear_message(blogen, words, given, told):
    (blogen.folder / "good").write_text("Tea.")
    (blogen.folder / "binary").write_bytes(b"\0\1\2")
    (blogen.folder / "latin").write_bytes(b"caf\xe9")
    (blogen.folder / "bad.toml").write_text("[server]\nport = 99999\n")
    (blogen.folder / "kind.toml").write_text("[text.main]\nkind = 'opnai'\n")
    ran = blogen.call(*words, given=given or "", code=2)
    assert ran.stdout == ""
    assert ran.stderr.startswith("blogen: ")
    assert told in ran.stderr


def test_openapi_prints_the_document(blogen):
    assert json.loads(blogen.call("openapi").stdout)["openapi"].startswith("3.1")


def test_the_output_may_be_cut_short(blogen):
    blogen.call("tokens", "create", "--scope", "admin")
    command = f"{sys.executable} {ROOT}/run.py tokens list --json"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True, text=True, cwd=blogen.folder,
        env=blogen.environ,
    )  # fmt: skip
    assert ran.stderr == ""


# Doctor


def test_the_doctor_finds_a_fresh_folder_well(blogen):
    ran = blogen.call("doctor")
    assert "✗" not in ran.stdout
    assert not (blogen.folder / "data").exists()
    told = json.loads(blogen.call("doctor", "--json").stdout)
    assert told["ok"] is True
    names = {check["name"] for check in told["checks"]}
    assert {
        "configuration",
        "data folder",
        "disk",
        "server",
        "database",
        "pages",
        "image.covers",
        "text.offline",
    } <= names


def test_the_doctor_finds_a_damaged_database_and_a_newer_one(blogen):
    blogen.call("tokens", "create", "--scope", "admin")
    assert "schema" in blogen.call("doctor").stdout
    database = blogen.folder / "data" / "blogen.db"
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'future')")
    connection.close()
    assert "schema 9999" in blogen.call("doctor", code=1).stdout
    assert "schema 9999" in blogen.call("tokens", "create", "--scope", "admin", code=2).stderr
    database.write_bytes(b"not a database" * 1000)
    assert "✗ database" in blogen.call("doctor", code=1).stdout
    assert "damaged" in blogen.call("jobs", "list", code=2).stderr


def test_the_doctor_reads_own_templates(blogen):
    folder = blogen.folder / "data" / "templates" / "reader"
    (folder / "studio").mkdir(parents=True)
    assert "own templates" not in blogen.call("doctor").stdout
    (folder / "home.html").write_text("{% if posts %}{{ nofilter_is_told_by_pages|x }}{% endif %}")
    assert "✓ own templates  1 in use" in blogen.call("doctor").stdout
    (folder / "post.html").write_text("one\n{% endif %}")
    (folder / "studio" / "base.html").write_text("mine")
    said = blogen.call("doctor", code=1).stdout
    assert "post.html, line 2: Encountered unknown tag 'endif'" in said
    assert "studio/base.html is never used" in said


def test_the_doctor_tells_every_mistake_of_the_configuration(blogen):
    (blogen.folder / "config.toml").write_text("[server]\nport = -1\n[text.main]\nkind = 'opnai'\n")
    ran = blogen.call("doctor", code=1)
    assert ran.stdout.count("✗") == 2
    assert "config.toml:server.port" in ran.stdout
    assert "Did you mean `openai`?" in ran.stdout


def test_the_doctor_finds_a_service_that_cannot_be_reached(blogen):
    (blogen.folder / "config.toml").write_text(
        "[text.main]\nkind = 'openai'\nbase_url = 'http://127.0.0.1:9/v1'\napi_key = 'sk-planted'\nmodel = 'm'\n"
    )
    ran = blogen.call("doctor", code=1)
    assert "✗ text.main" in ran.stdout
    assert "sk-planted" not in ran.stdout + ran.stderr


# The whole application


def test_generate_makes_a_post_and_the_job_and_post_are_listed(blogen):
    (blogen.folder / "notes.md").write_text(NOTES)
    ran = blogen.run("generate", "Kinds of tea", "--source", "notes.md", "--tag", "tea", "--out", "post.md")
    assert re.fullmatch(r"/p/[\w-]+\n", ran.stdout)
    assert "published" in ran.stderr
    assert "tea" in (blogen.folder / "post.md").read_text()
    [post] = json.loads(blogen.call("posts", "list", "--json").stdout)["items"]
    assert f"/p/{post['slug']}\n" == ran.stdout
    [job] = json.loads(blogen.call("jobs", "list", "--json").stdout)["items"]
    assert (job["state"], job["post"]["slug"]) == ("published", post["slug"])
    shown = blogen.call("jobs", "show", job["id"]).stdout
    assert "published" in shown
    assert post["slug"] in shown
    assert blogen.call("posts", "delete", post["slug"]).stdout == f"The post {post['slug']} is deleted.\n"
    assert json.loads(blogen.call("posts", "list", "--json").stdout)["items"] == []
    blogen.call("posts", "delete", post["slug"], code=2)


def test_a_job_that_waits_for_review_is_code_4_and_approval_publishes_it(blogen):
    (blogen.folder / "notes.md").write_text(NOTES)
    ran = blogen.run("generate", "Kinds of tea", "--source", "notes.md", "--review", "--json", "--quiet", code=4)
    job_id = json.loads(ran.stdout)["id"]
    assert f"jobs approve {job_id}" in ran.stderr
    ran = blogen.run("jobs", "approve", job_id)
    assert "the next `blogen serve`" in ran.stderr
    ran = blogen.run("jobs", "resume", job_id, "--wait")
    assert ran.stdout.startswith("/p/")


def test_a_job_that_ended_before_its_resume_was_heard_is_told_of(blogen, monkeypatch):
    (blogen.folder / "notes.md").write_text(NOTES)
    ran = blogen.call("generate", "Kinds of tea", "--source", "notes.md", "--review", "--json", "--quiet", code=4)
    job_id = json.loads(ran.stdout)["id"]
    blogen.call("jobs", "approve", job_id)
    act = Direct.act

    async def late(self: Direct, verb: str, job_id: str) -> JobTold:
        await self._app.engine.finished(job_id)
        return await act(self, verb, job_id)

    monkeypatch.setattr(Direct, "act", late)
    assert blogen.call("jobs", "resume", job_id, "--wait").stdout.startswith("/p/")
    ran = blogen.call("jobs", "resume", job_id, "--wait", code=1)  # it ended long before
    assert "is not paused" in ran.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--source", "http://169.254.169.254/latest/"], "169.254.169.254"),
        (["--source", "notes.md", "--author", "nobody"], "There is no author 'nobody'."),
        ([], "names no sources"),
    ],
)
def test_an_order_that_the_door_refuses_is_code_2(blogen, words, told):
    (blogen.folder / "notes.md").write_text(NOTES)
    ran = blogen.run("generate", "Kinds of tea", *words, "--quiet", code=2)
    assert told in ran.stderr
    assert ran.stdout == ""
    assert blogen.call("jobs", "list").stdout == ""


class Service:
    """A command that asks an AI service: the fake that speaks its wire format."""

    def __init__(self, blogen: Blogen, fake: FakeOpenAI) -> None:
        self.fake = fake
        self.blogen = blogen
        (blogen.folder / "notes.md").write_text(NOTES)
        self.configure(api_key="sk-right")

    def configure(self, **keys: str) -> None:
        section = {"kind": "openai", "base_url": self.fake.base_url, "model": "fake-1", **keys}
        lines = [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        tail = ["[pipeline]", 'text = ["main"]', "[engine]", "max_attempts = 1", "drain_seconds = 0"]
        (self.blogen.folder / "config.toml").write_text("\n".join(["[text.main]", *lines, *tail]))

    async def run(self, *words: str, code: int) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(self.blogen.run, *words, code=code)


@pytest.fixture
async def service(blogen):
    async with FakeOpenAI(key="sk-right") as fake:
        yield Service(blogen, fake)


async def test_generate_streams_what_a_model_writes(service):
    ran = await service.run("generate", "Kinds of tea", "--source", "notes.md", "--stream", code=0)
    assert ran.stdout.startswith("/p/")
    assert "--- draft:" in ran.stderr
    assert "{" not in ran.stderr
    assert "published" in ran.stderr
    assert "sk-right" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"api_key": "sk-wrong-planted"}, "key"),
        ({"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-wrong-planted"}, "127.0.0.1:9"),
    ],
)
async def test_a_service_that_refuses_or_is_not_there_fails_the_job_with_code_3(service, keys, told):
    service.configure(**keys)
    ran = await service.run("generate", "Kinds of tea", "--source", "notes.md", code=3)
    assert ran.stdout == ""
    assert told in ran.stderr
    assert "jobs retry" in ran.stderr
    assert "sk-wrong-planted" not in ran.stderr
    doctor = await service.run("doctor", code=1)
    assert "✗ text.main" in doctor.stdout
    assert "sk-wrong-planted" not in doctor.stdout


async def test_a_second_ctrl_c_does_not_wait_for_calls_under_way(service):
    text = (service.blogen.folder / "config.toml").read_text()
    (service.blogen.folder / "config.toml").write_text(text.replace("drain_seconds = 0", "drain_seconds = 600"))
    service.fake.hold("outline")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "run.py"), "generate", "Kinds of tea", "--source", "notes.md",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=service.blogen.folder,
        env=service.blogen.environ,
    )  # fmt: skip
    async with asyncio.timeout(30):
        await service.fake.received("outline")
        process.send_signal(signal.SIGINT)
        while b"Ctrl-C again" not in (line := await process.stderr.readline()):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert b"is kept with all its finished steps" in err
    assert b"Traceback" not in err
    ran = await asyncio.to_thread(service.blogen.run, "jobs", "list")
    assert "outlining" in ran.stdout


async def test_ctrl_c_keeps_the_job_and_tells_how_it_goes_on(blogen):
    (blogen.folder / "config.toml").write_text(
        "[text.main]\nkind = 'openai'\nbase_url = 'http://127.0.0.1:9/v1'\nmodel = 'm'\n"
        "[pipeline]\ntext = ['main']\n[engine]\nretry_base_seconds = 60\ndrain_seconds = 0\n"
    )
    (blogen.folder / "notes.md").write_text(NOTES)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "run.py"), "generate", "Kinds of tea", "--source", "notes.md",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=blogen.folder, env=blogen.environ,
    )  # fmt: skip
    async with asyncio.timeout(30):
        while b"waits for" not in (line := await process.stderr.readline()):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    run = partial(asyncio.to_thread, blogen.run)
    [job] = json.loads((await run("jobs", "list", "--json")).stdout)["items"]
    assert f"jobs resume {job['id']} --wait" in err.decode()
    assert job["finished_at"] is None
    assert "is cancelled" in (await run("jobs", "cancel", job["id"])).stdout
    await run("jobs", "cancel", job["id"], code=1)
    await run("jobs", "retry", job["id"], code=1)
