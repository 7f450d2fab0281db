"""Bad input at both doors: one clear message and a remedy, the right code or status, no traceback, nothing lost."""

import asyncio
import errno
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import PATIENCE_SECONDS, ROOT, AnyServer, Blogen, Ended, Refused, Server, clean_environment, run
from tests.fakes.openai_server import IMAGE_MODEL, MODEL, FakeOpenAI

UNUSABLE, JOB_FAILED = 2, 3
NOBODY = 65534
TEA = "Tea is made of leaves and water. Green tea wants cooler water than black tea. People drink it in many lands.\n"
SOURCE = [{"kind": "text", "text": TEA}]

METADATA = "http://169.254.169.254/latest/meta-data/"
PRIVATE = [METADATA, "http://127.0.0.1/", "http://[::1]/", "http://0x7f000001/", "http://[::ffff:169.254.169.254]/"]


def check_message(ended: Ended, code: int, *words: str) -> None:
    """It ended with `code`, nothing on stdout, and one message on stderr that says `words` and what to do."""
    assert ended.code == code, ended
    assert ended.out == ""
    lines = ended.err.splitlines()
    messages = [line for line in lines if line.startswith("blogen: ")]
    assert len(messages) == 1, ended.err
    assert lines[-1].startswith("  "), f"there is no remedy: {ended.err}"
    said = ended.err[ended.err.index("blogen: ") :]
    for word in words:
        assert word in said, ended.err
    check_no_trace(ended.err)


def check_no_trace(text: str) -> None:
    for word in ("Traceback", ".py", "sqlite3.", "pydantic"):
        assert word not in text, text


def check_problem(refused: Refused, status: int, code: str, *words: str) -> None:
    problem = refused.problem
    assert (refused.status, problem["status"], problem["code"]) == (status, status, code), refused
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"]
    for word in words:
        assert word in json.dumps(problem, ensure_ascii=False), problem
    check_no_trace(json.dumps(problem))


def check_job_error(job: dict[str, Any], code: str, *words: str) -> None:
    assert (job["state"], job["error"]["code"]) == ("failed", code), job
    for word in words:
        assert word in job["error"]["detail"], job["error"]
    assert job["error"]["remedy"], job["error"]
    check_no_trace(json.dumps(job["error"]))


# -- what is ordered ------------------------------------------------------------------------------------------------


def _latin(path: Path) -> None:
    path.write_bytes("Straße und Bäume".encode("latin-1"))


SOURCES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "missing": (lambda path: None, ("There is no file",)),
    "binary": (lambda path: path.write_bytes(b"\x7fELF\0\0" * 50), ("binary file",)),
    "50 MB": (lambda path: path.write_bytes(b"a" * 50_000_000), ("50 MB", "at most 10 MB")),
    "not UTF-8": (_latin, ("not UTF-8", "byte 4")),
    "a directory": (lambda path: path.mkdir(), ("is a folder",)),
    "empty": (lambda path: path.touch(), ("no text",)),
    "a pipe": (os.mkfifo, ("a device or a pipe",)),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_a_file_that_is_no_source_is_refused(kind: str, tmp_path: Path) -> None:
    make, words = SOURCES[kind]
    make(tmp_path / "source")
    ended = await run("generate", "Tea", "--source", "source", cwd=tmp_path)
    check_message(ended, UNUSABLE, *words)
    assert not (tmp_path / "data").exists(), "nothing is begun for an order that cannot be used"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (["", "--source", "tea.txt"], ["TOPIC", "at least 3 characters, found 0"]),
        (["x" * 301, "--source", "tea.txt"], ["TOPIC", "at most 300 characters, found 301"]),
        (["Tea", "--source", "tea.txt", "--author", "nemo"], ["no author 'nemo'", "blogen"]),
        (["Tea", "--source", "tea.txt", "--author", "Ne mo"], ["--author"]),
        (["Tea", "--source", "tea.txt", "--words", "3", "--images", "9"], ["--words", "--images"]),
        (["Tea"], ["names no sources"]),
        (["Tea", "--source", "ftp://example.com/tea"], ["ftp://example.com/tea"]),
        *((["Tea", "--source", url], ["private address"]) for url in PRIVATE),
    ],
)
async def test_an_order_that_cannot_be_used_is_refused(order: list[str], words: list[str], tmp_path: Path) -> None:
    (tmp_path / "tea.txt").write_text(TEA)
    check_message(await run("generate", *order, cwd=tmp_path), UNUSABLE, *words)


async def test_all_sources_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\0" * 50)
    ended = await run("generate", "Tea", "--source", "missing", "--source", "binary", cwd=tmp_path)
    check_message(ended, UNUSABLE, "2 sources", "missing", "binary file")


async def posted(blogen: Blogen, body: bytes) -> tuple[Refused, int, str]:
    """What a body that is no order is answered with, and the status and code that are right for it."""
    headers = {"Authorization": f"Bearer {blogen.token}", "Content-Type": "application/json"}
    async with blogen.http.post(f"{blogen.url}/api/v1/jobs", data=body, headers=headers) as response:
        assert response.content_type == "application/problem+json"
        refused = Refused(response.status, json.loads(await response.read()))
        is_json = body in {b"[]", b"null"}
        return refused, 422 if is_json else 400, "invalid-input" if is_json else "malformed-body"


ORDERS: list[tuple[dict[str, Any], int, str, tuple[str, ...]]] = [
    ({"topic": ""}, 422, "invalid-input", ('"path": "topic"', "at least 3")),
    ({"topic": "x" * 301}, 422, "invalid-input", ('"path": "topic"', "at most 300")),
    ({"topic": "Tea", "author": "nemo"}, 422, "invalid-input", ("no author 'nemo'",)),
    ({"topic": "Tea", "sources": []}, 422, "invalid-input", ("names no sources",)),
    ({"topic": "Tea", "sources": [{"kind": "file", "path": "/etc/passwd"}]}, 422, "invalid-input", ("sources.0",)),
    ({"topic": "Tea", "sources": [{"kind": "text", "text": " \n"}]}, 422, "invalid-input", ("white space",)),
    ({"topic": "Tea", "sources": [{"kind": "text", "text": "x" * 200_001}]}, 422, "invalid-input", ("200000",)),
    ({"topic": "Tea", "sources": [{"kind": "text", "text": "x" * 50_000_000}]}, 413, "body-too-large", ("32 MiB",)),
    ({"topic": "Tea", "sources": [{"kind": "url", "url": "file:///etc/passwd"}]}, 422, "invalid-input", ("sources.0",)),
    ({"topic": "Tea", "admin": True}, 422, "invalid-input", ('"path": "admin"',)),
    *(
        ({"topic": "Tea", "sources": [{"kind": "url", "url": url}]}, 422, "source-refused", ("private address",))
        for url in PRIVATE
    ),
]


async def test_an_order_that_cannot_be_used_is_a_problem_over_http(new_blogen: NewBlogen) -> None:
    async with new_blogen() as blogen:
        before = await blogen.all("/api/v1/jobs")
        for order, status, code, words in ORDERS:
            with pytest.raises(Refused) as refused:
                await blogen.ask("POST", "/api/v1/jobs", {"sources": SOURCE, **order})
            check_problem(refused.value, status, code, *words)
        for body in (b"", b'{"topic": ', b'{"topic": "\xff\xfe"}', b"[]", b"null", b"\0" * 100):
            check_problem(*await posted(blogen, body))
        assert await blogen.all("/api/v1/jobs") == before, "an order that was refused left a job"


# -- addresses that look well and are not -----------------------------------------------------------------------------

PAGES: dict[str, tuple[str, ...]] = {
    "/slow": ("did not answer within 0.2 s",),
    "/loop/1": ("redirects more than",),
    "/circle": ("redirects in a circle",),
    "/inside": ("169.254.169.254", "private address"),
    "/picture": ("a picture",),
    "/binary": ("binary file",),
    "/huge": ("larger than 10 MB",),
    "/latin": ("not UTF-8",),
    "/gone": ("is gone",),
    "/empty": ("no text",),
}


@pytest.fixture
async def stranger() -> AsyncIterator[str]:
    """A site that does nothing right; its address."""
    is_over = asyncio.Event()

    async def page(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/slow":
                await is_over.wait()
            case "/circle":
                raise web.HTTPFound("/circle")
            case "/inside":
                raise web.HTTPFound(METADATA)
            case "/picture":
                return web.Response(body=b"\x89PNG\r\n\x1a\n\0\0", content_type="image/png")
            case "/binary":
                return web.Response(body=b"text\0\0\0\0", content_type="text/plain")
            case "/latin":
                return web.Response(body="Straße und Bäume".encode("latin-1"), headers={"Content-Type": "text/plain"})
            case "/huge":
                response = web.StreamResponse(headers={"Content-Type": "text/plain"})
                await response.prepare(request)
                for _ in range(50):
                    await response.write(b"x" * 1_000_000)
                return response
            case "/gone":
                raise web.HTTPGone
            case "/empty":
                return web.Response(text="<!doctype html><title></title>", content_type="text/html")
        raise web.HTTPFound(f"/loop/{int(request.path.rpartition('/')[2]) + 1}")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    is_over.set()
    await runner.cleanup()


NEAR = """
[engine]
retry_base_seconds = 0.02
max_attempts = 3
[research]
allow_private = ["127.0.0.1/32"]
timeout_seconds = 0.2
"""


async def test_a_page_that_cannot_be_read_fails_its_job_in_words(new_blogen: NewBlogen, stranger: str) -> None:
    async with new_blogen(config=NEAR) as blogen:
        jobs = {path: await blogen.submit("Tea", sources=[{"kind": "url", "url": stranger + path}]) for path in PAGES}
        for path, words in PAGES.items():
            check_job_error(await blogen.finished(jobs[path]["id"]), "source-refused", *words)
        well = await blogen.submit("Tea", sources=SOURCE, images=0)
        assert (await blogen.finished(well["id"]))["state"] == "published", "the others strand no one"
        check_no_trace(blogen.server.log)


@pytest.mark.parametrize("path", ["/slow", "/loop/1", "/inside"])
async def test_a_page_that_cannot_be_read_ends_generate_in_words(
    new_blogen: NewBlogen, stranger: str, path: str
) -> None:
    ended = await new_blogen(config=NEAR).command("generate", "Tea", "--quiet", "--source", stranger + path)
    check_message(ended, JOB_FAILED, *PAGES[path], "blogen jobs retry")


# -- AI services ------------------------------------------------------------------------------------------------------


def service(base_url: str, *, key: str = "sk-right-right-right", model: str = MODEL, more: str = "") -> str:
    return f"""
[engine]
retry_base_seconds = 0.02
max_attempts = 2
[text.main]
kind = "openai"
base_url = "{base_url}"
api_key = "{key}"
model = "{model}"
{more}
"""


def _closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"


SERVICES: dict[str, tuple[Callable[[str], str], str, tuple[str, ...]]] = {
    "a wrong key": (lambda url: service(url, key="sk-wrong-wrong"), "provider-refused", ("key in [text.main]", "401")),
    "an unknown model": (lambda url: service(url, model="gpt-99"), "provider-refused", ("'gpt-99'",)),
    "nobody there": (lambda _: service(_closed_port()), "provider-unavailable", ("refused the connection",)),
    "an unknown host": (
        lambda _: service("http://nowhere.invalid/v1"), "provider-unavailable", ("nowhere.invalid", "resolved"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trouble", SERVICES)
async def test_a_service_that_cannot_work_is_told_at_every_door(new_blogen: NewBlogen, trouble: str) -> None:
    make, code, words = SERVICES[trouble]
    async with FakeOpenAI(key="sk-right-right-right") as fake, new_blogen(config=make(fake.base_url)) as blogen:
        (blogen.folder / "tea.txt").write_text(TEA)
        job = await blogen.submit("Tea", sources=SOURCE)
        generated, doctor = await asyncio.gather(
            blogen.command("generate", "Tea", "--quiet", "--source", "tea.txt"), blogen.command("doctor", "--json")
        )
        job = await blogen.finished(job["id"])
        check_job_error(job, code, *words)
        assert job["error"]["provider"] == "text.main"
        check_message(generated, JOB_FAILED, "text.main", *words)
        (found,) = [check for check in json.loads(doctor.out)["checks"] if not check["ok"]]
        assert (doctor.code, found["name"]) == (1, "text.main")
        assert found["remedy"]
        check_no_trace(blogen.server.log + doctor.out + doctor.err)


# -- the configuration ------------------------------------------------------------------------------------------------

CONFIGS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "malformed TOML": (b"[server]\nport = = 8080\n", ("config.toml", "line 2")),
    "not UTF-8": (b"[site]\ntitle = 'Stra\xdfe'\n", ("config.toml", "UTF-8")),
    "an unknown key": (b"[server]\nprot = 8080\n", ("server.prot", "`port`")),
    "an unknown section": (b"[severs]\nport = 8080\n", ("severs", "`server`")),
    "another type": (b"[engine]\nworkers = 'many'\n", ("engine.workers", "a whole number")),
    "out of range": (b"[engine]\nworkers = 0\n", ("engine.workers", "at least 1")),
    "an unknown kind": (b"[text.main]\nkind = 'opnai'\n", ("text.main.kind", "openai")),
    "an unknown name": (b"[pipeline]\ntext = ['mian']\n", ("pipeline.text", "mian")),
    "a secret that is missing": (
        b"[text.main]\nkind = 'openai'\nmodel = 'm'\napi_key_file = '/nowhere/key'\n", ("api_key", "/nowhere/key"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", CONFIGS)
async def test_a_wrong_configuration_is_refused_by_every_command(mistake: str, tmp_path: Path) -> None:
    content, words = CONFIGS[mistake]
    (tmp_path / "config.toml").write_bytes(content)
    (tmp_path / "tea.txt").write_text(TEA)
    served, generated, doctor = await asyncio.gather(
        run("serve", "--port", "0", cwd=tmp_path),
        run("generate", "Tea", "--source", "tea.txt", cwd=tmp_path),
        run("doctor", cwd=tmp_path),
    )
    for ended in (served, generated):
        assert (ended.code, ended.out) == (UNUSABLE, "")
        assert ended.err.startswith("blogen: ")
    assert doctor.code == 1
    for said in (served.err, generated.err, doctor.out):
        for word in words:
            assert word in said
        check_no_trace(said)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("name", "words"), [("nowhere.toml", "nowhere.toml"), (".", "is a folder")])
async def test_a_configuration_that_is_not_there_is_refused(name: str, words: str, tmp_path: Path) -> None:
    ended = await run("jobs", "list", "--config", name, cwd=tmp_path)
    assert (ended.code, ended.out) == (UNUSABLE, "")
    assert words in ended.err


# -- the data folder --------------------------------------------------------------------------------------------------


async def check_refused(blogen: Blogen, *words: str, prefix: Sequence[str] = (), doctor: str = "") -> None:
    """Server and commands refuse the folder with `words`, doctor names the check that failed; nothing is changed."""
    before = database_of(blogen)
    tea = blogen.folder / "tea.txt"
    tea.write_text(TEA)
    for command in (
        ("serve", "--port", "0"),
        ("generate", "Tea", "--source", str(tea)),
        ("tokens", "create", "--scope", "reader"),
    ):
        check_message(await run_as(prefix, *command, *blogen.options, cwd=blogen.folder), UNUSABLE, *words)
    if doctor:
        ended = await run_as(prefix, "doctor", "--json", *blogen.options, cwd=blogen.folder)
        checks = {check["name"]: check for check in json.loads(ended.out)["checks"]}
        assert ended.code == 1
        assert not checks[doctor]["ok"]
        assert checks[doctor]["remedy"]
        check_no_trace(ended.out + ended.err)
    assert database_of(blogen) == before, "the database was changed"


def database_of(blogen: Blogen) -> bytes | None:
    path = blogen.data / "blogen.db"
    return path.read_bytes() if path.is_file() else None


async def run_as(prefix: Sequence[str], *words: str, cwd: Path) -> Ended:
    """`blogen …` to its end; behind the words of a command that changes the user, if any: those begin a program."""
    if not prefix:
        return await run(*words, cwd=cwd)
    process = await asyncio.create_subprocess_exec(
        *prefix, sys.executable, str(ROOT / "run.py"), *words, cwd=cwd, env=clean_environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def nobody() -> tuple[str, ...]:
    """What makes a command run as a user without rights."""
    prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root, with setpriv, can run a command as another user")
    ended = await run_as(prefix, "--version", cwd=Path("/"))
    if ended.code != 0:
        pytest.skip(f"another user cannot run this Python: {ended.err[-200:]}")
    return prefix


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _copy(seed: Blogen, folder: Path) -> Blogen:
    shutil.copytree(seed.data, folder / "data")
    return Blogen(folder, token=seed.token)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


async def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    blogen = Blogen(tmp_path)
    blogen.data.write_text("a file")
    await check_refused(blogen, "data", "is a file", doctor="data folder")
    check_message(await blogen.command("jobs", "list"), UNUSABLE, "data", "is a file")
    assert blogen.data.read_text() == "a file"


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"data": 0o555}, ("data cannot be written", "right to write")),
        ({"data": 0o000}, ("Permission denied", "Give this user the right")),
        ({"data": 0o777, "data/lock": 0o444}, ("lock cannot be written", "right to write")),
        ({"data": 0o777, "data/lock": 0o666, "data/blogen.db": 0o444}, ("blogen.db", "right to read and write")),
    ],
)
async def test_a_data_folder_without_the_right_to_write_is_refused(
    seed: Blogen, nobody: tuple[str, ...], open_folder: Path, rights: dict[str, int], words: tuple[str, ...]
) -> None:
    blogen = _copy(seed, open_folder)
    for name, mode in reversed(rights.items()):
        (open_folder / name).chmod(mode)
    await check_refused(blogen, *words, prefix=nobody)


async def test_a_folder_that_another_process_works_on_is_refused(new_blogen: NewBlogen) -> None:
    blogen = new_blogen()
    with (blogen.data / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = await blogen.command("serve", "--port", "0")
        check_message(ended, UNUSABLE, "in use by another Blogen", "--data-dir")
        assert (await blogen.command("jobs", "list")).code == 0, "reading needs no lock"


async def test_a_database_of_a_newer_version_is_refused(new_blogen: NewBlogen) -> None:
    blogen = new_blogen()
    with closing(sqlite3.connect(blogen.data / "blogen.db")) as connection, connection:
        connection.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'from_the_future')")
    await check_refused(blogen, "schema 9999", "newer version", doctor="database")


def _overwrite(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * (len(content) // 2 - 4096) + content[len(content) // 2 :]


@pytest.mark.parametrize(
    "spoil",
    [_overwrite, lambda content: content[: len(content) // 2], lambda content: b"my holiday photographs" * 1000],
    ids=["overwritten", "cut off", "something else"],
)
async def test_a_database_that_is_damaged_is_refused(new_blogen: NewBlogen, spoil: Callable[[bytes], bytes]) -> None:
    blogen = new_blogen()
    path = blogen.data / "blogen.db"
    path.write_bytes(spoil(path.read_bytes()))
    await check_refused(blogen, "damaged or not a Blogen database", "backups/", doctor="database")


# -- a full disk ------------------------------------------------------------------------------------------------------


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, but_bytes: int = 0) -> None:
        """Take what is left, to the last byte, or but so many."""
        with (self.folder / "ballast").open("ab", buffering=0) as ballast:
            size = 1 << 20
            while size:
                try:
                    ballast.write(b"\0" * size)
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
                    size //= 2
            ballast.truncate(ballast.tell() - but_bytes)

    def make_room(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def _mounted(folder: Path, size: str) -> Iterator[SmallDisk]:
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"mounting is not permitted here: {made.stderr.decode().strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with _mounted(folder, "16m") as disk:
        yield disk


@needs_root
async def test_a_full_disk_is_refused_at_start(seed: Blogen, small_disk: SmallDisk, tmp_path: Path) -> None:
    blogen = Blogen(tmp_path)
    blogen.data = small_disk.folder / "data"
    small_disk.fill()
    await check_refused(blogen, "The disk is full", "Make room", doctor="disk")
    small_disk.make_room()
    shutil.copytree(seed.data, blogen.data, dirs_exist_ok=True)
    small_disk.fill(but_bytes=100_000)  # the start would end half-way
    await check_refused(blogen, "The disk is full", "Make room", doctor="disk")


@needs_root
async def test_a_disk_that_fills_up_stops_writing_only_and_heals(
    seed: Blogen, small_disk: SmallDisk, fake: FakeOpenAI, tmp_path: Path
) -> None:
    blogen = Blogen(tmp_path, config=service(fake.base_url), token=seed.token)
    blogen.data = small_disk.folder / "data"
    shutil.copytree(seed.data, blogen.data)
    async with blogen:
        (post,) = await blogen.posts()
        fake.hold()
        running = await blogen.submit("Tea", sources=SOURCE, images=0)
        await fake.received()
        small_disk.fill()
        await fake.release()
        await blogen.server.says("database cannot be written")

        with pytest.raises(Refused) as refused:
            await blogen.submit("Coffee", sources=SOURCE, images=0)
        check_problem(refused.value, 503, "store-unavailable", "disk", "full", "Make room")
        with pytest.raises(Refused) as unready:
            await blogen.ask("GET", "/readyz")
        assert unready.value.status == 503
        assert "full" in unready.value.problem["checks"]["database"]
        assert (await blogen.ask("GET", "/healthz"))["status"] == "ok"
        for path in ("/", f"/p/{post['slug']}", "/feed.xml", "/search?q=blogen"):
            assert await blogen.page(path)
        assert (await blogen.job(running["id"]))["state"] not in {"failed", "cancelled", "published"}
        (blogen.folder / "tea.txt").write_text(TEA)
        ended = await blogen.command("generate", "Coffee", "--quiet", "--source", "tea.txt")
        check_message(ended, UNUSABLE, "full", "Make room")

        small_disk.make_room()
        assert (await blogen.finished(running["id"]))["state"] == "published"
        calls = [str(call.body) for call in fake.calls]
        assert len(calls) == len(set(calls)), "an answer that could not be kept was paid for twice"
        assert (await blogen.ask("GET", "/readyz"))["status"] == "ok"
        later = await blogen.submit("Coffee", sources=SOURCE, images=0)
        assert (await blogen.finished(later["id"]))["state"] == "published"

        small_disk.fill()
        with pytest.raises(Refused):
            await blogen.submit("Cocoa", sources=SOURCE, images=0)
        assert await blogen.terminate() == 0, "a full disk does not keep it from ending well"
        small_disk.make_room()
        await blogen.start()
        assert len(await blogen.posts()) == 3
        check_no_trace(blogen.server.log)


# -- secrets ----------------------------------------------------------------------------------------------------------

TEXT_KEY = "sk-planted-secret"
IMAGE_KEY = "planted=secret/of:images"
KEYS = (TEXT_KEY, IMAGE_KEY)


class Overheard(Server):
    """A server whose stdout is kept, too."""

    out = ""

    @classmethod
    async def begin(cls, *words: str, cwd: Path) -> tuple[AnyServer, str]:
        return await cls.start(*words, cwd=cwd)

    async def ended(self) -> int:
        assert self._process.stdout is not None
        self.out = (await self._process.stdout.read()).decode()
        return await super().ended()


def _said(words: str) -> dict[str, Any]:
    """An answer as models give it, with the headers of the request in it."""
    message = {"role": "assistant", "content": f"{words} Authorization: Bearer {TEXT_KEY}"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "model": f"m {TEXT_KEY}", "choices": [choice]}


ECHO = f"you sent Authorization: Bearer {TEXT_KEY}"
ANSWERS: list[tuple[int, Any, dict[str, str]]] = [
    *((status, {"error": {"message": ECHO, "code": TEXT_KEY}}, {}) for status in (400, 401, 403, 404, 413, 429, 500)),
    (503, f"<html>{ECHO}</html>", {}),
    (307, "", {"Location": f"http://127.0.0.1:9/?key={TEXT_KEY}"}),
    (200, f'{{"echo": "{ECHO}"', {}),
    (200, _said("No outline today."), {}),
    (200, {"choices": [{"message": {"content": "", "refusal": ECHO}, "finish_reason": "stop"}]}, {}),
    (200, {"choices": [{"message": {"content": ECHO}, "finish_reason": "length"}]}, {}),
]


async def test_a_planted_secret_occurs_nowhere(new_blogen: NewBlogen, fake: FakeOpenAI) -> None:
    config = (
        service(fake.base_url, key=TEXT_KEY).replace("max_attempts = 2", "max_attempts = 1")
        + f"""
[image.main]
kind = "openai"
base_url = "{fake.base_url}"
api_key = "{IMAGE_KEY}"
model = "{IMAGE_MODEL}"
"""
    )
    blogen = new_blogen(config=config, launch=Overheard.begin)
    told: list[str] = []
    async with blogen:
        for status, body, headers in ANSWERS:
            for _ in range(12):  # whatever is asked, and however it is asked again
                fake.fail_next(status, headers, body, label="outline")
            job = await blogen.submit("Tea", sources=SOURCE)
            job = await blogen.finished(job["id"])
            assert job["state"] == "failed", (status, body, job)
            fake.faults.forget()
            told.append(json.dumps(job))
            told.append(json.dumps(await blogen.all(f"/api/v1/jobs/{job['id']}/timeline")))
        told.append((await blogen.command("jobs", "show", job["id"], "--json")).out)
        fake.fail_next(500, body={"error": {"message": f"What is {IMAGE_KEY}?"}}, label="image")
        job = await blogen.submit("Tea", sources=SOURCE)
        job = await blogen.finished(job["id"])
        told.append(json.dumps(job))
        told.append(json.dumps(await blogen.all(f"/api/v1/jobs/{job['id']}/timeline")))
        assert "What is \\u2026?" in told[-1], "the server's own words are told, without the key"
        assert job["state"] == "published", "without a picture of the service, a cover is drawn here"
        for _ in range(2):
            fake.fail_next(401, body={"error": {"message": ECHO}}, label="models")
        doctor = await blogen.command("doctor")
        assert doctor.code == 1
        told += [doctor.out, doctor.err, json.dumps(await blogen.ask("GET", "/readyz"))]
        server = blogen.server
        assert isinstance(server, Overheard)
        assert await blogen.terminate() == 0
        told += [server.log, server.out]
        fake.fail_next(401, body={"error": {"message": ECHO}}, label="outline")
        (blogen.folder / "tea.txt").write_text(TEA)
        ended = await blogen.command("generate", "Tea", "--source", "tea.txt", "--debug", "--json", "--stream")
        assert ended.code == JOB_FAILED
        told += [ended.out, ended.err]
    told += [path.read_bytes().decode("latin-1") for path in blogen.data.rglob("*") if path.is_file()]
    for key in KEYS:
        found = [text[max(0, text.index(key) - 300) :][:600] for text in told if key in text]
        assert not found, found


@pytest.mark.parametrize(
    "config",
    [
        f"[text.main]\nkind = 'openai'\nmodel = 'm'\napikey = '{TEXT_KEY}'\n",
        f"[text.main]\nkind = 'openai'\nmodel = 'm'\napi_key = ['{TEXT_KEY}']\n",
        f"[text.main]\nkind = 'openai'\nmodel = 'm'\napi_key = {{ key = '{TEXT_KEY}' }}\n",
        f"[text.main]\nkind = 'openai'\nmodel = 'm'\nbase_url = 'http://me:{TEXT_KEY}@host/v1'\n",
        f"[text.main]\nkind = 'openai'\nmodel = 'm'\napi_key = '{TEXT_KEY}\n",
    ],
)
async def test_a_misplaced_secret_is_not_repeated(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(config)
    for words in (("jobs", "list"), ("doctor",), ("serve", "--port", "0", "--debug")):
        ended = await run(*words, cwd=tmp_path)
        assert ended.code != 0 or words[0] == "jobs"
        assert TEXT_KEY not in ended.out + ended.err
