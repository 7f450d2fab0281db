"""A reader's site to ask."""

from collections.abc import AsyncIterator

import pytest

from tests.web.site import Site, open_site


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, server={"base_url": "https://blog.example.org/"}) as opened:
        yield opened
