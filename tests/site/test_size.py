"""How much a browser has to fetch before it knows how pages look and what they do."""

import gzip
from typing import Final

from blogen.web.folders import STATIC

ALL_BYTES: Final = 30_000
"""All style and script of the site and the studio together."""
NOT_OF_PAGES: Final = {"api-docs.css"}


def compressed(name: str) -> int:
    return len(gzip.compress((STATIC / name).read_bytes(), 9))


def test_all_style_and_script_is_30_kb_compressed_at_most() -> None:
    sizes = {path.name: compressed(path.name) for path in STATIC.iterdir() if path.suffix in {".css", ".js"}}
    told = sorted((size, name) for name, size in sizes.items() if name not in NOT_OF_PAGES)
    assert sum(size for size, _ in told) <= ALL_BYTES, told
