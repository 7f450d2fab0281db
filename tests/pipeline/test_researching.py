"""Researching with search: a real engine, fakes that search, pages on this machine; the other stages are left out."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import partial
from ipaddress import ip_address
from types import SimpleNamespace

import pytest
from aiohttp import web

from blogen.clock import SystemClock
from blogen.config import BudgetConfig, Config
from blogen.domain.job import JobState, WaitingFor
from blogen.domain.source import Research
from blogen.domain.writing import Queries
from blogen.engine.executor import RetryPolicy
from blogen.events import StepFinished
from blogen.pipeline.finding import Found, Hits, merged
from blogen.pipeline.models import Guarded, SearchEngines
from blogen.pipeline.researching import research
from blogen.pipeline.services import Services
from blogen.providers.fetch import Fetcher
from blogen.providers.protocols import SearchHit
from blogen.providers.search import brave, searxng
from blogen.store.ledger import Cap
from blogen.writing.extractive import ExtractiveWriter
from blogen.writing.passages import pick
from tests.engine.house import NEXT, house, stages
from tests.fakes.brave import FakeBrave
from tests.fakes.search_server import Result
from tests.fakes.searxng import FakeSearXNG

KEY = "BSA-a-secret-key"
PROSE = "Tea leaves keep their scent for a year if they are dry, dark and cool. " * 6


class Site:
    """Pages on this machine, at `http://NAME.example:PORT/…`: prose, unless `answers` says otherwise by path."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.held = set()
        self.arrived = asyncio.Condition()
        self.port = 0

    def url(self, path, name="www"):
        return f"http://{name}.example:{self.port}{path}"

    async def handle(self, request):
        async with self.arrived:
            self.asked.append(request.path)
            self.arrived.notify_all()
            await self.arrived.wait_for(lambda: request.path not in self.held)
        answer = self.answers.get(request.path)
        if callable(answer):
            answer = answer(self.asked.count(request.path))
        if isinstance(answer, int):
            return web.Response(status=answer)
        if isinstance(answer, web.Response):
            return answer
        text = answer or f"{PROSE} This is the page {request.path}, {len(request.path)} signs long."
        return web.Response(
            text=f"<html lang=en><title>About {request.path}</title><article><p>{text}</p></article></html>",
            content_type="text/html",
        )

    async def asked_for(self, path):
        async with self.arrived:
            await self.arrived.wait_for(lambda: path in self.asked)


async def resolve(host, port):
    """All names ending in `.example` are this machine."""
    return [ip_address("127.0.0.1" if host.endswith(".example") else host)]


@pytest.fixture
async def site():
    served = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    served.port = runner.addresses[0][1]
    yield served
    await runner.cleanup()


@pytest.fixture
async def free():
    async with FakeSearXNG() as fake:
        yield fake


@pytest.fixture
async def paid():
    async with FakeBrave(key=KEY) as fake:
        yield fake


class Engines(SearchEngines):
    """The configured search engines; `caps` beside those of no budget."""

    def __init__(self, *fakes, caps=(), usd_per_call="0.005"):
        self.caps = caps
        self.made = {}
        guarded = {}
        for fake in fakes:
            if isinstance(fake, FakeSearXNG):
                name, kind = "free", searxng
                section = searxng.Config(kind="searxng", base_url=fake.base_url, timeout_seconds=5)
            else:
                name, kind = "paid", brave
                section = brave.Config(
                    kind="brave", base_url=fake.base_url, api_key=KEY, free=False, usd_per_call=usd_per_call,
                    timeout_seconds=5,
                )  # fmt: skip
            made = self.made[name] = kind.Provider(f"search.{name}", section)
            guarded[name] = Guarded(f"search.{name}", section, lambda _url, made=made: made, SystemClock())
        super().__init__(guarded, list(guarded), BudgetConfig())

    def reservation(self, name, request):
        held = super().reservation(name, request)
        return held if held is None else held._replace(caps=self.caps)


class Model:
    """Stands for a language model: it can do without sources."""

    notice = ""

    def __init__(self, *queries):
        self.items = list(queries)

    async def queries(self, brief):
        return Queries(items=self.items)

    async def passages(self, brief, sources):
        return pick(brief, sources, tokens=4000)


class Blog:
    """What the stage works with; `run` is one life of the engine over the same database."""

    def __init__(self, folder, site, engines, *, writer=None, max_attempts=3, **keys):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.engines = engines
        self.config = Config.model_validate({"research": keys, "engine": {"max_attempts": max_attempts}})
        self.fetcher = Fetcher(timeout_seconds=5, allow_private=["127.0.0.0/8"], resolve=resolve)
        mine = {
            "config": self.config,
            "fetcher": self.fetcher,
            "search": engines,
            "text": SimpleNamespace(names=["main"] if writer else [], has_offline=False),
            "new_extractive": ExtractiveWriter,
            "new_language_model": lambda ask, *, persona_handle: writer,
            "offline_jobs": set(),
            "is_streaming": False,
        }
        self.services = Services(**{field.name: mine.get(field.name) for field in fields(Services)})
        self.attempts = max_attempts

    @asynccontextmanager
    async def run(self, **engine):
        own = stages(researching=partial(research, self.services))
        retry = RetryPolicy(self.attempts, base_seconds=0.001, cap_seconds=0.002)
        async with house(self.folder, own, retry=retry, **engine) as built:
            self.house = built
            yield built
        for closed in (self.fetcher, *self.engines.made.values()):
            await closed.close()

    async def post(self, **order):
        async with self.run() as running:
            job = await running.finished(await running.submit("How tea keeps", **order))
            return job, await self.steps(job)

    async def steps(self, job):
        return {record.name: record for record in await self.house.steps.of(job.id)}


def found(steps):
    return Research.model_validate_json(steps["research"].result)


def finds(fake, *results):
    fake.results = [result if isinstance(result, Result) else Result(result) for result in results]


async def test_a_post_without_sources_rests_on_the_best_pages_that_are_found(tmp_path, site, free):
    finds(free, *(site.url(f"/{number}", name=f"n{number}") for number in range(8)))
    blog = Blog(tmp_path, site, Engines(free), writer=Model("tea tin", "tea shelf life"), queries=2, results=3)
    job, steps = await blog.post()
    assert job.state is JobState.PUBLISHED
    assert sorted(free.searched) == ["tea shelf life", "tea tin"]
    assert [name for name in steps if not name.startswith("source")] == [
        "queries", "search:1", "search:2", "hits", "research",
    ]  # fmt: skip
    read = found(steps)
    assert [(source.key, source.kind, source.title) for source in read.sources] == [
        ("s1", "url", "About /0"), ("s2", "url", "About /1"), ("s3", "url", "About /2"),
    ]  # fmt: skip
    assert sorted(site.asked) == ["/0", "/1", "/2"]
    assert read.passages
    assert read.problems == []
    assert job.cost_usd_micros == 0


async def test_without_a_model_the_topics_words_are_searched_for(tmp_path, site, free):
    finds(free, site.url("/a"))
    job, steps = await Blog(tmp_path, site, Engines(free)).post()
    assert job.state is JobState.PUBLISHED
    assert "tea keeps" in free.searched
    assert len(found(steps).passages) >= 1


@pytest.mark.parametrize(
    ("search", "given", "is_asked"),
    [
        ("missing", False, True),
        ("missing", True, False),
        ("always", True, True),
        ("never", True, False),
        ("never", False, False),
    ],
)
async def test_the_owner_says_when_to_search(tmp_path, site, free, search, given, is_asked):
    finds(free, site.url("/a"))
    blog = Blog(tmp_path, site, Engines(free), writer=Model("tea"), search=search)
    job, steps = await blog.post(sources=[{"kind": "text", "text": PROSE}] if given else [])
    assert job.state is JobState.PUBLISHED
    assert bool(free.calls) is is_asked
    assert [source.key for source in found(steps).sources] == ["s1"] * given + [f"s{1 + given}"] * is_asked


async def test_a_page_that_was_given_is_not_read_again(tmp_path, site, free):
    finds(free, site.url("/a?utm_source=x"), site.url("/b"), site.url("/copy"))
    site.answers["/copy"] = site.answers["/b"] = PROSE
    blog = Blog(tmp_path, site, Engines(free), writer=Model("tea"), search="always")
    _, steps = await blog.post(sources=[{"kind": "url", "url": site.url("/a")}])
    assert site.asked.count("/a") == 1
    assert [source.url for source in found(steps).sources] == [site.url("/a"), site.url("/b")]
    assert "holds what another source holds" in found(steps).problems[0]


async def test_jobs_that_must_cost_nothing_ask_nobody(tmp_path, site, free):
    blog = Blog(tmp_path, site, Engines(free), search="always")
    async with blog.run() as running:
        site.held.add("/a")
        order = {"sources": [{"kind": "url", "url": site.url("/a")}]}
        job = await running.submit("How tea keeps", **order)
        blog.services.offline_jobs.add(job.id)
        async with site.arrived:
            site.held.clear()
            site.arrived.notify_all()
        assert (await running.finished(job)).state is JobState.PUBLISHED
    assert free.calls == []


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 503}, {"status": 429}])
async def test_the_next_engine_is_asked_when_one_cannot(tmp_path, site, free, paid, fault):
    for _ in range(2):
        free.fail_next(**fault)
    finds(paid, site.url("/a"))
    blog = Blog(tmp_path, site, Engines(free, paid), writer=Model("tea", "tins"), queries=2)
    job, steps = await blog.post()
    assert job.state is JobState.PUBLISHED
    assert steps["search:1"].state == "failed"
    assert steps["search:1/paid"].state == steps["search:2/paid"].state == "finished"
    assert len(paid.searched) == 2
    assert job.cost_usd_micros == 2 * 5000
    assert [source.url for source in found(steps).sources] == [site.url("/a")]


async def test_the_next_engine_is_asked_when_one_finds_nothing(tmp_path, site, free, paid):
    finds(free)
    finds(paid, site.url("/a"))
    _, steps = await Blog(tmp_path, site, Engines(free, paid), writer=Model("tea"), queries=1).post()
    assert Found.model_validate_json(steps["search:1"].result).hits == []
    assert len(found(steps).sources) == 1


async def test_pages_that_cannot_be_read_are_left_out_and_noted(tmp_path, site, free):
    site.answers |= {
        "/missing": 404,
        "/pdf": web.Response(body=b"%PDF-1.7", content_type="application/pdf"),
        "/wall": "Please enable JavaScript.",
        "/inside": web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
    }
    finds(free, *(site.url(path, name=path[1:]) for path in ("/missing", "/pdf", "/wall", "/inside", "/good", "/more")))
    job, steps = await Blog(tmp_path, site, Engines(free), writer=Model("tea"), results=2).post()
    assert job.state is JobState.PUBLISHED
    read = found(steps)
    assert [(source.key, source.title) for source in read.sources] == [("s5", "About /good"), ("s6", "About /more")]
    assert len(read.problems) == 4
    for words in ("does not exist", "a PDF", "hardly any text", "private address"):
        assert any(words in problem for problem in read.problems)
    assert steps["source:w1"].state == "failed"


async def test_a_page_that_is_away_for_a_moment_is_tried_again(tmp_path, site, free):
    site.answers["/shaky"] = lambda count: 503 if count < 3 else PROSE
    finds(free, site.url("/shaky"), site.url("/b"))
    _, steps = await Blog(tmp_path, site, Engines(free), writer=Model("tea")).post()
    assert [source.url for source in found(steps).sources] == [site.url("/shaky"), site.url("/b")]
    assert site.asked.count("/shaky") == 3
    assert site.asked.count("/b") == 1
    assert len(free.searched) == 1


async def test_a_page_that_stays_away_is_left_out(tmp_path, site, free):
    site.answers["/away"] = 503
    finds(free, site.url("/away"), site.url("/b"))
    for attempts in (1, 2, 5):
        job, steps = await Blog(
            tmp_path / str(attempts), site, Engines(free), writer=Model("tea"), max_attempts=attempts
        ).post()
        assert job.state is JobState.PUBLISHED
        assert [source.url for source in found(steps).sources] == [site.url("/b")]


async def test_if_no_page_can_be_read_a_post_that_needs_one_fails_with_a_remedy(tmp_path, site, free):
    site.answers["/a"] = 404
    finds(free, site.url("/a"))
    job, steps = await Blog(tmp_path, site, Engines(free)).post()
    assert job.state is JobState.FAILED
    assert job.error.code == "source-refused"
    assert "does not exist" in job.error.detail
    assert "give sources" in job.error.remedy
    assert "research" not in steps


async def test_a_failed_search_can_be_retried_when_the_page_is_back(tmp_path, site, free):
    site.answers["/a"] = 404
    finds(free, site.url("/a"))
    blog = Blog(tmp_path, site, Engines(free))
    async with blog.run() as running:
        job = await running.finished(await running.submit("How tea keeps"))
        assert job.state is JobState.FAILED
        site.answers.clear()
        job = await running.finished(await running.engine.retry(job.id))
        assert job.state is JobState.PUBLISHED
    assert len(free.searched) == len(set(free.searched))


async def test_a_model_goes_on_without_pages(tmp_path, site, free):
    site.answers["/a"] = 404
    finds(free, site.url("/a"))
    job, steps = await Blog(tmp_path, site, Engines(free), writer=Model("tea")).post()
    assert job.state is JobState.PUBLISHED
    assert found(steps).sources == []
    assert "does not exist" in found(steps).problems[0]


async def test_nothing_found_is_said(tmp_path, site, free):
    finds(free)
    job, _ = await Blog(tmp_path, site, Engines(free)).post()
    assert job.error.code == "source-refused"
    assert "Nothing was found for “tea keeps”" in job.error.detail
    job, steps = await Blog(tmp_path / "b", site, Engines(free), writer=Model("tea")).post()
    assert job.state is JobState.PUBLISHED
    assert found(steps).problems == ["Nothing was found for “tea”."]


async def test_an_engine_that_refuses_is_the_reason_where_sources_are_needed(tmp_path, site, free):
    for _ in range(3):
        free.fail_next(403)
    job, _ = await Blog(tmp_path, site, Engines(free)).post()
    assert job.error.code == "provider-refused"
    assert "settings.yml" in job.error.remedy


async def test_an_engine_that_is_down_is_waited_for_then_done_without(tmp_path, site, free):
    await free.stop()
    job, _ = await Blog(tmp_path, site, Engines(free)).post()
    assert job.state is JobState.FAILED
    assert job.error.retryable
    job, steps = await Blog(tmp_path / "b", site, Engines(free), writer=Model("tea")).post()
    assert job.state is JobState.PUBLISHED
    assert "refused the connection" in found(steps).problems[0]
    assert steps["search:1"].run == 3


async def test_one_search_that_fails_spoils_no_other(tmp_path, site, free):
    finds(free, site.url("/a"))
    free.fail_next(403)
    job, steps = await Blog(tmp_path, site, Engines(free), writer=Model("tea", "tins"), queries=2).post()
    assert job.state is JobState.PUBLISHED
    assert len(found(steps).sources) == 1
    assert "JSON" in found(steps).problems[0]


async def test_domains_are_asked_for_and_held_to(tmp_path, site, free):
    finds(free, *(site.url("/a", name=name) for name in ("wanted", "sub.wanted", "unwanted", "other", "notwanted")))
    blog = Blog(tmp_path, site, Engines(free), writer=Model("tea"), only_domains=["wanted.example"])
    _, steps = await blog.post()
    assert free.searched == ["tea site:wanted.example"]
    assert [hit.url for hit in Hits.model_validate_json(steps["hits"].result).items] == [
        site.url("/a", name="wanted"), site.url("/a", name="sub.wanted"),
    ]  # fmt: skip
    blog = Blog(tmp_path / "b", site, Engines(free), writer=Model("tea"), without_domains=["wanted.example"])
    _, steps = await blog.post()
    assert len(Hits.model_validate_json(steps["hits"].result).items) == 3


async def test_results_that_lead_into_the_owners_network_are_not_tried(tmp_path, site, free):
    finds(
        free,
        "http://169.254.169.254/latest/meta-data", "http://192.168.0.1/", "http://[::1]:22/", "http://2130706434:22/",
        "ftp://www.example/", "http://user:secret@www.example/", site.url("/a"),
    )  # fmt: skip
    blog = Blog(tmp_path, site, Engines(free), writer=Model("tea"))
    blog.services.fetcher = Fetcher(timeout_seconds=5, allow_private=["127.0.0.1/32"], resolve=resolve)
    _, steps = await blog.post()
    assert [hit.url for hit in Hits.model_validate_json(steps["hits"].result).items] == [site.url("/a")]
    await blog.services.fetcher.close()


async def test_everything_stays_bounded(tmp_path, site, free):
    site.answers |= {f"/{number}": 404 for number in range(4000)}
    free.finds = lambda query: [Result(site.url(f"/{len(query)}{number}"), "t" * 999) for number in range(900)]
    blog = Blog(tmp_path, site, Engines(free), writer=Model("a", "bb", "ccc", "dddd", "eeeee", "f" * 6), queries=5)
    job, steps = await blog.post()
    assert job.state is JobState.PUBLISHED
    assert len(free.searched) == 5
    assert len(site.asked) == 15
    assert len(Found.model_validate_json(steps["search:1"].result).hits) == 10


async def test_a_long_page_is_cut(tmp_path, site, free):
    site.answers["/long"] = f"{'</p><p>'.join([PROSE] * 3000)}"
    finds(free, site.url("/long"))
    _, steps = await Blog(tmp_path, site, Engines(free), writer=Model("tea")).post()
    assert 100_000 < len(found(steps).sources[0].text) <= 200_000


async def test_after_a_crash_nothing_that_was_done_is_done_again(tmp_path, site, paid):
    finds(paid, *(site.url(f"/{number}", name=f"n{number}") for number in range(3)))
    blog = Blog(tmp_path, site, Engines(paid), writer=Model("tea", "tins"), queries=2)
    site.held = {"/2"}
    async with blog.run(drain_seconds=0) as running:
        job = await running.submit("How tea keeps")
        for step in ("source:w1", "source:w2"):
            await running.until(StepFinished, job_id=job.id, step=step)
        await site.asked_for("/2")
    site.held = set()
    finds(paid, site.url("/other"))
    async with blog.run() as running:
        done = await running.finished(job)
        steps = await blog.steps(done)
    assert done.state is JobState.PUBLISHED
    assert len(paid.searched) == 2
    assert done.cost_usd_micros == 2 * 5000
    assert [site.asked.count(f"/{number}") for number in range(3)] == [1, 1, 2]
    assert [source.title for source in found(steps).sources] == ["About /0", "About /1", "About /2"]


@pytest.mark.parametrize(("policy", "searches"), [("retry", 2), ("skip", 1)])
async def test_a_paid_search_that_was_in_flight_at_a_crash_is_in_doubt(tmp_path, site, free, paid, policy, searches):
    finds(paid, site.url("/paid"))
    finds(free, site.url("/free"))
    blog = Blog(tmp_path, site, Engines(paid, free), writer=Model("tea"), queries=1)
    paid.hold()
    async with blog.run(drain_seconds=0, in_doubt=policy) as running:
        job = await running.submit("How tea keeps")
        await paid.received()
    await paid.release()
    async with blog.run(in_doubt=policy) as running:
        done = await running.finished(job)
        steps = await blog.steps(done)
    assert done.state is JobState.PUBLISHED
    assert len(paid.searched) == searches
    assert [source.title for source in found(steps).sources] == ["About /paid" if searches == 2 else "About /free"]


async def test_searches_that_were_answered_are_not_asked_again_for_the_sake_of_another(tmp_path, site, free, paid):
    finds(free)
    finds(paid, site.url("/paid"))
    blog = Blog(tmp_path, site, Engines(free, paid), writer=Model("tea", "tins"), queries=2)
    paid.hold("tins")
    async with blog.run(drain_seconds=0) as running:
        job = await running.submit("How tea keeps")
        await running.until(StepFinished, job_id=job.id, step="search:1/paid")
        await paid.received("tins")
    blog.services.search = Engines(free)
    async with blog.run() as running:
        done = await running.finished(job)
        steps = await blog.steps(done)
    assert done.state is JobState.PUBLISHED
    assert sorted(paid.searched) == sorted(free.searched) == ["tea", "tins"]
    assert [source.title for source in found(steps).sources] == ["About /paid"]


async def test_an_answer_that_was_paid_for_is_used_whatever_the_order_is_now(tmp_path, site, free, paid):
    free.fail_next(403)
    finds(paid, site.url("/paid"))
    blog = Blog(tmp_path, site, Engines(free, paid), writer=Model("tea"), queries=1)
    site.held = {"/paid"}
    async with blog.run(drain_seconds=0) as running:
        job = await running.submit("How tea keeps")
        await site.asked_for("/paid")
    site.held = set()
    blog.services.search = Engines(free)
    async with blog.run() as running:
        done = await running.finished(job)
    assert done.state is JobState.PUBLISHED
    assert len(paid.searched) == 1
    assert len(free.searched) == 1


async def test_a_search_over_a_cap_waits_for_money(tmp_path, site, paid):
    finds(paid, site.url("/a"))
    cap = Cap("budget.job_calls", "job", None, None, 1)
    blog = Blog(tmp_path, site, Engines(paid, caps=(cap,)), writer=Model("tea", "tins"), queries=2)
    async with blog.run() as running:
        job = await running.submit("How tea keeps")
        waiting = await running.until_waiting(job)
    assert waiting.waiting.for_ is WaitingFor.BUDGET
    assert len(paid.searched) == 1


def hit(url):
    return SearchHit(url=url, title=url)


def test_what_several_searches_list_comes_first():
    first = [hit("https://a.example/"), hit("https://b.example/"), hit("https://c.example/")]
    second = [hit("https://d.example/"), hit("http://www.b.example/?utm_source=x")]
    assert [found.url for found in merged([first, second])] == [
        "https://b.example/", "https://a.example/", "https://d.example/", "https://c.example/",
    ]  # fmt: skip


def test_a_page_that_one_search_lists_twice_counts_once():
    twice = [hit("https://a.example/"), hit("https://b.example/"), hit("https://b.example/#x")]
    assert [found.url for found in merged([twice])] == ["https://a.example/", "https://b.example/"]
    assert merged([]) == merged([[], []]) == []


def test_the_stage_leads_where_the_pipeline_expects():
    assert NEXT[JobState.RESEARCHING] is JobState.OUTLINING
