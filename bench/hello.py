"""The least that Blogen's building blocks can do: import them and serve one page. The baseline of start-up."""

import asyncio
import sys

import aiohttp.web
import aiosqlite  # noqa: F401
import jinja2  # noqa: F401
import uvloop


async def hello(_request: aiohttp.web.Request) -> aiohttp.web.Response:
    return aiohttp.web.Response(text="hello")


async def serve() -> None:
    application = aiohttp.web.Application()
    application.router.add_get("/", hello)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(f"Blogen is ready at http://{host}:{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
