"""What Lighthouse says of the front page and of a post, on a phone as slow as it takes one to be.

`make lighthouse` prints the numbers. `make test` asks at its end, when nothing else keeps the processor busy: a page is
slower on a busy machine, which is why the best of three counts, and for the same bar.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.chromium import FLAGS, WHOLE
from tests.site.filled import POST, Filled, Wares, filled

BAR: Final = 0.95
CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
TRIES: Final = 3
_PROGRAM: Final = Path(__file__).with_name("lighthouse.mjs")
_LONGEST_LINE: Final = 2**26

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    async with filled(tmp_path_factory.mktemp("site") / "blog", Wares(orders=False)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lighthouse() -> AsyncIterator[Process]:
    """It has a browser of its own, and asks nobody else."""
    process = await asyncio.create_subprocess_exec(
        "node", str(_PROGRAM), ",".join(CATEGORIES), f"--headless=new {' '.join(FLAGS)}",
        env=os.environ | {"CHROME_PATH": str(WHOLE)}, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE,
    )  # fmt: skip
    yield process
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


@pytest.mark.parametrize(("name", "path"), [("home", "/"), ("post", f"/p/{POST}")])
async def test_lighthouse_has_little_to_remark(site: Filled, lighthouse: Process, name: str, path: str) -> None:
    best = dict.fromkeys(CATEGORIES, 0.0)
    remarks: list[str] = []
    for _ in range(TRIES):
        told = await _told(lighthouse, site.url + path)
        if lost := told.get("runtimeError"):  # of its own browser's trace, say: it asks to be run again
            remarks = [str(lost)]
            continue
        best = {each: max(best[each], told["categories"][each]["score"] or 0) for each in CATEGORIES}
        audits = told["audits"].values()
        remarks = [f"{one['id']}: {one['title']} {one.get('displayValue', '')}" for one in audits if one["score"] == 0]
        if min(best.values()) >= BAR:
            break
    sys.stdout.write(f"\n{name}: " + ", ".join(f"{each} {best[each]:.2f}" for each in CATEGORIES) + "\n")
    assert min(best.values()) >= BAR, "\n".join([str(best), *remarks])


async def _told(lighthouse: Process, url: str) -> dict[str, Any]:
    """Its report of the page."""
    assert lighthouse.stdin
    assert lighthouse.stdout
    lighthouse.stdin.write(f"{url}\n".encode())
    async with asyncio.timeout(120):
        told: dict[str, Any] = json.loads(await lighthouse.stdout.readline())
    return told
