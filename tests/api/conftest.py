import asyncio

import pytest

from tests.api.served import serve


@pytest.fixture
async def served(tmp_path):
    """A running server. Entered and left in one task, as the engine's task group wants it."""
    ready: asyncio.Future = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def run() -> None:
        try:
            async with serve(tmp_path) as opened:
                ready.set_result(opened)
                await done.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    task = asyncio.create_task(run())
    yield await ready
    done.set()
    await task
