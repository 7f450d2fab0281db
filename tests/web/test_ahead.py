"""What is answered ahead of the router is what the long way would answer, to the letter and at every moment."""

import asyncio

import pytest

from blogen.clients import COOKIE
from blogen.domain.changes import PostChange
from blogen.events import PostChanged, RequestCrashed
from blogen.web import keys
from blogen.web.ahead import PagesAhead
from blogen.web.assets import address

PATHS = ["/", "/p/tea", "/p/tea/receipt", "/tags/a", "/authors/blogen", "/archive", "/feed.xml", "/feed.json",
         "/sitemap.xml", address("reader.css"), address("icon.svg"), address("icon-192.png")]  # fmt: skip
OF_EACH = {"date", "x-request-id"}


@pytest.fixture
async def tea(site):
    await site.blog.publish("Tea", tags=["a"], text="Tea. " * 300)
    await site.app[keys.PAGES].renewed()
    return site


@pytest.fixture
async def ahead(tea, monkeypatch):
    """For each reader's request whether it was answered ahead."""
    answered: list[bool] = []
    true = PagesAhead.answer

    async def noted(self, request):
        answer = await true(self, request)
        if request.transport is not None:  # otherwise nobody asks: a page is renewed
            answered.append(answer is not None)
        return answer

    monkeypatch.setattr(PagesAhead, "answer", noted)
    return answered


async def test_it_is_the_answer_of_the_long_way_to_the_letter(tea, ahead):
    pages = tea.app[keys.PAGES]
    for path in PATHS:
        await tea.get(path)
    await pages.compressed()
    for path in PATHS:
        if not pages.at(path).modified:
            pages.at(path).made_at -= 2  # the date is told from the next second on
        for coding in ("identity", "gzip", "br"):
            await compare(tea, ahead, path, coding)


async def compare(tea, ahead, path: str, coding: str) -> None:
    accepts = {"Accept-Encoding": coding}
    tag = (await tea.get(path, headers=accepts)).headers["ETag"]
    # What is unusual about the long one changes nothing of the answer.
    for asked in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}, {"If-None-Match": '"other"'}):
        quick, long = [
            await tea.get(path, headers=accepts | asked | unusual) for unusual in ({}, {"Expect": "100-continue"})
        ]
        assert ahead[-2:] == [True, False], (path, coding, asked)
        assert (quick.status, quick.body) == (long.status, long.body), (path, coding, asked)
        assert len(quick.headers) == len(set(quick.headers)), "a header came twice"
        assert without(quick) == without(long), (path, coding, asked)
        assert quick.headers.keys() == long.headers.keys() >= {"Content-Security-Policy", "X-Request-Id", "Date"}
        assert quick.headers["X-Request-Id"] != long.headers["X-Request-Id"]
        await tea.app[keys.PAGES].compressed()  # what was asked for often is compressed better: then, not in between
    async with tea.client.head(path, headers=accepts) as head:
        assert ahead[-1]
        assert await head.read() == b""
        whole = await tea.get(path, headers=accepts)
        assert int(head.headers["Content-Length"]) == len(whole.body)
        assert {name.lower() for name in head.headers} == {name.lower() for name in whole.headers}


def without(answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in OF_EACH}


@pytest.mark.parametrize(
    "unusual",
    [{"Cookie": f"{COOKIE}=x"}, {"Cookie": f"a=b; {COOKIE}=x"}, {"Range": "bytes=0-1"}, {"Connection": "close"},
     {"Expect": "100-continue"}],
)  # fmt: skip
async def test_what_is_unusual_goes_the_long_way(tea, ahead, unusual):
    for _ in range(2):
        plain = await tea.get("/")
    assert ahead == [False, True]
    assert (await tea.get("/", headers=unusual)).body == plain.body
    for method in ("POST", "PUT", "DELETE"):
        async with tea.client.request(method, "/") as answer:
            assert answer.status == 405
    async with tea.client.get("/", data=b"a body") as answer:
        assert answer.status == 200
    assert not any(ahead[2:])
    await tea.get("/", headers={"Cookie": "colours=dark"})
    assert ahead[-1]


async def test_an_address_with_a_question_is_not_learned(tea, ahead):
    for path in ("/p/tea?from=mail", "/static/reader.css?v=old", "/?before=x"):
        for _ in range(2):
            await tea.get(path)
    assert not any(ahead)


async def test_what_changes_is_never_answered_as_it_was(tea, ahead):
    for title in ("Green tea", "Black tea", "White tea"):
        await tea.blog.posts.change("tea", PostChange(title=title))
        for path in ("/", "/p/tea", "/feed.xml"):
            for _ in range(2):
                assert title in (await tea.get(path)).text
            assert ahead[-1]
    await tea.blog.posts.delete("tea")
    assert (await tea.get("/p/tea")).status == 410
    assert "White tea" not in (await tea.get("/")).text


async def test_what_is_read_is_made_anew_before_anybody_asks(tea, ahead):
    pages = tea.app[keys.PAGES]
    for path in ("/", "/", "/p/tea", "/archive"):
        await tea.get(path)
    await tea.blog.publish("Green tea", tags=["a"])
    await pages.renewed()
    ahead.clear()
    assert "Green tea" in (await tea.get("/")).text
    assert "Green tea" in (await tea.get("/p/green-tea")).text, "a new post, too"
    assert ahead == [True, True]
    tea.blog.bus.publish(PostChanged("green-tea"))
    await pages.renewed()
    ahead.clear()
    for path in ("/", "/p/green-tea", "/p/tea", "/archive"):
        assert "Green tea" in (await tea.get(path)).text
    assert ahead == [True, True, False, False], "nobody had asked for the others since they were made"
    await tea.blog.posts.delete("green-tea")
    await pages.renewed()
    assert (await tea.get("/p/green-tea")).status == 410
    assert "Green tea" not in (await tea.get("/")).text
    assert not [event for event in tea.blog.heard if isinstance(event, RequestCrashed)]


async def test_whoever_changes_something_is_answered_once_readers_have_it_and_readers_do_not_wait(tea, monkeypatch):
    monkeypatch.setattr("blogen.web.pages._SETTLING_SECONDS", 60)
    pages = tea.app[keys.PAGES]
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def renew(_address: str) -> None:
        begun.set()
        await may_go_on.wait()

    await tea.get("/p/tea")
    pages.renew_by(renew)
    await tea.blog.posts.change("tea", PostChange(title="Green tea"))
    await begun.wait()
    changing = asyncio.create_task(tea.client.post("/login"))
    assert (await tea.get("/p/tea")).status == 200
    assert not (await asyncio.wait({changing}, timeout=0.3))[0]
    may_go_on.set()
    await changing


async def test_a_page_that_takes_long_keeps_nobody_from_their_answer(tea, monkeypatch):
    monkeypatch.setattr("blogen.web.pages._SETTLING_SECONDS", 0.01)
    await tea.get("/p/tea")
    tea.app[keys.PAGES].renew_by(lambda _address: asyncio.Event().wait())
    await tea.blog.posts.change("tea", PostChange(title="Green tea"))
    async with asyncio.timeout(10):
        await tea.client.post("/login")
