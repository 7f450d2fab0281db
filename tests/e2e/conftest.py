"""A data folder that has its first post and a token, made once and copied; servers that end with their test."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests import compiled
from tests.chromium import WHOLE, opened
from tests.e2e.app import Crowd, Phone, open_crowd, pick_up
from tests.e2e.harness import Blogen
from tests.fakes.openai_server import FakeOpenAI

expect.set_options(timeout=60_000)  # however busy the machine is: only a hang lasts as long

NewBlogen = Callable[..., Blogen]
NewPhone = Callable[..., Awaitable[Phone]]


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers of this run."""
    its_own = tmp_path_factory.getbasetemp()
    return its_own.parent if "PYTEST_XDIST_WORKER" in os.environ else its_own


@pytest.fixture(scope="session")
def seed(together: Path, compiled_templates: Path) -> Blogen:
    """A blog that has published its first post, has shown its pages, and is at rest: the first worker makes it."""

    async def made(folder: Path) -> Blogen:
        async with Blogen(folder) as blogen:
            await blogen.server.says("job submitted")
            (first,) = await blogen.all("/api/v1/jobs")
            assert (await blogen.finished(first["id"]))["state"] == "published"
            assert await blogen.terminate() == 0
            return blogen

    token = together / "seed.token"
    with (together / "seed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not token.exists():
            shutil.rmtree(together / "seed", ignore_errors=True)  # of one that was not made to its end
            with ThreadPoolExecutor(1) as apart:  # a loop of its own, beside pytest's
                blogen = apart.submit(asyncio.run, made(together / "seed")).result()
            compiled.fill(compiled_templates)
            half_made = shutil.ignore_patterns("*.partial")  # by another worker, at this moment
            shutil.copytree(compiled_templates, blogen.data / "cache", ignore=half_made, dirs_exist_ok=True)
            token.write_text(blogen.token)
    return Blogen(together / "seed", token=token.read_text())


@pytest.fixture
def new_blogen(seed: Blogen, tmp_path: Path) -> NewBlogen:
    """Blogs that begin as copies of `seed`; start them with `async with`."""

    def new(name: str = "blog", **options: str) -> Blogen:
        data = tmp_path / name / "data"
        shutil.copytree(seed.data, data, ignore=lambda folder, _: {"cache"} if folder == str(seed.data) else set())
        shutil.copytree(seed.data / "cache", data / "cache", copy_function=os.link)  # they are never written to
        return Blogen(tmp_path / name, token=seed.token, **options)

    return new


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened() as browser:
        yield browser


@pytest.fixture
async def whole_browser() -> AsyncIterator[Browser]:
    """That which people have."""
    async with opened(WHOLE) as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crowd(tmp_path_factory: pytest.TempPathFactory, together: Path) -> AsyncIterator[Crowd]:
    """A blog full of posts with the app, and a browser: one for all tests of a worker."""
    async for its_crowd in open_crowd(tmp_path_factory.getbasetemp() / "crowd", together):
        yield its_crowd


@pytest_asyncio.fixture(loop_scope="session")
async def new_phone(crowd: Crowd) -> AsyncIterator[NewPhone]:
    """Phones that must not have complained when their test ends."""
    phones: list[Phone] = []

    async def new(handle: str | None = None, **options: object) -> Phone:
        phones.append(phone := await pick_up(crowd, **options))
        if handle is not None:
            await phone.enter(handle)
        return phone

    yield new
    for phone in phones:
        await phone.context.close()
    assert not (wrong := [one for phone in phones for one in phone.wrong()]), "\n".join(wrong)
