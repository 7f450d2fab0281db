"""The studio's frame and its board of jobs."""

from collections.abc import AsyncIterator

import pytest

from blogen.domain.person import Scope
from tests.web.people import PeopleSite, open_people_site
from tests.web.studio import owner_at


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path) as opened:
        yield opened


async def test_whoever_is_not_signed_in_is_sent_to_do_so_and_back(site) -> None:
    answer = await site.browser().get("/studio?state=failed")
    assert (answer.status, answer.location) == (303, "/login?next=/studio?state%3Dfailed")


async def test_a_reader_is_told_whom_the_studio_is_for(site) -> None:
    browser = await owner_at(site, "rita", Scope.READER)
    answer = await browser.get("/studio")
    assert answer.status == 403
    assert "Rita, whose role is reader" in answer.words


async def test_an_author_finds_no_way_to_what_only_an_admin_may_do(site) -> None:
    answer = await (await owner_at(site, "alma", Scope.AUTHOR)).get("/studio")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'href="/studio/posts"' in answer.text
    assert 'href="/studio/providers"' not in answer.text
    assert 'href="/studio" aria-current="page"' in answer.text
