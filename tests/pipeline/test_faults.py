"""What becomes of a job when a service fails: the program as it is put together for real, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blogen.app import App
from blogen.config.load import load
from blogen.domain.job import Job, JobState, WaitingFor
from blogen.domain.writing import Illustrations
from blogen.providers.limits import Breaker
from blogen.store.steps import StepRecord
from tests.fakes.automatic1111 import FakeAutomatic1111
from tests.fakes.comfyui import CHECKPOINTS, FakeComfyUI
from tests.fakes.midjourney import FakeMidjourney
from tests.fakes.openai_server import CONTENT_REFUSED, IMAGE_MODEL, MODEL, FakeOpenAI
from tests.fakes.stability import FakeStability
from tests.pipeline.opened import Opened

AT_ONCE = "retry_base_seconds = 0.02"
"""How long a job that failed for now waits."""
PURPOSES = {"outline", "draft", "critic", "title", "illustrations"}


# -- a picture that is none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bomb", "vast", "not_an_image", "not_json", "expired_url", "private_redirect"])
async def test_a_picture_that_cannot_be_used_is_drawn_by_the_next_service(blog, kind):
    async with FakeOpenAI() as first, FakeOpenAI() as second:
        first.spoil_next(kind, label="image", times=9)
        async with blog.open(image_section("first", first), image_section("second", second)) as open_blog:
            job = await open_blog.published(images=1)
            (picture,) = await open_blog.pictures(job)
    assert picture.detail["provider"] == "image.second"
    assert second.paid == ["image"]
    # A page instead of the API's answer may be a proxy's, for now: only that one is asked again.
    assert len(first.calls) == (3 if kind == "not_json" else 1)


async def test_a_picture_that_cannot_be_used_counts_as_paid(blog):
    async with FakeOpenAI() as first:
        first.spoil_next("bomb", label="image")
        async with blog.open(image_section("first", first, "free = false\nusd_per_call = 0.04")) as open_blog:
            job = await open_blog.published(images=1)
    assert job.cost_usd_micros == 40_000


async def test_where_no_service_draws_the_cover_is_made_here(blog):
    async with FakeOpenAI() as first, FakeStability(key="a-key") as second:
        first.fail_next(401, label="image")
        second.fail_next(402)
        stability = f'[image.second]\nkind = "stability"\nbase_url = "{second.base_url}"\napi_key = "a-key"\n'
        async with blog.open(image_section("first", first), stability) as open_blog:
            job = await open_blog.published(images=1)
            (picture,) = await open_blog.pictures(job)
    assert picture.detail["provider"] == "covers"
    assert len(first.calls) == len(second.calls) == 1


# -- a prompt that is refused -----------------------------------------------------------------------------------------


async def test_a_banned_prompt_is_reworded_once_by_the_model_and_drawn_by_the_same_service(blog):
    async with FakeOpenAI() as writer, FakeOpenAI() as first:
        first.fail_next(400, body=CONTENT_REFUSED, label="image")
        async with blog.open(text_section("main", writer), image_section("first", first)) as open_blog:
            job = await open_blog.published(images=1)
            wanted = await open_blog.wanted(job)
    assert writer.labels.count("reword") == 1
    (asked,) = [call for call in writer.calls if call.label == "reword"]
    assert "safety system" in asked.prompt, "the writer is told why"
    refused, drawn = (call.body["prompt"] for call in first.calls)
    assert refused == wanted.items[0].prompt
    assert drawn != refused


async def test_what_is_refused_twice_is_asked_of_the_next_service_in_its_new_words(blog):
    async with FakeOpenAI() as writer, FakeOpenAI() as first, FakeOpenAI() as second:
        first.fail_next(400, body=CONTENT_REFUSED, label="image", times=9)
        async with blog.open(
            text_section("main", writer), image_section("first", first), image_section("second", second)
        ) as open_blog:
            job = await open_blog.published(images=1)
            (picture,) = await open_blog.pictures(job)
    assert writer.labels.count("reword") == 1
    assert [call.body["prompt"] for call in second.calls] == [first.calls[1].body["prompt"]]
    assert len(first.calls) == 2
    assert picture.detail["provider"] == "image.second"


async def test_midjourneys_banned_word_is_reworded_too(blog):
    async with FakeOpenAI() as writer, FakeMidjourney("java", auto=True) as proxy:
        proxy.answer_next(24, "可能包含敏感词", bannedWord="nude")
        section = f'[image.mj]\nkind = "midjourney"\nbase_url = "{proxy.base_url}"\n'
        async with blog.open(text_section("main", writer), section) as open_blog:
            job = await open_blog.order(images=1)
            await open_blog.until(job, is_waiting(WaitingFor.IMAGE))
    assert writer.labels.count("reword") == 1
    assert len(proxy.of("imagine")) == 2
    assert len(proxy.ordered("IMAGINE")) == 1


# -- a model that is down ---------------------------------------------------------------------------------------------


async def test_a_job_waits_for_a_model_that_is_down_without_a_worker_and_goes_on_when_it_is_back(blog):
    async with FakeOpenAI() as main, FakeOpenAI() as other:
        await main.stop()
        sections = text_section("main", main), text_section("other", other)
        roles = "[pipeline]\ntext = ['main']\n"
        engine = "[engine]\nworkers = 1\nretry_base_seconds = 3600\nretry_cap_seconds = 3600\n"
        async with blog.open(*sections, roles, engine=engine) as open_blog:
            job = await open_blog.until(await open_blog.order(), is_waiting(WaitingFor.RETRY))
            assert "refused the connection" in job.waiting.reason
            assert "[text.main]" in job.waiting.reason
            assert job.attempt == 1
            await open_blog.app.engine._executor.idle()  # whose hands let go of it once it is known to wait
            assert open_blog.app.engine.load == {"running": 0, "queued": 0}
            await main.start()
            await open_blog.app.engine.wake(job.id)  # what its timer does
            job = await open_blog.until(job, is_published)
    assert job.state is JobState.PUBLISHED


async def test_a_model_that_stays_down_fails_the_job_with_a_reason_and_a_remedy(blog):
    async with FakeOpenAI() as main:
        await main.stop()
        async with blog.open(
            text_section("main", main), engine=f"[engine]\nmax_attempts = 3\n{AT_ONCE}\n"
        ) as open_blog:
            job = await open_blog.until(await open_blog.order(), lambda job: job.state.is_final)
    assert job.state is JobState.FAILED
    assert "after 3 attempts" in job.error.detail
    assert job.error.provider == "text.main"
    assert job.error.retryable
    assert "Is the server running?" in job.error.remedy


@pytest.mark.parametrize("how", ["seconds", "date"])
async def test_a_pause_that_is_asked_for_is_kept_even_if_a_person_is_in_a_hurry(blog, how):
    async with FakeOpenAI() as main:
        main.fail_next(429, headers={"Retry-After": "90" if how == "seconds" else _http_date(90)}, times=9)
        async with blog.open(text_section("main", main)) as open_blog:
            begun = open_blog.app.clock.now_ms()
            job = await open_blog.until(await open_blog.order(), is_waiting(WaitingFor.RETRY))
            assert 80_000 < job.waiting.until - begun < 110_000
            await open_blog.app.engine.retry(job.id)
            job = await open_blog.until(job, is_waiting(WaitingFor.PROVIDER))
            assert job.waiting.until - begun > 80_000
            assert job.attempt == 1, "a wait for the pause costs no attempt"
    assert len(main.calls) == 1


async def test_a_short_pause_is_waited_out_and_the_job_goes_on_by_itself(blog):
    async with FakeOpenAI() as main:
        main.fail_next(429, headers={"Retry-After": "1"}, label="outline")
        async with blog.open(text_section("main", main)) as open_blog:
            job = await open_blog.order()
            await main.received("outline")
            asked = time.monotonic()
            await main.received("outline", 2)
            paused = time.monotonic() - asked
            await open_blog.until(job, is_published)
    assert 0.9 < paused < 10


async def test_an_open_breaker_costs_no_attempt_and_one_probe_closes_it(blog, monkeypatch):
    monkeypatch.setattr("blogen.providers.endpoints.Breaker", partial(Breaker, failures=2, pause_seconds=1.5))
    async with FakeOpenAI() as main:
        main.fail_next(503, label="outline", times=2)
        async with blog.open(text_section("main", main)) as open_blog:
            job = await open_blog.order()
            job = await open_blog.until(job, is_waiting(WaitingFor.PROVIDER))
            assert job.attempt == 2
            assert "failed 2 times in a row" in job.waiting.reason
            assert len(main.calls) == 2
            ordered = await asyncio.gather(*(open_blog.order() for _ in range(5)))
            waits = (open_blog.until(other, is_waiting(WaitingFor.PROVIDER)) for other in ordered)
            others = await asyncio.gather(*waits)
            assert len(main.calls) == 2, "who comes meanwhile does not ask"
            assert [other.attempt for other in others] == [0] * 5
            main.hold("outline")
            await main.received("outline", 3)
            for one in [await open_blog.app.jobs.get(one.id) for one in (job, *others)]:
                if one.waiting is not None:
                    await open_blog.app.engine.wake(one.id)  # what its timer does
                    await open_blog.until(one, waits_anew(one.waiting.until))
            assert main.labels.count("outline") == 3, "one call probes"
            await main.release()
            for one in (job, *others):
                await open_blog.until(one, is_published)
            assert (await open_blog.waits(job))[:3] == ["retry", "retry", "provider"]


# -- which model is asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 503])
async def test_models_are_asked_in_the_order_of_the_list(blog, status):
    async with FakeOpenAI() as first, FakeOpenAI() as second, FakeOpenAI() as third:
        second.fail_next(status, label="outline")
        sections = [text_section(name, fake) for name, fake in (("a", first), ("b", second), ("c", third))]
        async with blog.open(*sections, '[pipeline]\ntext = ["b", "c", "a"]\n') as open_blog:
            job = await open_blog.published()
            steps = {record.name: record for record in await open_blog.app.steps.of(job.id)}
    assert third.labels == ["outline"]
    assert first.labels == []
    assert PURPOSES - {"illustrations"} <= set(second.labels)
    assert steps["outline/ask"].state == "failed"
    assert steps["outline/ask/c"].state == "finished"


async def test_with_all_models_refusing_the_extractive_writer_goes_on_where_it_is_listed(blog):
    async with FakeOpenAI() as main:
        main.fail_next(401, times=99)
        async with blog.open(text_section("main", main), '[pipeline]\ntext = ["main", "offline"]\n') as open_blog:
            job = await open_blog.published()
    assert job.cost_usd_micros == 0


async def test_each_kind_of_work_goes_to_the_model_of_its_role(blog):
    async with AsyncExitStack() as stack:
        names = ("main", "planner", "writer", "reader", "namer", "painter")
        fakes = {name: await stack.enter_async_context(FakeOpenAI()) for name in names}
        drawing = await stack.enter_async_context(FakeOpenAI())
        drawing.fail_next(400, body=CONTENT_REFUSED, label="image")
        roles = """
[pipeline]
text = ["main"]
[pipeline.roles]
outline = ["planner"]
draft = ["writer"]
critic = ["reader", "planner"]
title = ["namer"]
image_prompt = ["painter"]
"""
        sections = [text_section(name, fake) for name, fake in fakes.items()]
        async with blog.open(*sections, image_section("first", drawing), roles) as open_blog:
            await open_blog.published(images=1)
    asked = {name: set(fake.labels) for name, fake in fakes.items()}
    assert asked["planner"] == {"outline"}
    assert {"draft"} <= asked["writer"] <= {"draft", "revise"}
    assert asked["reader"] == {"critic"}
    assert asked["namer"] == {"title"}
    assert asked["painter"] == {"illustrations", "reword"}
    assert asked["main"] <= {"queries"}, "what has a role does not go to the others"


async def test_behind_the_model_of_a_role_come_the_others(blog):
    async with FakeOpenAI() as main, FakeOpenAI() as planner:
        planner.fail_next(401)
        roles = '[pipeline]\ntext = ["main"]\n[pipeline.roles]\noutline = ["planner"]\n'
        async with blog.open(text_section("main", main), text_section("planner", planner), roles) as open_blog:
            await open_blog.published()
    assert planner.labels == ["outline"]
    assert "outline" in main.labels


# -- an order that nobody waits for any more --------------------------------------------------------------------------


async def test_a_cancelled_job_cancels_its_task_at_midjourneys_dotnet_proxy(blog):
    async with FakeMidjourney("dotnet") as proxy:
        section = f'[image.mj]\nkind = "midjourney"\nbase_url = "{proxy.base_url}"\n'
        async with blog.open(section) as open_blog:
            job = await open_blog.until(await open_blog.order(images=1), is_waiting(WaitingFor.IMAGE))
            await open_blog.app.engine.cancel(job.id)
            await proxy.received("cancel")
    assert proxy.cancelled == [order.task_id for order in proxy.submissions]
    assert len(proxy.submissions) == 1


async def test_a_cancelled_job_takes_its_order_out_of_comfyuis_queue(blog):
    async with FakeComfyUI() as comfy:
        comfy.hold()
        section = f'[image.comfy]\nkind = "comfyui"\nbase_url = "{comfy.base_url}"\nmodel = "{CHECKPOINTS[0]}"\n'
        async with blog.open(section) as open_blog:
            kept = await open_blog.until(await open_blog.order(images=1), is_waiting(WaitingFor.IMAGE))
            job = await open_blog.until(await open_blog.order(images=1), is_waiting(WaitingFor.IMAGE))
            await open_blog.app.engine.cancel(job.id)
            while "POST /queue" not in comfy.paths:
                await comfy.received("/queue", len([path for path in comfy.paths if "/queue" in path]) + 1)
            comfy.run()
            await open_blog.until(kept, is_published)
    assert comfy.drawn_ids == [comfy.placed[0].id], "only what is still waited for is drawn"
    assert comfy.interrupted == []


async def test_a_cancelled_job_interrupts_the_picture_that_is_being_drawn(blog):
    async with FakeAutomatic1111() as webui:
        webui.hold()
        section = f'[image.sd]\nkind = "automatic1111"\nbase_url = "{webui.base_url}"\n'
        async with blog.open(section) as open_blog:
            job = await open_blog.order(images=1)
            task = await webui.drawing()
            await open_blog.app.engine.cancel(job.id)
            await webui.received("/interrupt")
    assert webui.interrupted == [task]


async def test_a_cancelled_job_cancels_the_answer_that_is_worked_on_in_the_background(blog):
    async with FakeOpenAI(background="manual") as main:
        section = text_section("main", main, 'api = "responses"\nbackground = "always"')
        async with blog.open(section) as open_blog:
            job = await open_blog.until(await open_blog.order(), is_waiting(WaitingFor.PROVIDER))
            await open_blog.app.engine.cancel(job.id)
            await main.answered("cancel")
    assert [submission.status for submission in main.submissions] == ["cancelled"]


async def test_a_service_that_cannot_be_told_keeps_no_job_from_being_cancelled(blog):
    async with FakeMidjourney("dotnet") as proxy:
        proxy.spoil_next("reset", label="cancel")
        section = f'[image.mj]\nkind = "midjourney"\nbase_url = "{proxy.base_url}"\n'
        async with blog.open(section) as open_blog:
            job = await open_blog.until(await open_blog.order(images=1), is_waiting(WaitingFor.IMAGE))
            job = await open_blog.app.engine.cancel(job.id)
            await proxy.received("cancel")
    assert job.state is JobState.CANCELLED
    assert len(proxy.submissions) == 1


# -- the blog ---------------------------------------------------------------------------------------------------------


def text_section(name: str, fake: FakeOpenAI, more: str = "") -> str:
    return f'[text.{name}]\nkind = "openai"\nbase_url = "{fake.base_url}"\nmodel = "{MODEL}"\n{more}\n'


def image_section(name: str, fake: FakeOpenAI, more: str = "") -> str:
    return f'[image.{name}]\nkind = "openai"\nbase_url = "{fake.base_url}"\nmodel = "{IMAGE_MODEL}"\n{more}\n'


def is_published(job: Job) -> bool:
    assert job.state not in {JobState.FAILED, JobState.CANCELLED}, job.error
    return job.state is JobState.PUBLISHED


def is_waiting(for_: WaitingFor) -> Callable[[Job], bool]:
    def is_it(job: Job) -> bool:
        assert not job.state.is_final, job.error
        return job.waiting is not None and job.waiting.for_ is for_

    return is_it


def waits_anew(until: int | None) -> Callable[[Job], bool]:
    return lambda job: is_waiting(WaitingFor.PROVIDER)(job) and job.waiting.until != until


def _http_date(seconds: float) -> str:
    from email.utils import formatdate

    return formatdate(time.time() + seconds, usegmt=True)


class Blog:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def open(self, *sections: str, engine: str = f"[engine]\n{AT_ONCE}\n") -> AsyncIterator["Open"]:
        """The application with these sections; without a text model it writes by itself."""
        file = self._folder / "config.toml"
        tables = "\n".join((f'[data]\ndir = "{self._folder}/data"', engine, *sections))
        file.write_text(tables, encoding="utf-8")
        async with asyncio.timeout(60), App.open(load(file, {})) as app:
            yield Open(app)


class Open(Opened):
    async def published(self, images: int = 0) -> Job:
        return await self.until(await self.order(images), is_published)

    async def pictures(self, job: Job) -> list[StepRecord]:
        """The steps that drew something in the end."""
        records = await self.app.steps.of(job.id)
        return [record for record in records if record.name.startswith("image:") and record.state == "finished"]

    async def wanted(self, job: Job) -> Illustrations:
        """What was to be drawn, in the writer's first words."""
        records = {record.name: record for record in await self.app.steps.of(job.id)}
        return Illustrations.model_validate_json(records["illustrations"].result or "")

    async def waits(self, job: Job) -> list[Any]:
        """What the job waited for, so far."""
        return [entry.detail["for"] for entry in await self.app.jobs.timeline(job.id) if entry.event == "waiting"]


@pytest.fixture
def blog(tmp_path: Path) -> Iterator[Blog]:
    return Blog(tmp_path)
