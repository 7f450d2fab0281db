"""The owner's page about the services, over the real composition and a service that speaks OpenAI's wire format."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.clock import SystemClock
from blogen.config.load import load
from blogen.domain.person import Scope
from blogen.server import web_application
from blogen.store.ledger import HOLD
from tests.fakes.openai_server import MODEL, FakeOpenAI
from tests.web.people import PASSWORD, Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-a-planted-key-1234567890"
WRONG_KEY = "sk-not-the-key-0987654321"
PAGE = "/studio/providers"


class Served:
    """As much of a `PeopleSite` as a `Browser` needs, and the service that its sections name."""

    def __init__(self, app: App, client: TestClient, fake: FakeOpenAI) -> None:
        self.app = app
        self.client = client
        self.fake = fake

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def signed_in(self, handle: str) -> Browser:
        browser = Browser(self, {})  # type: ignore[arg-type]
        answer = await browser.submit("/login", {"login": handle, "password": PASSWORD})
        assert answer.status == 303
        return browser


def section(name: str, url: str, key: str = KEY, more: str = "") -> str:
    return f'[text.{name}]\nkind = "openai"\nbase_url = "{url}"\nmodel = "{MODEL}"\napi_key = "{key}"\n{more}\n'


LIMITS = "usd_per_call = 0.01\nrequests_per_minute = 600\ntokens_per_minute = 90000\nday_usd = 2\nmonth_calls = 100"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("providers")
    async with FakeOpenAI(key=KEY) as fake:
        sections = (
            section("main", fake.base_url, more=LIMITS),
            section("local", fake.base_url, more='preset = "ollama"'),
            section("wrong", fake.base_url, WRONG_KEY),
            section("gone", "http://127.0.0.1:9/v1"),
            '[pipeline]\ntext = ["local", "main", "offline"]\n',
        )
        (folder / "config.toml").write_text("\n".join(sections))
        config = load(folder / "config.toml", {"BLOGEN_DATA__DIR": str(folder / "data")})
        async with App.built(config) as app:
            futures: list[asyncio.Future[Any]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
            application = web_application(app, *futures)
            async with TestClient(TestServer(application), auto_decompress=False) as client:
                for role in (Scope.ADMIN, Scope.AUTHOR):
                    await app.people.create_person(role, role.title(), role, PASSWORD)
                yield Served(app, client, fake)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(site: Served) -> Browser:
    """Once the services are there."""
    if site.app.works is None:
        await site.app.build_works()
    return await site.signed_in("admin")


async def test_a_server_that_is_still_starting_says_so(site):
    admin = await site.signed_in("admin")
    page = await admin.get(PAGE)
    assert page.status == 409
    assert "still starting" in page.words
    await site.app.build_works()
    assert (await admin.get(PAGE)).status == 200


async def test_each_service_is_shown_with_its_limits_and_never_its_key(admin):
    page = await admin.get(PAGE)
    words = page.words
    assert KEY not in page.text
    assert WRONG_KEY not in page.text
    names = ["text.local", "text.main", "text.wrong", "image.covers"]
    assert sorted(names, key=words.index) == names, "what is tried comes first"
    assert "openai tried first" in words
    assert "openai tried as number 2" in words
    assert "not in the list that is tried" in words
    assert "4 at a time, 600 calls a minute, 90,000 tokens a minute" in words
    assert "$0.01 a call" in words
    assert "Not asked for anything since Blogen started." in words
    assert "$0.00 in 0 calls, of $2.00 at most" in words
    assert "None is configured." in words, "of search"


async def test_a_free_service_is_tested_by_calls_once_for_all_who_ask_and_what_it_understands_is_told(site, admin):
    path, before = f"{PAGE}/text/local/test", len(site.fake.paid)
    form = await admin.form(PAGE, path)
    pages = await asyncio.gather(*(admin.post(path, form) for _ in range(3)))
    assert len(site.fake.paid) - before == 3
    for page in pages:
        assert page.status == 200
        assert "It is well: asked for" in page.words
        assert "3 calls for nothing" in page.words
        assert "json_output (schema): It keeps to json_schema." in page.words
        assert KEY not in page.text


async def test_a_paid_service_is_only_asked_for_its_models_unless_the_owner_wants_to_pay(site, admin):
    path, before = f"{PAGE}/text/main/test", len(site.fake.paid)
    page = await admin.submit(path, page=PAGE)
    assert "no call that costs anything" in page.words
    assert len(site.fake.paid) == before
    page = await admin.submit(path, {"pay": "1"}, page=PAGE)
    assert len(site.fake.paid) - before == 3
    assert "3 calls for $0.03" in page.words


@pytest.mark.parametrize(("name", "said"), [("wrong", "api_key"), ("gone", "refused the connection")])
async def test_what_is_wrong_is_told_with_what_would_mend_it(admin, name, said):
    page = await admin.submit(f"{PAGE}/text/{name}/test", page=PAGE)
    assert "Something is wrong" in page.words
    assert said in page.words
    assert 'class="remedy"' in page.text
    assert WRONG_KEY not in page.text


async def test_a_service_that_rests_says_so_and_what_was_spent_stands_beside_its_cap(site, admin):
    site.app.services.text.guarded["main"].machines.machines[0].breaker.leave_alone(60)
    now = SystemClock().now_ms()
    await site.app.database.write(lambda tx: tx.execute(HOLD, ("job", "step", 1, now, "text.main", 250_000)))
    page = await admin.get(PAGE)
    assert re.search(r"Left alone for \d\d s more", page.words)
    assert "$0.25 in 1 call, of $2.00 at most" in page.words
    assert "$0.25 in 1 call, of 100 calls at most" in page.words


async def test_only_admins_see_and_test_them_and_unknown_ones_are_told(site, admin):
    path, before = f"{PAGE}/text/local/test", len(site.fake.paid)
    form = await admin.form(PAGE, path)
    for unknown in (f"{PAGE}/text/nobody/test", f"{PAGE}/smell/main/test", f"{PAGE}/text/..%2f/test"):
        assert (await admin.post(unknown, form)).status == 404
    author = await site.signed_in("author")
    assert (await author.get(PAGE)).status == 403
    assert (await author.post(path, form)).status == 403
    assert (await admin.post(path, form | {"form": "0" * 64})).status == 403
    assert (await admin.post(path, form, Origin="https://evil.example")).status == 403
    assert len(site.fake.paid) == before
