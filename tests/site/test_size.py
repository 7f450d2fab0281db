"""How much a browser has to fetch before it knows how pages look and what they do."""

import gzip
import re
from typing import Final

import pytest

from blogen.web.folders import STATIC
from tests.site.filled import NOBODY, OWNER, POST, Filled

ALL_BYTES: Final = 30_000
"""All style and script of the site and the studio together."""
READER_BYTES: Final = 18_000
"""What a page of the reader's asks for."""
NOT_OF_PAGES: Final = {"api-docs.css"}


def _compressed(name: str) -> int:
    return len(gzip.compress((STATIC / name).read_bytes(), 9))


def test_all_style_and_script_is_30_kb_compressed_at_most() -> None:
    sizes = {path.name: _compressed(path.name) for path in STATIC.iterdir() if path.suffix in {".css", ".js"}}
    told = sorted((size, name) for name, size in sizes.items() if name not in NOT_OF_PAGES)
    assert sum(size for size, _ in told) <= ALL_BYTES, told


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("path", "who"), [("/", NOBODY), (f"/p/{POST}", NOBODY), (f"/p/{POST}", OWNER)])
async def test_a_readers_page_asks_for_little(site: Filled, path: str, who: str) -> None:
    page = (await site.get(path, who)).text
    asked = set(re.findall(r'(?:href|src)="/static/([\w-]+\.(?:css|js))\?', page))
    told = {name: _compressed(name) for name in asked}
    assert told
    assert sum(told.values()) <= READER_BYTES, told
