"""What the pages for people keep in memory while the server runs: their forms' key, open challenges, work aside."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Final

from aiohttp import web

from blogen.store.own_keys import OwnKeys
from blogen.web.people.challenges import Challenges

_KEY_BYTES: Final = 32
_KEY_NAME: Final = "forms"
_MAX_ASIDE: Final = 200


class PeoplePages:
    def __init__(self) -> None:
        self.challenges = Challenges()
        self._form_key: bytes | None = None
        self._aside: set[asyncio.Task[None]] = set()

    async def form_key(self, own_keys: OwnKeys) -> bytes:
        """What signs the tokens of forms; kept, so that a form outlives a restart."""
        if self._form_key is None:
            self._form_key = await own_keys.get(_KEY_NAME, lambda: secrets.token_bytes(_KEY_BYTES))
        return self._form_key

    def aside(self, work: Coroutine[None, None, None]) -> bool:
        """Do `work` after the answer, so that its time tells nothing; False if there is too much of it already."""
        if len(self._aside) >= _MAX_ASIDE:
            work.close()
            return False
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._done)
        return True

    async def close(self) -> None:
        tasks = list(self._aside)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._aside.discard(task)
        if not task.cancelled():
            task.exception()


PEOPLE_PAGES = web.AppKey("PEOPLE_PAGES", PeoplePages)
