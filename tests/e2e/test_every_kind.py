"""Every kind of service, configured as by its owner: `blogen generate` publishes a post that it wrote, illustrated, or
found the sources of, and `blogen doctor` tells whether it can be used, without spending anything.

Each is a row of `KINDS`: its section, and the server that answers it here. (Posts by way of other hands' servers are in
tests/servers.)
"""

import asyncio
import hashlib
import io
import json
import pkgutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from itertools import count, zip_longest
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web
from PIL import Image
from yarl import URL

from blogen.config import TRADES
from blogen.providers.openai_presets import PRESETS
from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import Blogen, Ended, at, run
from tests.fakes import anthropic_server
from tests.fakes.anthropic_server import FakeAnthropic
from tests.fakes.automatic1111 import FakeAutomatic1111
from tests.fakes.brave import FakeBrave
from tests.fakes.comfyui import CHECKPOINTS, FakeComfyUI, graph_of
from tests.fakes.feeds import FakeFeeds, Item
from tests.fakes.midjourney import COLOURS, FakeMidjourney
from tests.fakes.openai_server import IMAGE_MODEL, MODEL, FakeOpenAI
from tests.fakes.search_server import Result
from tests.fakes.searxng import FakeSearXNG
from tests.fakes.stability import FakeStability
from tests.fakes.tavily import FakeTavily
from tests.ports import free_port
from tests.writing import texts

KEY = "a-key-that-nobody-else-may-see"
WRONG_KEY = "a-key-that-somebody-has-made-up"
HOOK_SECRET = "a secret/that only the proxy knows"
TOPIC = "Why sourdough bread tastes better"

Step = dict[str, Any]
"""A step as `jobs show --json` tells it."""


# -- the kinds ------------------------------------------------------------------------------------------------------


async def _nothing(_fake: Any) -> None:
    pass


def _fine(_fake: Any) -> None:
    pass


def free(_step: Step) -> str | None:
    return "0.000000"


def unknown(_step: Step) -> str | None:
    """No price is given: that is not zero."""
    return None


def per_call(usd: str) -> Callable[[Step], str | None]:
    return lambda _step: usd


def per_token(step: Step) -> str | None:
    """By the prices of `PRICED`."""
    return f"{Decimal(step['tokens']['input'] * 2 + step['tokens']['output'] * 10) / 1_000_000:.6f}"


PRICED = {"input_usd_per_million": 2, "output_usd_per_million": 10}
PAID = {"free": False}
"""What stands at this machine's own address is free unless its owner says otherwise."""


@dataclass(frozen=True)
class Kind:
    """A section as its owner writes it, and the server that answers it."""

    trade: str
    name: str
    fake: Callable[[], Any]
    """Makes the server; it takes no key but `KEY`."""
    keys: dict[str, Any]
    """The section without address and key."""
    cost: Callable[[Step], str | None] = unknown
    """What a step that it did costs, as it is told."""
    key: str = KEY
    """Empty: it takes none."""
    answers_at: Callable[[Any], dict[str, Any]] = lambda fake: {"base_url": fake.base_url}
    billed: Callable[[Any], Any] = lambda fake: fake.paid
    """The orders that somebody would pay for."""
    options: tuple[str, ...] = ()
    """Of `blogen generate`."""
    meanwhile: Callable[[Any], Awaitable[None]] = _nothing
    """What happens at the server while the post is made."""
    was_asked_rightly: Callable[[Any], None] = _fine
    looks: int | None = None
    """Which of Midjourney's four pictures the cover is to be."""

    @property
    def label(self) -> str:
        return f"{self.trade}.{self.name}"

    @property
    def maker(self) -> str:
        """What posts and steps call it; what is built in goes by its name alone."""
        return self.label if self.name != "covers" else self.name

    def section(self, fake: Any, key: str = KEY) -> str:
        """The section as TOML, with that key if it takes one."""
        secret = {"api_key": self.key.replace(KEY, key)} if self.key else {}
        keys = {**self.keys, **self.answers_at(fake), **secret}
        lines = [f"{name} = {json.dumps(value)}" for name, value in keys.items()]
        return "\n".join([f"[{self.label}]", *lines, ""])


def text(name: str, fake: Callable[[], Any], **more: Any) -> Kind:
    keys = {"kind": "openai", "model": MODEL, **more.pop("keys")}
    return Kind("text", name, fake, keys, was_asked_rightly=more.pop("was_asked_rightly", only_at("/chat/")), **more)


def only_at(path: str, **fields: Any) -> Callable[[FakeOpenAI], None]:
    """All questions went to one API, and their first form was understood."""

    def check(fake: FakeOpenAI) -> None:
        asked = [call for call in fake.calls if "model" in call.body]
        assert asked
        assert all(path in call.path for call in asked), {call.path for call in asked}
        assert {call.status for call in fake.calls} == {200}
        for name, value in fields.items():
            assert {call.body.get(name) for call in asked} == {value}, name

    return check


def preset(name: str, *, cost: Callable[[Step], str | None] = unknown, **ways: Any) -> Kind:
    """A service of that name, played by the fake with the `ways` of that service."""
    more_usage, headers = ways.pop("more_usage", {}), ways.pop("headers", {})

    def made() -> FakeOpenAI:
        fake = FakeOpenAI(key=KEY, **ways)
        fake.more_usage, fake.headers = more_usage, headers
        return fake

    keys = {"preset": name, **({} if cost is free else PAID)}
    return text(f"preset-{name}", made, keys=keys, cost=cost, options=("--stream",))


TEXTS = (
    text("chat", lambda: FakeOpenAI(key=KEY), keys={"api": "chat", **PRICED}, cost=per_token),
    text(
        "responses", lambda: FakeOpenAI(key=KEY), keys={"api": "responses", "background": "never", **PRICED},
        cost=per_token, options=("--stream",), was_asked_rightly=only_at("/responses", stream=True),
    ),
    text(
        "background", lambda: FakeOpenAI(key=KEY, background_polls=1),
        keys={"api": "responses", "background": "always", **PAID},
        was_asked_rightly=only_at("/responses", background=True),
    ),
    Kind(
        "text", "anthropic", lambda: FakeAnthropic(key=KEY),
        {"kind": "anthropic", "model": anthropic_server.MODEL, **PRICED}, cost=per_token, options=("--stream",),
    ),
    preset("openai", refuses=("max_tokens",)),
    preset("azure", root="/openai/v1", key_header="api-key", refuses=("max_tokens",)),
    preset("openrouter", more_usage={"cost": 0.0012}, cost=per_call("0.001200")),
    preset("groq"),
    preset("mistral", refuses=("stream_options", "max_completion_tokens"), gives_usage=True),
    preset("deepseek", refuses=("json_schema", "max_completion_tokens")),
    preset("gemini", root="/v1beta/openai"),
    preset("ollama", cost=free),
    preset("vllm", cost=free),
    preset("lmstudio", refuses=("json_object",), cost=free),
    preset("llamacpp", cost=free),
    preset("litellm", headers={"x-litellm-response-cost": "0.0034"}, cost=per_call("0.003400")),
)  # fmt: skip


def midjourney(flavour: Any, grid: str, *, cost: Callable[[Step], str | None] = unknown, **keys: Any) -> Kind:
    keys = {"kind": "midjourney", "grid": grid, "index": 3, **keys}

    def one_picture(fake: FakeMidjourney) -> None:
        assert len(fake.ordered("IMAGINE")) == 1
        assert len(fake.ordered("UPSCALE")) == (1 if grid == "upscale" else 0)

    return Kind(
        "image", f"midjourney-{flavour}-{grid}", lambda: FakeMidjourney(flavour, secret=KEY, auto=True), keys,
        cost=cost, billed=lambda fake: fake.submissions, was_asked_rightly=one_picture, looks=3,
    )  # fmt: skip


async def draw_slowly(fake: FakeComfyUI) -> None:
    """Let the order run, and end when its progress was listened for."""
    await fake.received("/queue")
    fake.begin()
    await fake.received("/ws")
    await fake.received("/queue", count=2)
    fake.run()


def drawing_slowly() -> FakeComfyUI:
    fake = FakeComfyUI(token=KEY)
    fake.hold()
    fake.progress = (7, 25)
    return fake


def without_websocket() -> FakeComfyUI:
    fake = FakeComfyUI(token=KEY)
    fake.websocket = False
    return fake


def listened_to(fake: FakeComfyUI) -> None:
    assert fake.clients == [order.id for order in fake.placed]


def drawn_by_own_workflow(fake: FakeComfyUI) -> None:
    (order,) = fake.placed
    assert order.graph["9"]["inputs"]["filename_prefix"].startswith("post_")


class Nobody:
    """Stands where no server is needed."""

    calls: tuple[Any, ...] = ()
    paid: tuple[Any, ...] = ()

    async def __aenter__(self) -> "Nobody":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


COMFY: dict[str, Any] = {"trade": "image", "cost": free, "billed": lambda fake: fake.placed}
IMAGES = (
    Kind(
        "image", "openai", lambda: FakeOpenAI(key=KEY), {"kind": "openai", "model": IMAGE_MODEL, "usd_per_call": 0.063},
        cost=per_call("0.063000"),
    ),
    Kind(
        "image", "automatic1111", lambda: FakeAutomatic1111(auth=f"owner:{KEY}"), {"kind": "automatic1111"}, cost=free,
        key=f"owner:{KEY}", billed=lambda fake: fake.drawn_orders,
    ),
    Kind(
        name="comfyui-websocket", fake=drawing_slowly, keys={"kind": "comfyui", "model": CHECKPOINTS[0]},
        meanwhile=draw_slowly, was_asked_rightly=listened_to, **COMFY,
    ),
    Kind(
        name="comfyui-workflow", fake=without_websocket, keys={"kind": "comfyui", "workflow": "workflow.json"},
        was_asked_rightly=drawn_by_own_workflow, **COMFY,
    ),
    Kind(
        "image", "stability", lambda: FakeStability(key=KEY), {"kind": "stability", "usd_per_call": 0.03},
        cost=per_call("0.030000"), billed=lambda fake: fake.orders,
    ),
    midjourney("java", "upscale"),
    midjourney("java", "split", usd_per_call=0.05, cost=per_call("0.050000")),
    midjourney("dotnet", "upscale", usd_per_call=0.05, cost=per_call("0.050000")),
    midjourney("dotnet", "split"),
    Kind("image", "covers", Nobody, {"kind": "covers"}, cost=free, key="", answers_at=lambda _: {}),
)  # fmt: skip


def search(kind: str, fake: Callable[[], Any], **more: Any) -> Kind:
    keys = {"kind": kind, **more.pop("keys", {})}
    return Kind("search", kind, fake, keys, billed=lambda fake: fake.searched, **more)


SEARCHES = (
    search("searxng", FakeSearXNG, key=""),
    search(
        "brave", lambda: FakeBrave(key=KEY), keys={"usd_per_call": 0.005, "country": "DE"}, cost=per_call("0.005000")
    ),
    search("tavily", lambda: FakeTavily(key=KEY), keys=PAID),
    search(
        "feeds", FakeFeeds, keys={"allow_private": ["127.0.0.0/8"]}, key="",
        answers_at=lambda fake: {"urls": [f"{fake.base_url}/rss.xml", f"{fake.base_url}/atom.xml"]},
    ),
)  # fmt: skip
KINDS = (*TEXTS, *IMAGES, *SEARCHES)


def test_every_kind_and_every_preset_is_tried() -> None:
    for trade in TRADES:
        modules = pkgutil.iter_modules(import_module(f"blogen.providers.{trade}").__path__)
        assert {kind.keys["kind"] for kind in KINDS if kind.trade == trade} == {module.name for module in modules}
    assert {kind.keys["preset"] for kind in TEXTS if "preset" in kind.keys} == set(PRESETS)


# -- a post ---------------------------------------------------------------------------------------------------------

Trio = tuple[Kind, Kind, Kind | None]


def _trios() -> dict[str, Trio]:
    """A post has words and a picture, so each post tries a kind of both; some find their sources, too."""
    rows = [
        (words or TEXTS[0], picture or IMAGES[0], finder)
        for words, picture, finder in zip_longest(TEXTS, IMAGES, SEARCHES)
    ]
    return {"+".join(kind.name for kind in row if kind): row for row in rows}


TRIOS = _trios()
SIDE_BY_SIDE = 4


class Made(NamedTuple):
    """A post of a trio: what its commands told, and what its services were asked."""

    ended: Ended
    job: dict[str, Any]
    account: dict[str, Any]
    post: dict[str, Any]
    cover: bytes
    fakes: list[Any]
    site: str


@pytest.mark.parametrize("name", TRIOS)
def test_generate_publishes_an_illustrated_post(made: dict[str, Made | BaseException], name: str) -> None:
    words, picture, finder = TRIOS[name]
    kinds = [kind for kind in TRIOS[name] if kind]
    found = made[name]
    if isinstance(found, BaseException):
        raise found
    ended, job, account, post, cover, fakes, site = found
    assert ended.code == 0
    assert ended.out == f"{post['url']}\n"
    assert (job["state"], job["post"]["slug"]) == ("published", post["slug"])
    provenance = post["provenance"]
    assert {maker.partition("/")[0] for maker in provenance["text"]} == {words.maker}
    assert [maker.partition("/")[0] for maker in provenance["images"]] == [picture.maker]
    assert post["cover"]["url"] == post["images"][0]["url"]
    check_cover(cover, picture)
    if finder:
        assert post["sources"]
        assert {source["url"] for source in post["sources"]} <= {f"{site}/bread", f"{site}/yeast"}
    for kind, fake in zip(kinds, fakes, strict=True):
        kind.was_asked_rightly(fake)
        assert kind.billed(fake) or kind.name in {"covers", "feeds"}
    check_costs(job, account, kinds)
    assert provenance["cost_usd"] == job["cost_usd"]
    assert KEY not in ended.out + ended.err


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made | BaseException]:
    """The posts of those trios that are to be tested. Some spend their time waiting, so they are made side by side."""
    mine = [item for item in request.session.items if item.path == request.path]
    names = [name for name in TRIOS if any(item.name.endswith(f"[{name}]") for item in mine)]
    folder = tmp_path_factory.mktemp("posts")
    turns = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(name: str, site: str) -> Made:
        async with turns:
            return await make(folder / name, site, TRIOS[name])

    async def all_of_them() -> dict[str, Made | BaseException]:
        async with pages() as site:
            made = await asyncio.gather(*(one(name, site) for name in names), return_exceptions=True)
        return dict(zip(names, made, strict=True))

    with ThreadPoolExecutor(1) as apart:  # a loop of its own, beside pytest's
        return apart.submit(asyncio.run, all_of_them()).result()


async def make(path: Path, site: str, trio: Trio) -> Made:
    """Make a post and ask what became of it, each by a command."""
    words, _, finder = trio
    kinds = [kind for kind in trio if kind]
    source = () if finder else ("--source", "bread.md")
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(kind.fake()) for kind in kinds]
        if finder:
            let_find(fakes[-1], site)
        folder = Folder(path, kinds, fakes)
        making = folder.command("generate", TOPIC, "--words", "200", *words.options, *source)
        happening = asyncio.gather(*(kind.meanwhile(fake) for kind, fake in zip(kinds, fakes, strict=True)))
        ended, _ = await asyncio.gather(making, happening)
        assert ended.code == 0, ended.err
        job, costs = await folder.told("jobs", "show", folder.job()), await folder.told("costs")
        (post,) = (await folder.told("posts", "list"))["items"]
    return Made(ended, job, costs["total"], post, folder.cover(post), fakes, site)


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    """A site of two pages with prose, on this machine; its address."""
    prose = {"/bread": texts.BREAD, "/yeast": texts.YEAST}

    async def page(request: web.Request) -> web.Response:
        paragraphs = "".join(f"<p>{part}</p>" for part in prose[request.path].split("\n\n"))
        body = f"<html lang=en><title>On {request.path[1:]}</title><article>{paragraphs}</article></html>"
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_routes([web.get(path, page) for path in prose])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class Folder:
    """Where a post is made: the configuration of some kinds, and what they need."""

    def __init__(self, path: Path, kinds: list[Kind], fakes: list[Any], key: str = KEY) -> None:
        self.path = path
        sections = [kind.section(fake, key) for kind, fake in zip(kinds, fakes, strict=True)]
        # There is no other service to fall back on, and no second attempt.
        orders = {trade: [kind.name for kind in kinds if kind.trade == trade] for trade in TRADES}
        lines = [f"{trade} = {json.dumps(names)}" for trade, names in orders.items() if names]
        head = ["[engine]", "max_attempts = 1", "[research]", 'allow_private = ["127.0.0.0/8"]', "[pipeline]", *lines]
        path.mkdir(exist_ok=True)
        (path / "config.toml").write_text("\n".join([*head, "", *sections]), encoding="utf-8")
        (path / "workflow.json").write_text(json.dumps(graph_of()), encoding="utf-8")
        (path / "bread.md").write_text(texts.BREAD, encoding="utf-8")

    async def command(self, *words: str) -> Ended:
        ended = await run(*words, cwd=self.path)
        assert "Traceback" not in ended.err
        return ended

    async def told(self, *words: str) -> Any:
        ended = await self.command(*words, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def job(self) -> str:
        """The id of the only job."""
        with closing(sqlite3.connect(self.path / "data" / "blogen.db")) as connection:
            ((job_id,),) = connection.execute("SELECT id FROM jobs")
        return str(job_id)

    def cover(self, post: dict[str, Any]) -> bytes:
        """The file of the post's cover; its name is its digest."""
        name = post["cover"]["url"].rpartition("/")[2]
        (file,) = (self.path / "data" / "media").rglob(name)
        content = file.read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.stem
        return content


def let_find(fake: Any, site: str) -> None:
    if isinstance(fake, FakeFeeds):
        titles = (TOPIC, "Yeast, for a reader who has little time")  # so much of it the fake models ask for
        fake.items = [Item(f"{site}{page}", title) for page, title in zip(("/bread", "/yeast"), titles, strict=True)]
    else:
        fake.results = [Result(f"{site}/bread"), Result(f"{site}/yeast")]


def check_cover(content: bytes, kind: Kind) -> None:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "WEBP"
        if kind.looks is not None:
            wanted = bytes.fromhex(COLOURS[kind.looks - 1].removeprefix("#"))
            seen = picture.convert("RGB").resize((1, 1)).tobytes()
            assert all(abs(one - other) < 12 for one, other in zip(seen, wanted, strict=True)), (seen, wanted)


def check_costs(job: dict[str, Any], account: dict[str, Any], kinds: list[Kind]) -> None:
    """Each step tells what it cost, or that nobody knows; job and account, what is known of it together."""
    steps: list[Step] = []
    for kind in kinds:
        own = [step for step in job["steps"] if step["provider"] == kind.maker]
        is_always_free = kind.trade == "search" and not kind.key
        assert bool(own) is not is_always_free, kind.label
        for step in own:
            assert step["cost_usd"] == kind.cost(step), step
        steps += own
    if any(kind.trade == "search" for kind in kinds):
        assert [step for step in job["steps"] if step["name"].startswith("search:")]
    known = [Decimal(step["cost_usd"]) for step in steps if step["cost_usd"] is not None]
    assert Decimal(job["cost_usd"]) == Decimal(account["cost_usd"]) == sum(known)
    assert account["unknown_calls"] == len(steps) - len(known)
    assert account["open_calls"] == 0


# -- the doctor -----------------------------------------------------------------------------------------------------


async def test_the_doctor_finds_every_service_well_and_spends_nothing(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(kind.fake()) for kind in KINDS]
        found = await diagnosed(Folder(tmp_path, list(KINDS), fakes))
    assert {label: check for label, check in found.items() if not check["ok"]} == {}
    for kind in KINDS:
        probe = found[kind.label]["probe"]
        assert (probe is not None) is (kind.trade == "text"), kind.label
        if probe is not None:
            assert probe["tried"] is (kind.cost is free), kind.label
    check_nothing_was_ordered(fakes, but=tried_for_nothing)
    check_capabilities(found, [kind for kind in KINDS if tried_for_nothing(kind)])


async def test_the_doctor_tries_every_text_service_when_it_is_told_to(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(kind.fake()) for kind in KINDS]
        found = await diagnosed(Folder(tmp_path, list(KINDS), fakes), "--probe")
    assert {label: check for label, check in found.items() if not check["ok"]} == {}
    check_nothing_was_ordered(fakes, but=lambda kind: kind.trade == "text")
    check_capabilities(found, list(TEXTS))


async def test_the_doctor_notices_a_wrong_key_of_every_service_that_takes_one(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(kind.fake()) for kind in KINDS]
        found = await diagnosed(Folder(tmp_path, list(KINDS), fakes, WRONG_KEY))
    assert {kind.label for kind in KINDS if not found[kind.label]["ok"]} == {k.label for k in KINDS if k.key}
    without_advice = {label for label, check in found.items() if not check["ok"] and not check["remedy"]}
    assert without_advice == set()
    check_nothing_was_ordered(fakes)


async def test_the_doctor_notices_every_service_that_cannot_be_reached(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(kind.fake()) for kind in KINDS]
        folder = Folder(tmp_path, list(KINDS), fakes)
        addresses = [getattr(fake, "base_url", "") for fake in fakes]
    found = await diagnosed(folder)
    assert {kind.label for kind in KINDS if found[kind.label]["ok"]} == {"image.covers"}
    unnamed = {
        kind.label: found[kind.label]["detail"]
        for kind, address in zip(KINDS, addresses, strict=True)
        if urlsplit(address).netloc not in found[kind.label]["detail"]
    }
    assert unnamed == {}, "what cannot be reached is named by its address"


async def diagnosed(folder: Folder, *options: str) -> dict[str, dict[str, Any]]:
    """What `doctor` finds of each section."""
    ended = await folder.command("doctor", "--json", *options)
    assert KEY not in ended.out + ended.err
    assert WRONG_KEY not in ended.out + ended.err
    told = json.loads(ended.out)
    assert ended.code == (0 if told["ok"] else 1)
    assert told["ok"] is all(check["ok"] for check in told["checks"])
    assert not (folder.path / "data").exists(), "nothing is changed"
    found = {check["name"]: check for check in told["checks"]}
    assert {kind.label for kind in KINDS} <= set(found)
    return found


def tried_for_nothing(kind: Kind) -> bool:
    """Whether it is a service that the doctor may try unasked."""
    return kind.trade == "text" and kind.cost is free


def check_nothing_was_ordered(fakes: list[Any], *, but: Callable[[Kind], bool] = lambda _: False) -> None:
    """Nothing that costs was asked for; of those in `but`, nothing but a few small questions."""
    for kind, fake in zip(KINDS, fakes, strict=True):
        assert fake.calls or kind.name == "covers", f"{kind.label} was not asked"
        if but(kind):
            assert 1 <= len(kind.billed(fake)) <= 3, kind.label
            assert all(label.startswith("doctor:") for label in kind.billed(fake)), kind.label
        else:
            assert not kind.billed(fake), f"{kind.label} was asked for something that costs"


def check_capabilities(found: dict[str, dict[str, Any]], kinds: list[Kind]) -> None:
    """What is supposed of each of these services is what they really understand."""
    assert kinds
    for kind in kinds:
        probe = found[kind.label]["probe"]
        assert probe["tried"], kind.label
        told = {capability["key"]: capability for capability in probe["capabilities"]}
        assert "json_output" in told, kind.label
        assert {key: one["found"] for key, one in told.items()} == {key: one["assumed"] for key, one in told.items()}
        assert not any(one["remedy"] for one in told.values()), kind.label
        is_known = kind.cost is not unknown
        assert (probe["cost_usd"] is not None) is is_known, kind.label
        assert (probe["cost_usd"] == "0.000000") is (kind.cost is free), kind.label


# -- Midjourney's hook ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["java", "dotnet"])
async def test_a_hook_lets_the_job_go_on_and_no_hook_does_harm(new_blogen: NewBlogen, flavour: Any) -> None:
    port = free_port()
    kind = midjourney(flavour, "upscale", hook_url=f"http://127.0.0.1:{port}", hook_secret=HOOK_SECRET)
    async with FakeMidjourney(flavour, secret=KEY) as proxy, FakeOpenAI(key=KEY) as model:
        config = f'[server]\nlog_level = "debug"\n{TEXTS[0].section(model)}{kind.section(proxy)}'
        async with new_blogen(config=config, launch=at(port)) as blogen:
            (blogen.folder / "bread.md").write_text(texts.BREAD, encoding="utf-8")
            order = run("generate", TOPIC, "--source", "bread.md", *blogen.options, cwd=blogen.folder)
            ended, job_id = await asyncio.gather(order, draw_by_hooks(blogen, proxy))
            assert ended.code == 0, ended.err
            post = (await blogen.posts())[0]
            assert ended.out == f"{urlsplit(post['url']).path}\n"
            assert post["provenance"]["images"] == [f"{kind.label}/midjourney"]
            timeline = await blogen.all(f"/api/v1/jobs/{job_id}/timeline")
            rests = [line for line in timeline if is_rest(line)]
            assert timeline[-1]["at"] < rests[0]["detail"]["until"], "it did not wait for its own next look"
            for _ in range(2):
                await proxy.call_hook(proxy.submissions[1].task_id)
            assert (await blogen.job(job_id))["state"] == "published"
            assert len(await blogen.posts()) == len({post["slug"] for post in await blogen.posts()}) == 2
            told = f"{blogen.server.log}{json.dumps(timeline)}{ended}"
            assert await blogen.terminate() == 0
            stored = b"".join(file.read_bytes() for file in blogen.data.rglob("blogen.db*"))
    assert [order.action for order in proxy.submissions] == ["IMAGINE", "UPSCALE"]
    assert set(proxy.hook_answers) == {204}
    assert "task moved" in told
    for secret in (HOOK_SECRET, quote(HOOK_SECRET, safe=""), KEY):
        assert secret not in told
        assert secret.encode() not in stored


async def draw_by_hooks(blogen: Blogen, proxy: FakeMidjourney) -> str:
    """Let the picture be made, and every hook be called that a proxy, or someone else, may call. The job's id."""
    await proxy.received("imagine")
    (grid,) = proxy.submissions
    job_id = (grid.state or "").partition("/")[0]
    await rested(blogen, job_id, 1)
    await call_from_elsewhere(blogen, proxy, grid.task_id)
    await proxy.advance(grid.task_id, "SUBMITTED")
    await proxy.advance(grid.task_id, "IN_PROGRESS", "30%")
    assert proxy.of("fetch") == [], "none of these was news"
    await rested_after(blogen, job_id, proxy.call_hook(grid.task_id, status="SUCCESS"))  # which it is not yet
    await proxy.finish(grid.task_id)
    await proxy.received("change" if proxy.flavour == "java" else "action")
    await rested(blogen, job_id, 3)
    large = proxy.submissions[1]
    for _ in range(2):
        await rested_after(blogen, job_id, proxy.call_hook(grid.task_id))
    await rested_after(blogen, job_id, proxy.call_hook(grid.task_id, status="FAILURE", failReason="long ago"))
    await proxy.call_hook(grid.task_id, status="IN_PROGRESS", progress="40%")
    await proxy.finish(large.task_id)
    await proxy.call_hook(large.task_id, times=2)
    return job_id


async def call_from_elsewhere(blogen: Blogen, proxy: FakeMidjourney, task_id: str) -> None:
    """News of a task that are none: with secrets that are wrong, and of tasks that are not known."""
    claim = {**proxy.tasks[task_id], "status": "SUCCESS"}
    known = quote(HOOK_SECRET, safe="")
    for secret in ("guessed", known[:-1], f"{known}x", known.swapcase()):
        assert await hook(blogen, secret, claim) == 404
    for unknown in ("", "of-nobody", "01900000-0000-7000-8000-000000000000/image:cover/1"):
        assert await hook(blogen, known, {**claim, "state": unknown}) == 204
    assert await hook(blogen, known, [claim]) == 204
    assert await hook(blogen, known, {**claim, "status": 7}) == 204


async def hook(blogen: Blogen, secret: str, body: Any) -> int:
    """Call the hook with that secret; the status."""
    url = URL(f"{blogen.url}/hooks/midjourney/{secret}", encoded=True)
    async with blogen.http.post(url, json=body) as answer:
        return answer.status


def is_rest(event: dict[str, Any]) -> bool:
    """Whether a job has lain down for so long that nothing but a hook wakes it in this test."""
    if event.get("event") != "waiting":
        return False
    at, until = (datetime.fromisoformat(moment) for moment in (event["at"], event["detail"]["until"]))
    return (until - at).total_seconds() > 50


async def rested(blogen: Blogen, job_id: str, times: int) -> None:
    """Wait until the job has lain down for the `times`th time."""
    rests = count(1)
    await blogen.happens(job_id, lambda event: is_rest(event) and next(rests) == times)


async def rested_after(blogen: Blogen, job_id: str, call: Awaitable[None]) -> None:
    """Make the call, and wait until the job has got up, looked, and lain down again."""
    times = sum(is_rest(line) for line in await blogen.all(f"/api/v1/jobs/{job_id}/timeline"))
    await call
    await rested(blogen, job_id, times + 1)
