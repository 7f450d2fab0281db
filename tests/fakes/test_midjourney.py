"""The fake itself: it speaks both proxies' wire format, as their documentation and controllers have it."""

import io

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from tests.fakes.midjourney import COLOURS, FakeMidjourney, corners, grid


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def imagine(http, fake, prompt="a teapot", **more):
    async with http.post(f"{fake.base_url}/mj/submit/imagine", json={"prompt": prompt, **more}) as answer:
        return await answer.json()


async def fetched(http, fake, task_id):
    async with http.get(f"{fake.base_url}/mj/task/{task_id}/fetch") as answer:
        return await answer.json()


@pytest.mark.parametrize("flavour", ["java", "dotnet"])
async def test_a_task_is_shown_as_documented(http, flavour):
    async with FakeMidjourney(flavour) as fake:
        receipt = await imagine(http, fake, state="ours")
        assert receipt["code"] == 1
        await fake.advance(receipt["result"], "IN_PROGRESS", "35%")
        task = await fetched(http, fake, receipt["result"])
        assert (task["status"], task["progress"], task["state"]) == ("IN_PROGRESS", "35%", "ours")
        await fake.finish(receipt["result"])
        task = await fetched(http, fake, receipt["result"])
        assert (task["status"], task["progress"]) == ("SUCCESS", "100%")
        assert ("buttons" in task) == (flavour == "dotnet")
        async with http.get(task["imageUrl"]) as answer:
            assert corners(await answer.read()) == COLOURS


@pytest.mark.parametrize(("flavour", "status"), [("java", 200), ("dotnet", 204)])
async def test_an_unknown_task_is_an_empty_answer(http, flavour, status):
    async with (
        FakeMidjourney(flavour) as fake,
        http.get(f"{fake.base_url}/mj/task/1320098173412546/fetch") as answer,
    ):
        assert (answer.status, await answer.read()) == (status, b"")


async def test_the_java_proxy_makes_every_upscale_anew_and_an_old_one_tells_of_the_first(http):
    async with FakeMidjourney("java") as fake:
        task_id = (await imagine(http, fake))["result"]
        order = {"taskId": task_id, "action": "UPSCALE", "index": 2}
        codes = []
        for is_done, is_old in ((False, False), (True, False), (True, False), (True, True)):
            if is_done:
                await fake.finish(task_id)
            fake.knows_upscales = is_old
            async with http.post(f"{fake.base_url}/mj/submit/change", json=order) as answer:
                codes.append((await answer.json())["code"])
        assert codes == [4, 1, 22, 21]
        assert len(fake.ordered("UPSCALE")) == 2


async def test_banned_words_full_queues_and_secrets(http):
    async with FakeMidjourney("java", queue_size=1) as fake:
        refused = await imagine(http, fake, "a nude teapot")
        assert (refused["code"], refused["properties"]["bannedWord"]) == (24, "nude")
        codes = [(await imagine(http, fake))["code"] for _ in range(2)]
        assert codes == [1, 23]
        assert len(fake.submissions) == 1
    async with (
        FakeMidjourney("java", secret="s3cret") as fake,
        http.get(f"{fake.base_url}/mj/task/list") as answer,
    ):
        assert answer.status == 401


async def test_the_hook_is_really_called_also_late_and_twice(http):
    heard = []

    async def hear(request):
        heard.append((await request.json())["status"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with FakeMidjourney("java") as fake:
        task_id = (await imagine(http, fake, notifyHook=url))["result"]
        await fake.finish(task_id)
        await fake.call_hook(task_id, times=2, status="IN_PROGRESS", progress="50%")
        assert heard == ["SUCCESS", "IN_PROGRESS", "IN_PROGRESS"]
        assert fake.hook_answers == [200, 200, 200]
    await runner.cleanup()


async def test_the_list_of_the_dotnet_proxy_ends_after_a_hundred(http):
    for flavour, count in (("java", 120), ("dotnet", 100)):
        async with FakeMidjourney(flavour) as fake:
            fake.add_strangers(120)
            async with http.get(f"{fake.base_url}/mj/task/list") as answer:
                assert len(await answer.json()) == count


def test_a_grid_is_a_picture_of_four():
    assert Image.open(io.BytesIO(grid((64, 64)))).size == (64, 64)
