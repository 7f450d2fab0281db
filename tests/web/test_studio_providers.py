"""The owner's page about the services, over the real composition and a service that speaks OpenAI's wire format."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.config.load import load
from blogen.domain.person import Scope
from blogen.server import web_application
from blogen.web import keys
from tests.fakes.openai_server import MODEL, FakeOpenAI
from tests.web.people import PASSWORD, Browser

KEY = "sk-a-planted-key-1234567890"
PAGE = "/studio/providers"


class Served:
    """As much of a `PeopleSite` as a `Browser` needs."""

    def __init__(self, app: App, client: TestClient) -> None:
        self.app = app
        self.client = client

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def signed_in(self, handle: str) -> Browser:
        browser = Browser(self, {})  # type: ignore[arg-type]
        answer = await browser.submit("/login", {"login": handle, "password": PASSWORD})
        assert answer.status == 303
        return browser


@asynccontextmanager
async def serve(folder: Path, sections: str) -> AsyncIterator[Served]:
    (folder / "config.toml").write_text(sections)
    config = load(folder / "config.toml", {"BLOGEN_DATA__DIR": str(folder / "data")})
    async with App.open(config) as app:
        futures: list[asyncio.Future[Any]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
        application = web_application(app, *futures)
        async with TestClient(TestServer(application), auto_decompress=False) as client:
            for role in (Scope.ADMIN, Scope.AUTHOR):
                await app.people.create_person(role, role.title(), role, PASSWORD)
            yield Served(app, client)


def section(fake: FakeOpenAI, more: str = "", name: str = "main") -> str:
    return (
        f'[text.{name}]\nkind = "openai"\nbase_url = "{fake.base_url}"\nmodel = "{MODEL}"\napi_key = "{KEY}"\n{more}\n'
    )


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


async def test_each_service_is_shown_with_its_limits_and_never_its_key(tmp_path, fake):
    second = section(fake, "requests_per_minute = 60\ntokens_per_minute = 9000\nday_usd = 2.5\nmonth_calls = 100", "b")
    order = '[pipeline]\ntext = ["b", "offline"]\n'
    async with serve(tmp_path, section(fake, "usd_per_call = 0.01\nfree = false") + second + order) as site:
        page = await (await site.signed_in("admin")).get(PAGE)
        assert page.status == 200
        words = page.words
        assert KEY not in page.text
        assert words.index("text.b") < words.index("text.main"), "what is tried comes first"
        assert "openai tried first" in words
        assert "4 at a time, 60 calls a minute, 9,000 tokens a minute" in words
        assert "$0.01 a call" in words
        assert "Not asked for anything since Blogen started." in words
        assert "image.covers" in words
        assert "None is configured." in words, "of search"


async def test_a_free_service_is_tested_by_calls_and_what_it_understands_is_told(tmp_path, fake):
    async with serve(tmp_path, section(fake, 'preset = "ollama"')) as site:
        browser = await site.signed_in("admin")
        page = await browser.submit(f"{PAGE}/text/main/test", page=PAGE)
        assert page.status == 200
        assert len(fake.paid) == 3
        assert "It is well: asked for" in page.words
        assert "3 calls for nothing" in page.words
        assert "json_output (schema): It keeps to json_schema." in page.words
        assert KEY not in page.text


async def test_a_paid_service_is_only_asked_for_its_models_unless_the_owner_wants_to_pay(tmp_path, fake):
    async with serve(tmp_path, section(fake, "usd_per_call = 0.01")) as site:
        browser = await site.signed_in("admin")
        page = await browser.submit(f"{PAGE}/text/main/test", page=PAGE)
        assert "no call that costs anything" in page.words
        assert fake.paid == []
        page = await browser.submit(f"{PAGE}/text/main/test", {"pay": "1"}, page=PAGE)
        assert len(fake.paid) == 3
        assert "3 calls for $0.03" in page.words


async def test_what_is_wrong_is_told_with_what_would_mend_it(tmp_path, fake):
    wrong = section(fake).replace(KEY, "sk-not-the-key-123456")
    gone = section(fake, name="gone").replace(fake.base_url, "http://127.0.0.1:9/v1")
    async with serve(tmp_path, wrong + gone) as site:
        browser = await site.signed_in("admin")
        page = await browser.submit(f"{PAGE}/text/main/test", page=PAGE)
        assert "Something is wrong" in page.words
        assert "key" in page.words.partition("Something is wrong")[2]
        assert "sk-not-the-key-123456" not in page.text
        page = await browser.submit(f"{PAGE}/text/gone/test", page=PAGE)
        assert "Something is wrong" in page.words
        assert 'class="remedy"' in page.text


async def test_a_service_that_rests_says_so_and_what_was_spent_stands_beside_its_cap(tmp_path, fake):
    async with serve(tmp_path, section(fake, "usd_per_call = 0.25\nday_usd = 2")) as site:
        assert site.app.works is not None
        machine = site.app.services.text.guarded["main"].machines.machines[0]
        machine.breaker.leave_alone(60)
        await spend(site.app)
        page = await (await site.signed_in("admin")).get(PAGE)
        assert re.search(r"Left alone for \d+ s more", page.words), page.words
        assert "$0.25 in 1 call, of $2.00 at most" in page.words


async def spend(app: App) -> None:
    """One paid call, as the engine's ledger has it."""
    from blogen.store.ledger import HOLD

    now = SystemClock().now_ms()
    await app.database.write(lambda tx: tx.execute(HOLD, ("job", "step", 1, now, "text.main", 250_000)))


async def test_two_clicks_make_one_test(tmp_path, fake):
    async with serve(tmp_path, section(fake, 'preset = "ollama"')) as site:
        browser = await site.signed_in("admin")
        path = f"{PAGE}/text/main/test"
        form = await browser.form(PAGE, path)
        answers = await asyncio.gather(*(browser.post(path, form) for _ in range(3)))
        assert [answer.status for answer in answers] == [200] * 3
        assert len(fake.paid) == 3


async def test_only_admins_see_and_test_them_and_unknown_ones_are_told(tmp_path, fake):
    async with serve(tmp_path, section(fake)) as site:
        admin, author = await site.signed_in("admin"), await site.signed_in("author")
        form = await admin.form(PAGE, f"{PAGE}/text/main/test")
        for path in (f"{PAGE}/text/nobody/test", f"{PAGE}/smell/main/test", f"{PAGE}/text/..%2f/test"):
            assert (await admin.post(path, form)).status == 404
        assert (await author.get(PAGE)).status == 403
        assert (await author.post(f"{PAGE}/text/main/test", form)).status == 403
        assert (await admin.post(f"{PAGE}/text/main/test", form | {"form": "0" * 64})).status == 403
        assert (await admin.post(f"{PAGE}/text/main/test", form, Origin="https://evil.example")).status == 403
        assert fake.paid == []


async def test_a_server_that_is_still_starting_says_so(tmp_path):
    config = Config.model_validate({"data": {"dir": tmp_path / "data"}})
    async with App.built(config) as app:
        futures: list[asyncio.Future[Any]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
        application = web_application(app, *futures)
        assert application[keys.PROVIDERS]() is None
        async with TestClient(TestServer(application), auto_decompress=False) as client:
            await app.people.create_person("admin", "Admin", Scope.ADMIN, PASSWORD)
            page = await (await Served(app, client).signed_in("admin")).get(PAGE)
            assert page.status == 409
            assert "still starting" in page.words
