"""The one-time link to set the blog up: printed below the ready line, nowhere else, until somebody owns the blog."""

import re
from pathlib import Path

import aiohttp

from tests.e2e.harness import AnyServer, Blogen, Server
from tests.e2e.test_bad_input import Overheard

LINK = re.compile(r"Set it up at (http://127\.0\.0\.1:\d+/studio/set-up/(blt_\w+))\n")


class Printed(Server):
    """A server that is told by the line below its ready line."""

    below = ""
    """Of the one that began last."""

    @classmethod
    async def begin(cls, *words: str, cwd: Path) -> tuple[AnyServer, str]:
        server, url = await cls.start(*words, cwd=cwd)
        assert server._process.stdout is not None
        cls.below = (await server._process.stdout.readline()).decode()
        return server, url


def printed() -> tuple[str, str]:
    """The link and the ticket in it."""
    found = LINK.fullmatch(Printed.below)
    assert found is not None, Printed.below
    return found[1], found[2]


async def status(link: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(link) as response:
        return response.status


async def test_each_start_prints_a_new_link_until_there_is_an_admin(tmp_path: Path) -> None:
    blogen = Blogen(tmp_path, launch=Printed.begin)
    await blogen.start()
    first, ticket = printed()
    assert first.startswith(blogen.url)
    assert await status(first) == 200
    server = blogen.server
    assert await blogen.terminate() == 0
    assert ticket not in server.log
    assert not [path for path in blogen.data.rglob("*.log*") if ticket in path.read_text(errors="replace")]

    await blogen.start()
    second, other = printed()
    assert await status(second) == 200
    assert await status(second.replace(other, ticket)) == 410
    made = await blogen.command("users", "create", "owner", "--admin", stdin="correct horse battery\n")
    assert made.code == 0, made.err
    assert await status(second) == 410, "a command made the admin, while the server runs"
    assert await blogen.terminate() == 0

    blogen = Blogen(tmp_path, launch=Overheard.begin)
    await blogen.start()
    overheard = blogen.server
    assert await blogen.terminate() == 0
    assert isinstance(overheard, Overheard)
    assert overheard.out == "", "nothing more is printed once somebody owns the blog"
