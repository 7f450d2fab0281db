"""Providers from outside: a file in the data folder, or an installed package, is used everywhere as a built-in one.

Their service is an imagined one, the atelier: it writes, draws (an order, then questions) and searches, over HTTP.
"""

import asyncio
import base64
import io
import json
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from aiohttp import web
from PIL import Image

from blogen.app import App
from blogen.cli import main
from blogen.config.docs import tables
from blogen.config.load import load
from blogen.domain.job import JobRequest, JobState, TextSource
from blogen.errors import AnswerUnusable, ConfigError, ProviderRefused, ProviderUnavailable
from blogen.events import Bus, JobWaiting
from blogen.providers.protocols import CanFind, ImageModel, ImageRequest, SearchEngine, TextModel, TextRequest
from blogen.providers.registry import Registry
from tests.fakes.answers import answer

TEXT = '''
"""Texts from the atelier."""
from decimal import Decimal
from pydantic import Field
from blogen.config.section import ProviderSection
from blogen.providers.http import Service
from blogen.providers.protocols import Health, TextAnswer

class Config(ProviderSection):
    """`kind = "atelier"`: the atelier."""
    tone: str = Field("calm", description="How it sounds")

class Provider:
    def __init__(self, name, config):
        self.name, self.is_free = name, config.is_free
        self._service = Service(name, config.base_url, timeout_seconds=5, max_answer_bytes=1_000_000)

    async def complete(self, request, *, stream=None):
        order = {"prompt": request.system + request.user, "schema": request.json_schema}
        body = await self._service.ask_json("POST", "/write", json=order)
        return TextAnswer(text=body["text"])

    async def check(self):
        await self._service.ask("GET", "/open")
        return Health(ok=True, detail="the atelier is open")

    async def close(self):
        await self._service.close()
'''

IMAGE = '''
"""Pictures from the atelier: ordered, then asked for."""
from base64 import b64decode
from blogen.config.section import ProviderSection
from blogen.providers.http import Service
from blogen.providers.protocols import Drawn, Health, Pending, Submitted

class Config(ProviderSection):
    """`kind = "atelier"`: the atelier."""

class Provider:
    def __init__(self, name, config):
        self.name, self.is_free = name, config.is_free
        self._service = Service(name, config.base_url, timeout_seconds=5, max_answer_bytes=9_000_000)

    async def submit(self, request):
        body = await self._service.ask_json("POST", "/pictures", json={"prompt": request.prompt})
        return Submitted(handle=body["id"], poll_after_seconds=0.05)

    async def poll(self, handle):
        body = await self._service.ask_json("GET", f"/pictures/{handle}")
        return Drawn(content=b64decode(body["png"])) if body["png"] else Pending(poll_after_seconds=0.05)

    async def check(self):
        await self._service.ask("GET", "/open")
        return Health(ok=True, detail="the atelier is open")

    async def close(self):
        await self._service.close()
'''

SEARCH = '''
"""The atelier's library."""
from blogen.config.section import ProviderSection
from blogen.providers.http import Service
from blogen.providers.protocols import Health, SearchHit

class Config(ProviderSection):
    """`kind = "atelier"`: the atelier."""

class Provider:
    def __init__(self, name, config):
        self.name, self.is_free = name, config.is_free
        self._service = Service(name, config.base_url, timeout_seconds=5, max_answer_bytes=1_000_000)

    async def search(self, query, *, language, limit=10):
        found = await self._service.ask_json("GET", "/search", params={"q": query})
        return [SearchHit(url=entry["url"], title=entry["title"]) for entry in found[:limit]]

    async def check(self):
        await self._service.ask("GET", "/open")
        return Health(ok=True, detail="the atelier is open")

    async def close(self):
        await self._service.close()
'''

SOURCES = {"text": TEXT, "image": IMAGE, "search": SEARCH}
PAGE = "<article><h1>Kettles</h1>" + "".join(
    f"<p>A kettle of {metal} sings when the water in it begins to move, long before it boils. The bubbles of "
    f"steam that rise from the warm bottom collapse in the colder water above, {times} times in a second, and each of "
    "them knocks at the wall of the vessel.</p>"
    for metal, times in [("copper", 90), ("iron", 70), ("tin", 120), ("steel", 60)]
) + "</article>"  # fmt: skip


class Atelier:
    """The imagined service; `is_drawing` holds pictures back."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.under_way = self.most_under_way = 0
        self.is_drawing = asyncio.Event()
        self.ill: str = ""
        self.url = ""

    async def __aenter__(self) -> "Atelier":
        app = web.Application()
        app.add_routes(
            [
                web.post("/write", self._write),
                web.post("/pictures", self._order),
                web.get("/pictures/{id}", self._picture),
                web.get("/search", self._search),
                web.get("/open", self._open),
                web.get("/kettles", self._page),
            ]
        )
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _write(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.calls.append("write")
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.ill:
            return web.Response(text=self.ill, content_type="application/json")
        return web.json_response({"text": answer(order["prompt"], order["schema"])})

    async def _order(self, request: web.Request) -> web.Response:
        self.calls.append("order")
        return web.json_response({"id": f"p{self.calls.count('order')}"})

    async def _picture(self, request: web.Request) -> web.Response:
        self.calls.append(f"ask {request.match_info['id']}")
        if self.is_drawing.is_set():
            return web.json_response({"png": None})
        file = io.BytesIO()
        Image.new("RGB", (320, 180), "teal").save(file, "PNG")
        return web.json_response({"png": base64.b64encode(file.getvalue()).decode()})

    async def _search(self, request: web.Request) -> web.Response:
        self.calls.append("search")
        return web.json_response([{"url": f"{self.url}/kettles", "title": f"On {request.query['q']}"}])

    async def _open(self, _request: web.Request) -> web.Response:
        self.calls.append("open")
        return web.Response(text="yes")

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"<html><body>{PAGE}</body></html>", content_type="text/html")


@pytest.fixture
async def atelier():
    async with Atelier() as made:
        yield made


def as_file(trade: str, source: str, folder: Path, kind: str = "atelier") -> Path:
    file = folder / "data" / "plugins" / trade / f"{kind}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    return file


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs plugins as packages do: a package, and beside it what a wheel's metadata would be."""
    modules: list[str] = []

    def install(trade: str, source: str, kind: str = "atelier") -> Path:
        package = f"their_{trade}_{kind}"
        site = tmp_path / "site-packages"
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text("")
        file = site / package / "provider.py"
        file.write_text(source)
        metadata = site / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        entry = f"[blogen.providers]\n{trade}.{kind} = {package}.provider\n"
        (metadata / "entry_points.txt").write_text(entry)
        monkeypatch.syspath_prepend(str(site))
        modules.extend([package, f"{package}.provider"])
        return file

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture(params=["file", "package"])
def put(request, installed, tmp_path):
    """Puts a plugin in its place, in each of the two ways."""
    return (
        installed
        if request.param == "package"
        else lambda trade, source, **more: as_file(trade, source, tmp_path, **more)
    )


@pytest.fixture
def configured(atelier, tmp_path):
    """The configuration of a blog that uses the atelier for everything."""

    def configure(more: str = "", **sections: str):
        written = "".join(
            f'[{trade}.main]\nkind = "atelier"\nbase_url = "{atelier.url}"\n{sections.get(trade, "")}\n'
            for trade in SOURCES
        )
        file = tmp_path / "config.toml"
        general = f'[data]\ndir = "{tmp_path / "data"}"\n[engine]\nretry_base_seconds = 0.01\n'
        research = '[research]\nallow_private = ["127.0.0.1"]\n'
        file.write_text(general + research + written + more)
        return load(file, {}, lambda config: Registry(config).validate())

    return configure


async def finished(app: App, job_id: str):
    return await asyncio.wait_for(app.engine.finished(job_id), 30)


GIVEN = JobRequest(topic="Why kettles sing", images=0, sources=[TextSource(kind="text", title="K", text=PAGE)])


async def test_a_job_is_searched_written_and_drawn_by_plugins_alone(put, atelier, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    async with App.open(configured()) as app:
        order = await app.engine.submit(JobRequest(topic="Why kettles sing", images=1))
        job = await finished(app, order.id)
        assert job.state is JobState.PUBLISHED, job.error
        post = await app.posts.by_slug(await app.posts.slug_of_job(job.id) or "")
    assert post is not None
    assert post.provenance.text == ["text.main/atelier"]
    assert post.provenance.images == ["image.main/atelier"]
    assert [source.url for source in post.sources] == [f"{atelier.url}/kettles"]
    assert {"search", "write", "order", "ask p1"} <= set(atelier.calls)
    assert atelier.calls.count("order") == 1


async def test_the_protocols_are_kept_with_what_is_optional_and_without(put, configured):
    put("text", TEXT)
    put("search", SEARCH)
    put("image", IMAGE + "\n    async def find(self, reference):\n        return None\n")
    registry = Registry(configured())
    assert isinstance(registry.text("main"), TextModel)
    assert isinstance(registry.search("main"), SearchEngine)
    assert isinstance(registry.image("main"), ImageModel)
    assert isinstance(registry.image("main"), CanFind)
    assert not isinstance(registry.text("main"), CanFind)
    assert registry.text("main").name == "text.main"
    await registry.close()


async def test_doctor_asks_them(put, atelier, configured, tmp_path, monkeypatch):
    for trade, source in SOURCES.items():
        put(trade, source)
    configured()
    checks = await doctor(tmp_path, monkeypatch)
    for trade in SOURCES:
        assert checks[f"{trade}.main"] == (True, "the atelier is open")
    assert atelier.calls.count("open") == 3


async def test_a_plugin_that_fails_keeps_doctor_from_nothing(atelier, configured, tmp_path, monkeypatch):
    as_file("text", TEXT.replace('Health(ok=True, detail="the atelier is open")', "{}['open']"), tmp_path)
    as_file("image", IMAGE.replace("self._service = ", "self._service = config.nothing or "), tmp_path)
    as_file("search", SEARCH, tmp_path)
    configured()
    checks = await doctor(tmp_path, monkeypatch)
    assert checks["search.main"] == (True, "the atelier is open")
    is_well, words = checks["text.main"]
    assert not is_well
    assert re.search(r"plugin of \[text\.main\] failed: KeyError: 'open', in /.+/text/atelier\.py, line 25", words)
    is_well, words = checks["image.main"]
    assert not is_well
    assert re.search(r"cannot be started \(AttributeError: .+ 'nothing', in /.+/image/atelier\.py, line 14\)", words)


async def doctor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[bool, str]]:
    monkeypatch.chdir(folder)
    said = io.StringIO()

    def ask() -> None:
        with redirect_stdout(said):
            main(["doctor", "--json"])

    await asyncio.to_thread(ask)
    return {check["name"]: (check["ok"], check["detail"]) for check in json.loads(said.getvalue())["checks"]}


def test_their_keys_are_validated_and_documented(put, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    config = configured(text='tone = "merry"')
    assert Registry(config).section("text", "main").tone == "merry"
    assert "| `tone` | text | `calm` | How it sounds |" in tables(
        {"text.atelier": type(Registry(config).section("text", "main"))}
    )
    with pytest.raises(ConfigError) as raised:
        configured(text="tune = 1\nconcurrency = 0")
    told = {mistake.path.rpartition(":")[2]: mistake.message for mistake in raised.value.errors}
    assert told["text.main.tune"] == "is unknown. Did you mean `tone`?"
    assert "expected at least 1" in told["text.main.concurrency"]


@pytest.mark.parametrize("body", ['{"txt": 1}', '{"text": 5}', "[]", "null"])
async def test_when_a_plugin_stumbles_the_next_service_is_tried(put, body, atelier, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    atelier.ill = body
    async with App.open(configured('[pipeline]\ntext = ["main", "offline"]\n')) as app:
        order = await app.engine.submit(GIVEN)
        job = await finished(app, order.id)
    assert job.state is JobState.PUBLISHED, job.error
    assert "write" in atelier.calls


async def test_limits_hold_for_them(put, atelier, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    async with App.open(configured(text="concurrency = 1")) as app:
        jobs = [await app.engine.submit(GIVEN) for _ in range(3)]
        assert [(await finished(app, job.id)).state for job in jobs] == [JobState.PUBLISHED] * 3
    assert atelier.most_under_way == 1


async def test_each_machine_of_a_section_has_one_of_its_own(put, atelier, configured, tmp_path):
    for trade, source in SOURCES.items():
        put(trade, source)
    async with Atelier() as other:
        configured()
        file = tmp_path / "config.toml"
        both = f'base_urls = ["{atelier.url}", "{other.url}"]'
        file.write_text(file.read_text().replace(f'base_url = "{atelier.url}"', both))
        registry = Registry(load(file, {}))
        for url in registry.section("text", "main").addresses:
            assert (await registry.text("main", url).check()).ok
        await registry.close()
        assert (atelier.calls, other.calls) == (["open"], ["open"])


async def test_the_price_of_a_call_is_counted_and_caps_hold(put, atelier, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    priced = configured('[budget]\nday_usd = "0.5"\n', text='usd_per_call = "0.01"')
    async with App.open(priced) as app:
        job = await finished(app, (await app.engine.submit(GIVEN)).id)
        assert job.cost_usd_micros == atelier.calls.count("write") * 10_000
    capped = configured('[budget]\nday_usd = "0.005"\n', text='usd_per_call = "0.01"')
    waiting = asyncio.Event()
    bus = Bus()
    bus.subscribe(lambda event: waiting.set() if isinstance(event, JobWaiting) else None)
    before = atelier.calls.count("write")
    async with App.open(capped, bus=bus) as app:
        order = await app.engine.submit(GIVEN)
        await asyncio.wait_for(waiting.wait(), 30)
        job = await app.jobs.get(order.id)
    assert job.waiting is not None
    assert job.waiting.for_ == "budget"
    assert "text.main" in job.waiting.reason
    assert atelier.calls.count("write") == before


async def test_a_picture_that_was_ordered_is_asked_for_by_the_next_process(put, atelier, configured):
    for trade, source in SOURCES.items():
        put(trade, source)
    atelier.is_drawing.set()
    waiting = asyncio.Event()
    bus = Bus()
    bus.subscribe(lambda event: waiting.set() if isinstance(event, JobWaiting) else None)
    async with App.open(configured(), bus=bus) as app:
        order = await app.engine.submit(GIVEN.model_copy(update={"images": 1}))
        await asyncio.wait_for(waiting.wait(), 30)
    atelier.is_drawing.clear()
    async with App.open(configured()) as app:
        assert (await finished(app, order.id)).state is JobState.PUBLISHED
    assert atelier.calls.count("order") == 1
    assert "ask p1" in atelier.calls


# -- broken plugins ---------------------------------------------------------------------------------------------------

GOOD = TEXT
BROKEN = {
    "a syntax error": (
        "x = 1\ndef broken(:\n",
        r"cannot be loaded \(SyntaxError: .+, in FILE, line 2\)",
    ),
    "a missing module": (
        "import os\nimport no_such_module\n",
        r"cannot be loaded \(ModuleNotFoundError: No module named 'no_such_module', in FILE, line 2\)",
    ),
    "an exit": ("import sys\n\nsys.exit(3)\n", r"cannot be loaded \(SystemExit: 3, in FILE, line 3\)"),
    "nothing in it": ("", r"is no provider: expected `Config` and `Provider` in .+, found no Config and no Provider"),
    "no Provider": (
        GOOD.replace("class Provider", "class Povider"),
        r"expected `Config` and `Provider` in .+, found no Provider\b",
    ),
    "a Config of another kind": (
        GOOD.replace("class Config(ProviderSection)", "class Config"),
        r"`Config` is to be a class made of `blogen\.config\.section\.ProviderSection`, in FILE, line 9",
    ),
    "a Config that is none": (GOOD + "\nConfig = 5\n", r"`Config` is to be a class .+, in "),
    "a field that cannot be": (
        GOOD.replace('Field("calm"', 'Feld("calm"'),
        r"cannot be loaded \(NameError: name 'Feld' is not defined.*, in FILE, line 11\)",
    ),
    "a Provider that is a function": (
        GOOD.replace("class Provider:", "def Provider(name, config):\n    pass\n\nclass Other:"),
        r"`Provider` is to be a class, in FILE, line 13",
    ),
    "a method that is missing": (
        GOOD.replace("def close", "def klose"),
        r"`Provider` has no `close`, in FILE, line 13",
    ),
    "a method that takes something else": (
        GOOD.replace("request, *, stream=None", "request"),
        r"`Provider\.complete` cannot be called as \(self, request, stream=…\): .+, in FILE, line 18",
    ),
    "a Provider that takes something else": (
        GOOD.replace("__init__(self, name, config)", "__init__(self, name)"),
        r"`Provider` cannot be called as \(name, config\): too many positional arguments, in FILE, line 13",
    ),
    "a Config whose own code fails": (
        GOOD.replace(
            'description="How it sounds")',
            'description="How it sounds")\n'
            "    @classmethod\n    def model_validate(cls, given):\n        return given[0]",
        ),
        r"its `Config` failed \(KeyError: 0, in FILE, line 14\)",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_told_in_one_message_with_file_and_line(put, configured, fault):
    source, words = BROKEN[fault]
    file = put("text", source)
    put("image", IMAGE)
    put("search", SEARCH)
    with pytest.raises(ConfigError) as raised:
        configured(search="nothing_known = 1")
    told = {mistake.path.rpartition(":")[2]: mistake.message for mistake in raised.value.errors}
    assert set(told) == {"text.main.kind", "search.main.nothing_known"}
    message = told["text.main.kind"]
    assert re.search(words.replace("FILE", re.escape(str(file))), message), message
    assert message.endswith("Mend or remove the plugin.")


def test_a_broken_plugin_that_no_section_names_harms_nobody(configured, tmp_path):
    for trade, source in SOURCES.items():
        as_file(trade, source, tmp_path)
    as_file("text", "1 / 0", tmp_path, kind="broken")
    assert "broken" in Registry(configured()).kinds("text")


def test_what_comes_with_blogen_goes_first_then_what_is_installed(installed, configured, tmp_path):
    for trade, source in SOURCES.items():
        as_file(trade, source, tmp_path)
    as_file("text", "1 / 0", tmp_path, kind="openai")
    installed("text", TEXT.replace('"calm"', '"of the package"'))
    registry = Registry(configured('[text.other]\nkind = "openai"\nmodel = "m"\n'))
    assert registry.section("text", "main").tone == "of the package"
    assert registry.section("text", "other").kind == "openai"


def test_a_plugin_is_loaded_once(configured, tmp_path):
    for trade, source in SOURCES.items():
        as_file(trade, source, tmp_path)
    counted = TEXT + f"\nwith open({str(tmp_path / 'count')!r}, 'a') as count:\n    count.write('x')\n"
    as_file("text", counted, tmp_path)
    config = configured()
    for _ in range(3):
        registry = Registry(config)
        assert registry.section("text", "main")
        assert registry.text("main")
    assert (tmp_path / "count").read_text() == "x"


# -- what its calls do ------------------------------------------------------------------------------------------------

ASKED = TextRequest(system="Be brief.", user="Why do kettles sing?", purpose="draft")


@pytest.fixture
def text_of(configured, tmp_path):
    """A text model whose `complete` does this."""

    def make(does: str, **sections: str) -> TextModel:
        for trade, source in SOURCES.items():
            as_file(trade, source, tmp_path)
        as_file(
            "text",
            "import asyncio, sys, aiohttp\n" + TEXT.replace("body = await", f"{does}\n        body = await"),
            tmp_path,
        )
        return Registry(configured(**sections)).text("main")

    return make


@pytest.mark.parametrize(
    ("does", "error", "words"),
    [
        ("return 'Because.'", AnswerUnusable, r"`complete` of \[text.main\] is to return TextAnswer, and returned str"),
        ("return None", AnswerUnusable, "returned NoneType"),
        ("return [][0]", ProviderRefused, r"failed: IndexError: .+atelier\.py, line 21"),
        ("sys.exit(1)", ProviderRefused, r"SystemExit: 1, in .+ line 21"),
        ("raise ConnectionResetError('gone')", ProviderUnavailable, "could not reach its service"),
        ("raise aiohttp.ClientPayloadError('cut off')", ProviderUnavailable, "could not reach its service"),
        ("raise TimeoutError", ProviderUnavailable, "could not reach its service"),
        ("await asyncio.Event().wait()", ProviderUnavailable, r"did not answer within 0\.2 s"),
    ],
)
async def test_whatever_a_call_does_becomes_an_error_that_the_engine_knows(text_of, does, error, words):
    model = text_of(does, text="timeout_seconds = 0.2")
    with pytest.raises(error, match=words) as raised:
        await model.complete(ASKED)
    assert raised.value.provider == "text.main"
    await model.close()


async def test_a_call_that_is_given_up_is_no_failure_of_the_plugin(text_of):
    call = asyncio.ensure_future(text_of("await asyncio.Event().wait()").complete(ASKED))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_what_the_account_needs_is_filled_in(text_of):
    priced = text_of("return TextAnswer(text='So.')", text='usd_per_call = "0.02"\nmodel = "brush-2"')
    usage = (await priced.complete(ASKED)).usage
    assert (usage.provider, usage.model, usage.cost_usd_micros) == ("text.main", "brush-2", 20_000)
    free = text_of("return TextAnswer(text='So.')", text="free = true")
    assert (await free.complete(ASKED)).usage.cost_usd_micros == 0
    unknown = text_of("return TextAnswer(text='So.')", text="free = false")
    assert (await unknown.complete(ASKED)).usage.cost_usd_micros is None


async def test_one_that_fails_to_close_keeps_no_other_from_it(configured, atelier, tmp_path):
    for trade, source in SOURCES.items():
        as_file(trade, source.replace("await self._service.close()", "raise KeyError(self.name)"), tmp_path)
    as_file("search", SEARCH.replace("await self._service.close()", "print('closed')"), tmp_path)
    registry = Registry(configured())
    registry.text("main")
    registry.image("main")
    registry.search("main")
    said = io.StringIO()
    with redirect_stdout(said):
        await registry.close()
    assert said.getvalue() == "closed\n"


async def test_an_order_that_is_no_order_is_told(configured, tmp_path):
    for trade, source in SOURCES.items():
        as_file(trade, source, tmp_path)
    as_file("image", IMAGE.replace("return Submitted", "return dict"), tmp_path)
    with pytest.raises(AnswerUnusable, match=r"`submit` of \[image\.main\] is to return .+, and returned dict"):
        await Registry(configured()).image("main").submit(ImageRequest(prompt="a kettle"))
