"""One filled blog and one browser for all tests of this package."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.chromium import CHROMIUM, opened
from tests.site.filled import YOUNG, Filled, Wares, filled

AS_IT_IS = "--js-flags=--max-optimized-bytecode-size=0"
"""Scripts that begin anew on every page, as axe does: V8 took longer to make them fast than that saved."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    async with filled(tmp_path_factory.mktemp("site") / "blog", Wares(young=YOUNG)) as blog:
        yield blog


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened(CHROMIUM, AS_IT_IS) as browser:
        yield browser
