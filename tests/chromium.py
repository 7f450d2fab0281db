"""Debian's Chromium, in the two forms in which it is packaged."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

WHOLE = Path("/usr/bin/chromium")
_SHELL = Path("/usr/bin/chromium-headless-shell")

CHROMIUM = _SHELL if _SHELL.exists() else WHOLE
"""Without what only a window needs, the same engine takes less than half the processor's time."""

# Without the background flags Chromium looks for its maker's hosts, which a test must not need.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def needed(program: Path = CHROMIUM) -> pytest.MarkDecorator:
    """A mark: without it the tests are left out, but for CI, which must not."""
    return pytest.mark.skipif(
        not program.exists() and not os.environ.get("CI"), reason=f"there is no {program}; install Debian's chromium"
    )


@asynccontextmanager
async def opened(program: Path = CHROMIUM, *more_flags: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *more_flags])
        yield browser
        await browser.close()
