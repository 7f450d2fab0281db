"""Midjourney through both proxies, over real sockets: the whole state machine, crashes at every point, and refusals.

`Journey` plays the engine: it commits each handle and polls again, as `JobContext.order` does.
"""

import io
import json

import pytest
from PIL import Image

from blogen.domain.image_task import FINAL, PATH, TRANSITIONS, ImageTaskState
from blogen.errors import (
    AnswerLost,
    AnswerUnusable,
    ContentRefused,
    IllegalTransition,
    InDoubt,
    OrderFailed,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.ids import new_id
from blogen.providers.image.midjourney import Config, HookCall, Provider, hooked_reference, plain, prompt_of
from blogen.providers.midjourney_grid import LARGEST_PIXELS, NotAGrid, quarter_here
from blogen.providers.protocols import (
    CanCancel,
    CanFind,
    CanPrice,
    Drawn,
    ImageModel,
    ImageRequest,
    Pending,
    Submitted,
)
from tests.fakes.faults import bomb
from tests.fakes.midjourney import COLOURS, FakeMidjourney, corners, grid

SECRET = "a-very-secret-key-1234567890"
HOOK_SECRET = "hook-secret/with a space"
FLAVOURS = ("java", "dotnet")


class FakeClock:
    def __init__(self):
        self.ms = 1_800_000_000_000

    def now_ms(self):
        return self.ms

    def monotonic(self):
        return self.ms / 1000

    async def sleep(self, seconds):
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(params=FLAVOURS)
async def fake(request):
    async with FakeMidjourney(request.param, secret=SECRET) as server:
        yield server


@pytest.fixture
async def java():
    async with FakeMidjourney("java", secret=SECRET) as server:
        yield server


@pytest.fixture
async def dotnet():
    async with FakeMidjourney("dotnet", secret=SECRET) as server:
        yield server


@pytest.fixture
async def made(clock):
    providers = []

    def make(fake, **config):
        base_url = fake if isinstance(fake, str) else fake.base_url
        config = {"api_key": SECRET, "timeout_seconds": 5, **config}
        provider = Provider("image.main", Config(kind="midjourney", base_url=base_url, **config), clock=clock)
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def order(**more):
    reference = more.pop("reference", f"{new_id()}/image:cover/1")
    return ImageRequest(prompt="A teapot on a quiet table", title="Tea", reference=reference, **more)


class Journey:
    """One picture as the engine walks it. `handles` are what was committed."""

    def __init__(self, make, request):
        self.make = make
        self.provider = make()
        self.request = request
        self.handles = []
        self.states = []

    @property
    def kept(self):
        return json.loads(self.handles[-1])

    async def begin(self):
        return self.commit(await self.provider.submit(self.request))

    async def poll(self):
        return self.commit(await self.provider.poll(self.handles[-1]))

    def commit(self, answer):
        if isinstance(answer, Submitted):
            if not self.handles or self.handles[-1] != answer.handle:
                self.handles.append(answer.handle)
                self.states.append(answer.state)
            assert ImageTaskState(answer.state) == ImageTaskState(json.loads(answer.handle).get("state", "submitted"))
        return answer

    def crash(self):
        """The process dies; another one has what was committed, and nothing else."""
        self.provider = self.make()

    async def until(self, state):
        """Poll until `state` is committed."""
        while not self.states or self.states[-1] != state:
            await self.poll()

    async def end(self, most=40):
        for _ in range(most):
            answer = await self.poll()
            if isinstance(answer, Drawn):
                return answer
        raise AssertionError(f"no picture after {most} polls: {self.states}")


# -- the way to a picture ---------------------------------------------------------------------------------------


async def test_a_picture_goes_through_all_its_states(fake, made):
    request = order()
    journey = Journey(lambda: made(fake), request)
    sent = await journey.begin()
    assert (sent.state, sent.poll_after_seconds) == ("submitted", 2)
    [grid_order] = fake.submissions
    assert (grid_order.state, grid_order.prompt) == (request.reference, "A teapot on a quiet table --ar 16:9")
    assert grid_order.notify_hook is None

    assert isinstance(await journey.poll(), Pending)
    await fake.advance(grid_order.task_id, "IN_PROGRESS", "35%")
    assert (await journey.poll()).state == "in_progress"
    assert (await journey.poll()).fraction == 0.35
    await fake.finish(grid_order.task_id)
    await journey.until("upscaling")
    assert "upscale" not in journey.kept  # the intent is committed before the call that it announces
    assert fake.ordered("UPSCALE") == []
    await journey.poll()
    [upscale] = fake.ordered("UPSCALE")
    assert upscale.state == f"{request.reference}:u1"
    assert journey.kept["upscale"] == upscale.task_id
    await fake.finish(upscale.task_id)
    drawn = await journey.end()

    assert journey.states == ["submitted", "in_progress", "grid_ready", "upscaling", "upscaling", "downloading"]
    assert corners(drawn.content) == (COLOURS[0],) * 4
    assert drawn.media_type == "image/png"
    assert drawn.usage.provider == "image.main"
    assert drawn.usage.cost_usd_micros is None
    assert len(fake.submissions) == 2
    assert all(call.headers["mj-api-secret"] == SECRET for call in fake.calls if call.label != "file")
    assert all("mj-api-secret" not in call.headers for call in fake.of("file"))


async def test_the_java_proxy_is_asked_to_change_and_the_dotnet_proxy_to_press_a_button(fake, made):
    fake.auto = True
    journey = Journey(lambda: made(fake, index=3), order())
    await journey.begin()
    drawn = await journey.end()
    grid_order, upscale = fake.submissions
    assert corners(drawn.content) == (COLOURS[2],) * 4
    if fake.flavour == "java":
        [call] = fake.of("change")
        assert call.body == {
            "taskId": grid_order.task_id, "action": "UPSCALE", "index": 3, "state": upscale.state,
        }  # fmt: skip
    else:
        [call] = fake.of("action")
        assert call.body["customId"].startswith("MJ::JOB::upsample::3::")
        assert {"taskId", "customId", "state"} == set(call.body)


@pytest.mark.parametrize("index", [1, 2, 3, 4])
async def test_a_grid_can_be_cut_with_nothing_more_ordered(java, made, index):
    java.auto = True
    journey = Journey(lambda: made(java, grid="split", index=index), order())
    await journey.begin()
    drawn = await journey.end()
    assert journey.states == ["submitted", "grid_ready", "downloading"]
    assert Image.open(io.BytesIO(drawn.content)).size == (96, 64)
    assert corners(drawn.content) == (COLOURS[index - 1],) * 4
    assert drawn.media_type == "image/png"
    assert len(java.submissions) == 1


async def test_an_order_under_way_keeps_its_index_when_the_configuration_changes(java, made):
    java.auto = True
    journey = Journey(lambda: made(java, index=2), order())
    await journey.begin()
    journey.make = lambda: made(java, index=4)
    journey.crash()
    assert corners((await journey.end()).content) == (COLOURS[1],) * 4


async def test_an_upscale_that_is_ready_at_once_is_taken(dotnet, made):
    dotnet.is_partner = True
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    await dotnet.finish(dotnet.submissions[0].task_id)
    assert corners((await journey.end()).content) == (COLOURS[0],) * 4


@pytest.mark.parametrize("prefix", ["/mj", "/mj-relax/mj", ""])
async def test_the_prefix_may_stand_in_the_address_or_not(made, prefix):
    async with FakeMidjourney("dotnet", prefix=prefix, auto=True) as fake:
        for base_url in {fake.base_url, fake.base_url + prefix}:
            journey = Journey(lambda url=base_url: made(url, prefix=prefix, api_key=None), order())
            await journey.begin()
            assert await journey.end()


async def test_an_address_without_a_host_is_the_proxys_own(dotnet, made):
    dotnet.auto = dotnet.relative_urls = True
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    assert await journey.end()


async def test_the_price_counts_grid_and_upscale_as_one_picture(java, made):
    java.auto = True
    provider = made(java, usd_per_call="0.08")
    journey = Journey(lambda: provider, order())
    await journey.begin()
    assert (await journey.end()).usage.cost_usd_micros == 80_000
    assert provider.most_usd_micros(order()) == 80_000
    assert not provider.is_free  # though it is close by
    assert made(java, free=True).is_free
    assert all(isinstance(provider, protocol) for protocol in (ImageModel, CanFind, CanCancel, CanPrice))


async def test_pauses_grow_with_the_tasks_age_and_a_hook_makes_them_long(java, made, clock):
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    pauses = []
    for _ in range(4):
        pauses.append((await journey.poll()).poll_after_seconds)
        clock.ms += 100_000
    assert pauses == [2, 10, 20, 30]
    hooked = made(java, hook_url="https://blog.example.com/", hook_secret=HOOK_SECRET)
    assert (await hooked.submit(order())).poll_after_seconds == 60
    assert java.submissions[-1].notify_hook == (
        "https://blog.example.com/hooks/midjourney/hook-secret%2Fwith%20a%20space"
    )


# -- crashes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("is_committed", [True, False], ids=["after the commit", "before the commit"])
@pytest.mark.parametrize("crash_at", range(1, 9))
async def test_a_crash_at_any_poll_orders_nothing_twice(made, flavour, is_committed, crash_at):
    async with FakeMidjourney(flavour, secret=SECRET, auto=True, polls=2) as fake:
        journey = Journey(lambda: made(fake), order())
        await journey.begin()
        drawn = None
        for number in range(1, 30):
            if number == crash_at and not is_committed:
                await journey.provider.poll(journey.handles[-1])  # its answer dies with the process
            answer = await journey.poll()
            if number == crash_at:
                journey.crash()
            if isinstance(answer, Drawn):
                drawn = answer
                break
        assert drawn is not None
        assert [sent.action for sent in fake.submissions] == ["IMAGINE", "UPSCALE"]
        seen = [state for state in journey.states if state != "in_progress"]
        assert seen == ["submitted", "grid_ready", "upscaling", "upscaling", "downloading"]


@pytest.mark.parametrize("stage", ["waiting", "at work", "done", "failed"])
async def test_a_crash_between_order_and_handle_finds_the_task_again(fake, made, stage):
    request = order()
    await made(fake).submit(order())  # another one's
    await made(fake).submit(request)  # the handle is lost
    task_id = fake.submissions[1].task_id
    fake.add_strangers(3)
    match stage:
        case "at work":
            await fake.advance(task_id, "IN_PROGRESS", "10%")
        case "done":
            await fake.finish(task_id)
        case "failed":
            await fake.advance(task_id, "FAILURE", failReason="[Banned prompt detected] teapot")
    journey = Journey(lambda: made(fake), request)
    found = journey.commit(await journey.provider.find(request.reference))
    assert journey.kept["task"] == task_id
    assert (found.state, found.poll_after_seconds) == ("submitted", 0)
    if stage == "failed":
        with pytest.raises(ContentRefused):
            await journey.poll()
    else:
        fake.auto = True
        assert await journey.end()
    assert len(fake.ordered("IMAGINE")) == 2


async def test_of_several_tasks_of_an_order_the_one_that_lives_is_found(java, made):
    request = order()
    await made(java).submit(request)
    await made(java).submit(request)
    alive, dead = (sent.task_id for sent in java.submissions)
    java.tasks[dead]["submitTime"] += 1000
    await java.advance(dead, "FAILURE", failReason="任务超时")
    found = await made(java).find(request.reference)
    assert json.loads(found.handle)["task"] == alive


async def test_what_was_never_ordered_is_not_found(fake, made):
    await made(fake).submit(order())
    assert await made(fake).find(f"{new_id()}/image:cover/1") is None


async def test_a_list_that_ends_too_early_says_nothing(dotnet, made):
    reference = f"{new_id()}/image:cover/1"
    dotnet.add_strangers(120)
    with pytest.raises(InDoubt, match="cannot be told"):
        await made(dotnet).find(reference)
    for task in dotnet.tasks.values():
        task["submitTime"] -= 3_600_000  # from before the job was made
    assert await made(dotnet).find(reference) is None


async def test_an_order_whose_answer_is_lost_is_looked_for_and_not_placed_again(fake, made):
    request = order()
    fake.spoil_next("reset", label="imagine", after=True)
    sent = await made(fake).submit(request)
    assert json.loads(sent.handle)["task"] == fake.submissions[0].task_id
    fake.spoil_next("reset", label="imagine")
    with pytest.raises(ProviderUnavailable):
        await made(fake).submit(order())
    assert len(fake.submissions) == 1


async def test_an_upscale_whose_answer_is_lost_is_not_ordered_again(fake, made):
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    await fake.finish(fake.submissions[0].task_id)
    await journey.until("upscaling")
    fake.spoil_next("truncated", label="change" if fake.flavour == "java" else "action", after=True)
    with pytest.raises(ProviderUnavailable):
        await journey.poll()
    journey.crash()
    await journey.poll()
    assert journey.kept["upscale"] == fake.ordered("UPSCALE")[0].task_id
    fake.auto = True
    assert await journey.end()
    assert len(fake.ordered("UPSCALE")) == 1


async def test_a_proxy_that_forgot_the_task_is_asked_by_reference_once_and_then_refused(fake, made):
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    [task] = fake.tasks.values()
    fake.forget()
    with pytest.raises(ProviderRefused, match="no longer knows") as raised:
        await journey.poll()
    assert "Retry" in raised.value.remedy
    assert len(fake.of("list")) == 1
    fake.tasks["99"] = {**task, "id": "99"}  # it came back under another name
    await journey.poll()
    assert journey.kept["task"] == "99"


async def test_states_only_go_forward(java, made):
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    task_id = java.submissions[0].task_id
    await java.advance(task_id, "IN_PROGRESS", "80%")
    await journey.poll()
    await java.advance(task_id, "SUBMITTED", "0%")
    assert isinstance(await journey.poll(), Pending)
    await java.finish(task_id)
    await journey.until("upscaling")
    await java.advance(task_id, "IN_PROGRESS", "90%")
    assert isinstance(await journey.poll(), Pending)
    assert java.ordered("UPSCALE") == []
    await java.finish(task_id)
    await journey.poll()
    assert journey.states == ["submitted", "in_progress", "grid_ready", "upscaling", "upscaling"]


# -- refusals and failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "description", "properties", "error", "words"),
    [
        (3, "无可用的账号实例", {}, ProviderUnavailable, "无可用的账号实例"),
        (3, "关联任务不存在或已失效", {}, ProviderRefused, r"does not know what the order rests on \(3\)"),
        (4, "prompt参数错误", {}, ProviderRefused, r"mistake in the order \(4\): prompt参数错误"),
        (4, "用户今日绘图次数已达上限", {}, ProviderUnavailable, "上限"),
        (9, "提交失败，系统异常", {}, ProviderUnavailable, r"could not take the order \(9\)"),
        (9, "提交失败，队列已满，请稍后重试", {}, ProviderBusy, "queue of .* is full"),
        (23, "队列已满，请稍后尝试", {"result": "123"}, ProviderBusy, "queue of .* is full"),
        (24, "可能包含敏感词", {"bannedWord": "nude"}, ContentRefused, "because of 'nude'"),
        (24, "可能包含敏感词", {"bannedWord": 7}, ContentRefused, "可能包含敏感词"),
        (77, "something new", {}, ProviderRefused, r"refused the order \(77\): something new"),
    ],
)
async def test_every_code_of_a_refused_order_has_its_meaning(fake, made, code, description, properties, error, words):
    fake.answer_next(code, description, **properties)
    with pytest.raises(error, match=words) as raised:
        await made(fake).submit(order())
    assert raised.value.provider == "image.main"
    assert isinstance(raised.value, error)
    assert raised.value.remedy
    assert fake.submissions == []


async def test_a_queued_order_is_a_success(fake, made):
    await made(fake).submit(order())
    await made(fake).submit(order())
    assert len(fake.submissions) == 2


async def test_an_order_that_exists_already_is_taken_up(java, made):
    java.knows_upscales = True
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    java.answer_next(21, "任务已存在", result=java.submissions[0].task_id)
    assert json.loads((await made(java).submit(order())).handle)["task"] == java.submissions[0].task_id
    await java.finish(java.submissions[0].task_id)
    await journey.until("upscaling")
    java.tasks["77"] = {**java.tasks[java.submissions[0].task_id], "id": "77", "action": "UPSCALE", "state": "others"}
    java.tasks["77"]["description"] = f"/up {java.submissions[0].task_id} U1"
    await journey.poll()
    assert journey.kept["upscale"] == "77"
    assert java.ordered("UPSCALE") == []


async def test_a_banned_prompt_is_refused_for_its_content(fake, made):
    request = ImageRequest(prompt="a nude teapot", reference="r")
    if fake.flavour == "java":
        with pytest.raises(ContentRefused, match="because of 'nude'"):
            await made(fake).submit(request)
        return
    sent = await made(fake).submit(request)  # the .NET proxy looks later
    with pytest.raises(ContentRefused, match="敏感词"):
        await made(fake).poll(sent.handle)


@pytest.mark.parametrize(
    ("reason", "error", "remedy"),
    [
        ("[Banned prompt detected] The word `blood` is not allowed.", ContentRefused, "Change"),
        ("[Request cancelled due to output filters] sorry", ContentRefused, "Change"),
        ("Our AI moderator thinks this is probably against our community standards", ContentRefused, "Change"),
        ("[Invalid parameter] Invalid value for --v", ProviderRefused, "Look at the proxy's log"),
        ("任务超时", OrderFailed, "That tends to pass"),
        ("[Internal Server Error] I/O error on POST request for discord.com", OrderFailed, "That tends to pass"),
        ("取消任务", ProviderRefused, "Retry the job"),
        ("", ProviderRefused, "Look at the proxy's log"),
    ],
)
async def test_why_a_task_failed_decides_what_helps(fake, made, reason, error, remedy):
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    await fake.advance(fake.submissions[0].task_id, "FAILURE", failReason=reason or None)
    with pytest.raises(error) as raised:
        await journey.poll()
    assert isinstance(raised.value, error)
    assert remedy in raised.value.remedy


async def test_a_task_that_was_cancelled_elsewhere_is_told(dotnet, made):
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    await dotnet.advance(dotnet.submissions[0].task_id, "CANCEL")
    with pytest.raises(ProviderRefused, match="cancelled at the proxy"):
        await journey.poll()


async def test_an_upscale_that_failed_is_ordered_once_more_for_its_grid_is_paid(fake, made):
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    await fake.finish(fake.submissions[0].task_id)
    for number in (1, 2):
        while len(fake.ordered("UPSCALE")) < number:
            await journey.poll()
            journey.crash()
        await fake.advance(fake.ordered("UPSCALE")[-1].task_id, "FAILURE", failReason="任务超时")
    with pytest.raises(OrderFailed, match="任务超时"):
        await journey.end()
    assert [sent.action for sent in fake.submissions] == ["IMAGINE", "UPSCALE", "UPSCALE"]


async def test_an_upscale_that_is_refused_for_its_content_is_not_tried_again(java, made):
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    await java.finish(java.submissions[0].task_id)
    while not java.ordered("UPSCALE"):
        await journey.poll()
    await java.advance(java.ordered("UPSCALE")[0].task_id, "FAILURE", failReason="[Image denied] moderated")
    with pytest.raises(ContentRefused):
        await journey.poll()


async def test_a_grid_without_the_wanted_button_is_told(dotnet, made):
    journey = Journey(lambda: made(dotnet, index=2), order())
    await journey.begin()
    task_id = dotnet.submissions[0].task_id
    await dotnet.finish(task_id)
    dotnet.tasks[task_id]["buttons"] = dotnet.tasks[task_id]["buttons"][4:]
    with pytest.raises(ProviderRefused, match="offers no upscale of picture 2") as raised:
        await journey.end()
    assert "split" in raised.value.remedy


async def test_a_dialog_is_confirmed_once(dotnet, made):
    dotnet.asks_dialog = True
    journey = Journey(lambda: made(dotnet, grid="split"), order())
    await journey.begin()
    await journey.poll()
    assert journey.kept["dialog"] == "confirming"
    assert dotnet.confirmed == []
    for _ in range(3):  # its turn in the proxy's queue has not come, and it still shows the dialog
        journey.crash()
        await journey.poll()
    assert journey.kept["dialog"] == "confirmed"
    assert dotnet.confirmed == [dotnet.submissions[0].task_id]
    dotnet.auto = True
    assert await journey.end()


async def test_a_dialog_that_cannot_be_confirmed_is_refused_in_words(dotnet, made):
    dotnet.asks_dialog = True
    dotnet.publishes_modal = False
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    with pytest.raises(ProviderRefused, match="404"):
        await journey.end()


async def test_a_status_that_nobody_knows_is_waited_for(java, made):
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    for status in ("PONDERING", None, "in_progress"):
        java.tasks[java.submissions[0].task_id]["status"] = status
        answer = await journey.poll()
        assert answer.poll_after_seconds == 2
    assert journey.states == ["submitted", "in_progress"]


@pytest.mark.parametrize("progress", ["35", "-5%", "nan%", "Waiting", "", None, "1e9%"])
async def test_progress_that_is_no_share_is_left_out(java, made, progress):
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    await java.advance(java.submissions[0].task_id, "IN_PROGRESS", "1%")
    await journey.poll()
    java.tasks[java.submissions[0].task_id]["progress"] = progress
    assert (await journey.poll()).fraction is None


async def test_a_task_that_takes_too_long_is_given_up_and_cancelled(fake, made, clock):
    journey = Journey(lambda: made(fake, give_up_seconds=600), order())
    await journey.begin()
    clock.ms += 599_000
    assert isinstance(await journey.poll(), Pending)
    clock.ms += 2_000
    with pytest.raises(ProviderRefused, match="did not finish the picture within 600 s") as raised:
        await journey.poll()
    assert "give_up_seconds" in raised.value.remedy
    assert fake.cancelled == ([fake.submissions[0].task_id] if fake.flavour == "dotnet" else [])


async def test_a_picture_that_is_done_is_taken_however_late(java, made, clock):
    journey = Journey(lambda: made(java, give_up_seconds=600), order())
    await journey.begin()
    clock.ms += 86_400_000
    java.auto = True
    assert await journey.end()


async def test_done_without_an_address_is_waited_for_until_the_time_is_over(java, made, clock):
    journey = Journey(lambda: made(java, grid="split"), order())
    await journey.begin()
    await java.advance(java.submissions[0].task_id, "SUCCESS", imageUrl=None)
    await journey.until("downloading")
    with pytest.raises(ProviderUnavailable, match="gives no address"):
        await journey.poll()
    clock.ms += 1_801_000
    with pytest.raises(AnswerUnusable, match="gives no address"):
        await journey.poll()


async def test_an_address_that_expired_is_asked_for_once_more(dotnet, made):
    dotnet.renews_urls = True
    journey = Journey(lambda: made(dotnet, grid="split"), order())
    await journey.begin()
    await dotnet.finish(dotnet.submissions[0].task_id)
    await journey.until("downloading")
    dotnet.spoil_next("expired_url")
    fetched = len(dotnet.of("fetch"))
    assert isinstance(await journey.poll(), Drawn)
    assert len(dotnet.of("fetch")) == fetched + 2


async def test_an_address_that_stays_expired_ends_the_order_when_the_time_is_over(fake, made, clock):
    journey = Journey(lambda: made(fake, grid="split"), order())
    await journey.begin()
    await fake.finish(fake.submissions[0].task_id)
    await journey.until("downloading")
    fake.expire(fake.submissions[0].task_id)
    with pytest.raises(ProviderUnavailable, match="has expired"):
        await journey.poll()
    clock.ms += 1_801_000
    with pytest.raises(AnswerUnusable, match="has expired"):
        await journey.poll()


@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "file:///etc/passwd", "//169.254.169.254/x", "http://"])
async def test_an_address_that_leads_elsewhere_is_refused(java, made, url):
    journey = Journey(lambda: made(java, grid="split", usd_per_call=0.05), order())
    await journey.begin()
    await java.advance(java.submissions[0].task_id, "SUCCESS", imageUrl=url)
    await journey.until("downloading")
    with pytest.raises(AnswerUnusable, match="could not be fetched") as raised:
        await journey.poll()
    assert raised.value.usage.cost_usd_micros == 50_000, "it was drawn, and is paid for"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("not_an_image", AnswerUnusable),
        ("bomb", AnswerUnusable),
        ("private_redirect", AnswerUnusable),
        ("expired_url", ProviderUnavailable),
    ],
)
async def test_a_grid_that_is_no_picture_is_refused_before_it_is_decoded(java, made, kind, error):
    java.auto = True
    journey = Journey(lambda: made(java, grid="split"), order())
    await journey.begin()
    await journey.until("downloading")
    java.spoil_next(kind)
    with pytest.raises(error):
        await journey.poll()


@pytest.mark.parametrize("kind", ["hang", "drip", "reset", "truncated", "not_json", "schema", "empty"])
@pytest.mark.parametrize("label", ["imagine", "fetch", "list", "change", "file"])
async def test_a_broken_answer_is_unavailable_and_the_order_goes_on(java, made, kind, label):
    if (kind, label) in {("empty", "fetch"), ("schema", "file"), ("not_json", "file")}:
        pytest.skip("means something else there")
    java.auto = True
    journey = Journey(lambda: made(java, timeout_seconds=0.3), order())
    java.spoil_next(kind, label=label)
    errors = []
    for _ in range(12):
        try:
            answer = await (journey.poll() if journey.handles else journey.begin())
        except ProviderError as error:
            errors.append(error)
            continue
        if isinstance(answer, Drawn):
            break
    # A question that meets a dead connection is asked again by the HTTP client itself; an order never is.
    is_mended = kind == "reset" and label in {"fetch", "list", "file"} and not errors
    assert [type(error) for error in errors] in ([ProviderUnavailable], [AnswerLost]) or is_mended
    assert isinstance(answer, Drawn)
    assert [sent.action for sent in java.submissions] == ["IMAGINE", "UPSCALE"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRefused), (401, ProviderRefused), (403, ProviderRefused), (404, ProviderRefused),
        (302, ProviderRefused), (429, ProviderBusy), (500, ProviderUnavailable), (503, ProviderUnavailable),
    ],
)  # fmt: skip
async def test_a_status_that_refuses_an_order_is_told(fake, made, status, error):
    fake.fail_next(status, {"Retry-After": "12"}, label="imagine")
    with pytest.raises(error) as raised:
        await made(fake).submit(order())
    assert isinstance(raised.value, error)
    assert getattr(raised.value, "retry_after_seconds", 12) == 12
    assert fake.submissions == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("label", ["fetch", "list", "upscale"])
async def test_a_status_that_refuses_a_question_does_not_end_a_paid_order(fake, made, status, label):
    fake.auto = True
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    label = {"upscale": "change" if fake.flavour == "java" else "action"}.get(label, label)
    fake.fail_next(status, label=label)
    with pytest.raises(ProviderUnavailable):
        await journey.end()
    journey.crash()
    assert await journey.end()
    assert len(fake.submissions) == 2


async def test_a_proxy_that_is_not_there_is_unavailable(made):
    with pytest.raises(ProviderUnavailable, match="refused the connection"):
        await made("http://127.0.0.1:9").submit(order())


async def test_a_page_instead_of_the_picture_is_refused(java, made):
    java.auto = True
    journey = Journey(lambda: made(java), order())
    await journey.begin()
    await journey.until("downloading")
    java.spoil_next("not_json", label="file")
    with pytest.raises(AnswerUnusable, match="could not be fetched"):
        await journey.poll()


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7.5}, {"id": "../../admin"}, {"id": None}, {"status": 7}, {"imageUrl": ["x"]}, {"progress": 35},
        {"failReason": {}}, {"state": 1}, {"buttons": "U1"}, {"prompt": 3},
    ],
)  # fmt: skip
async def test_a_field_of_the_wrong_type_is_malformed(dotnet, made, change):
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    dotnet.tasks[dotnet.submissions[0].task_id].update(change)
    with pytest.raises(ProviderUnavailable, match="sent an answer that"):
        await journey.poll()


async def test_odd_buttons_times_and_strangers_rows_do_no_harm(dotnet, made):
    dotnet.auto = True
    journey = Journey(lambda: made(dotnet), order())
    await journey.begin()
    await journey.until("upscaling")
    task = dotnet.tasks[dotnet.submissions[0].task_id]
    task["buttons"] = [None, 7, {"label": 3, "customId": None}, *task["buttons"]]
    task["submitTime"] = "yesterday"
    dotnet.tasks["1"] = {**task, "id": {}, "state": "another's"}
    assert await journey.end()


async def test_the_secret_stands_in_no_message(fake, made):
    fake.answer_next(9, f"cannot use {SECRET} and {HOOK_SECRET}")
    with pytest.raises(ProviderUnavailable) as raised:
        await made(fake, hook_secret=HOOK_SECRET, hook_url="https://b.example").submit(order())
    assert SECRET not in str(raised.value)
    assert HOOK_SECRET not in str(raised.value)


@pytest.mark.parametrize("handle", ["", "17", "{}", '{"task": "../x", "begun_ms": 1}', '{"task": "1"}', "[1]"])
async def test_a_handle_that_is_not_ours_is_refused(java, made, handle):
    with pytest.raises(ProviderRefused, match="no use for the handle"):
        await made(java).poll(handle)
    await made(java).cancel(handle)
    assert java.calls == []


async def test_a_handle_is_compact(java, made):
    journey = Journey(lambda: made(java), order(reference=f"{new_id()}/image:cover/12"))
    await journey.begin()
    java.auto = True
    await journey.end()
    assert max(map(len, journey.handles)) < 300


# -- cancelling and checking ------------------------------------------------------------------------------------


async def test_cancelling_stops_the_task_where_the_proxy_can(fake, made):
    journey = Journey(lambda: made(fake), order())
    await journey.begin()
    await journey.provider.cancel(journey.handles[-1])
    await journey.provider.cancel(journey.handles[-1])
    assert fake.cancelled == ([fake.submissions[0].task_id] if fake.flavour == "dotnet" else [])
    fake.forget()
    await journey.provider.cancel(journey.handles[-1])


async def test_the_check_spends_nothing_and_tells_what_is_wrong(fake, made):
    assert (await made(fake).check()).ok
    assert fake.labels == ["list-by-condition"]
    wrong = await made(fake, api_key="wrong-key").check()
    assert not wrong.ok
    assert "refused (401)" in wrong.detail
    assert "wrong-key" not in wrong.detail
    nowhere = await made("http://127.0.0.1:9").check()
    assert not nowhere.ok
    assert "refused the connection" in nowhere.detail
    elsewhere = await made(fake, prefix="/other").check()
    assert not elsewhere.ok
    assert "base_url" in elsewhere.remedy
    assert fake.submissions == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"base_url": None}, "base_url"),
        ({"hook_url": "https://b.example"}, "hook_secret"),
        ({"index": 5}, "less than or equal to 4"),
        ({"grid": "keep"}, "split"),
        ({"hook_url": "https://b.example", "hook_secret": "short"}, "8 to 200"),
        ({"prefix": "mj/"}, "pattern"),
    ],
)
def test_a_section_that_cannot_work_is_refused(config, words):
    with pytest.raises(ValueError, match=words):
        Config(**{"kind": "midjourney", "base_url": "http://mj-proxy:8080", **config})


# -- the prompt -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "size", "ending"),
    [
        ("", (1600, 900), "--ar 16:9"),
        ("--v 7", (1000, 1000), "--v 7 --ar 1:1"),
        ("  --ar 3:2\n--v 7 ", (1600, 900), "--ar 3:2 --v 7"),
        ("--aspect 3:2", (1600, 900), "--aspect 3:2"),
        ("--s 50", (1601, 901), "--s 50 --ar 16:9"),
        ("--s 50", (0, 900), "--s 50"),
    ],
)
def test_the_suffix_is_added_and_the_shape_if_it_has_none(suffix, size, ending):
    request = ImageRequest(prompt="Tea", width=size[0], height=size[1])
    assert prompt_of(request, suffix) == f"Tea {ending}"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("A teapot --repeat 40 --ar 9:1", "A teapot, repeat 40, ar 9:1"),
        ("A teapot —v 3", "A teapot, v 3"),
        ("A {red, green, blue} bird", "A (red, green, blue) bird"),
        ("tea::2 coffee::-1", "tea: coffee:"),
        ("https://evil.example/a.png a teapot", "a teapot"),
        ("HTTP://evil.example/a.png a\n\nteapot\x00", "a teapot"),
        ("Tea -\u200b- time, 1920–1930", "Tea - - time, 1920–1930"),
        ("tea-time, well-lit", "tea-time, well-lit"),
        ("--", "--"),
        ("x" * 9000, "x" * 4000),
    ],
)
def test_a_prompt_gives_no_orders_of_its_own(written, told):
    assert plain(written) == told


async def test_an_empty_prompt_is_refused_without_a_call(java, made):
    with pytest.raises(ProviderRefused, match="prompt is empty"):
        await made(java).submit(ImageRequest(prompt=" https://only.example/a.png "))
    assert java.calls == []


# -- the hook ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ({"state": "job/image:cover/1", "status": "SUCCESS"}, HookCall("job/image:cover/1", "SUCCESS", True)),
        ({"state": "job/image:cover/1:u2", "status": "FAILURE"}, HookCall("job/image:cover/1", "FAILURE", True)),
        ({"state": "r", "status": "CANCEL"}, HookCall("r", "CANCEL", True)),
        ({"state": "r", "status": "MODAL"}, HookCall("r", "MODAL", True)),
        ({"state": "r", "status": "IN_PROGRESS", "progress": "5%"}, HookCall("r", "IN_PROGRESS", False)),
        ({"state": "r", "status": "PONDERING"}, HookCall("r", "PONDERING", False)),
        ({"state": "", "status": "SUCCESS"}, None),
        ({"state": None, "status": "SUCCESS"}, None),
        ({"state": ["r"], "status": "SUCCESS"}, None),
        ({"state": "r", "status": 5}, None),
        ({"state": "r" * 501, "status": "SUCCESS"}, None),
        ({"status": "SUCCESS"}, None),
        ([], None),
        ("SUCCESS", None),
    ],
)
def test_a_call_of_the_hook_is_read_with_care(body, call):
    assert hooked_reference(json.dumps(body).encode()) == call


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"state": "r"}' + b" " * 1_000_001])
def test_a_call_of_the_hook_that_is_no_task_says_nothing(body):
    assert hooked_reference(body) is None


async def test_what_the_hook_of_a_real_task_says_leads_to_its_order(fake, made):
    request = order()
    await made(fake).submit(request)
    task = {**fake.tasks[fake.submissions[0].task_id], "status": "SUCCESS"}
    assert hooked_reference(json.dumps(task).encode()) == HookCall(request.reference, "SUCCESS", True)


# -- the parts --------------------------------------------------------------------------------------------------


def test_the_transitions_lead_forward_and_end():
    assert all(TRANSITIONS[state] == frozenset() for state in FINAL)
    places = {state: place for place, state in enumerate(PATH)}
    for origin, targets in TRANSITIONS.items():
        assert origin.is_final or {ImageTaskState.FAILED, ImageTaskState.CANCELLED} <= targets
        assert all(places[target] > places[origin] for target in targets if target in places)
    ImageTaskState.SUBMITTED.check_move(ImageTaskState.GRID_READY)
    with pytest.raises(IllegalTransition, match="grid_ready cannot become submitted"):
        ImageTaskState.GRID_READY.check_move(ImageTaskState.SUBMITTED)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_quarter_is_cut_out_of_odd_sizes_and_all_kinds(kind):
    written = io.BytesIO()
    Image.open(io.BytesIO(grid((192, 128)))).resize((193, 129), Image.Resampling.NEAREST).save(
        written, kind, **({"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {})
    )
    cut = Image.open(io.BytesIO(quarter_here(written.getvalue(), 4)))
    assert (cut.format, cut.size) == ("PNG", (96, 64))
    assert max(abs(a - b) for a, b in zip(cut.getpixel((50, 40)), bytes.fromhex(COLOURS[3][1:]), strict=True)) < 6


def test_a_grid_that_says_it_is_huge_is_not_decoded():
    wide = 1 + LARGEST_PIXELS // 1000
    head = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
    webp = head + (wide - 1).to_bytes(3, "little") + (999).to_bytes(3, "little")
    for content, words in (
        (bomb(), "far too many pixels"),
        (bomb(6000), "6,000 × 6,000 pixels, and at most 25 million"),
        (bomb(1), "too small"),
        (webp, "at most 16 million"),
        (webp[:22], "ends"),
        (b"", "decoded"),
        (b"GIF89a" * 9, "decoded"),
    ):
        with pytest.raises(NotAGrid, match=words):
            quarter_here(content, 1)
