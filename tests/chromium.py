"""Debian's Chromium, in the two forms in which it is packaged."""

from pathlib import Path

WHOLE = Path("/usr/bin/chromium")
_SHELL = Path("/usr/bin/chromium-headless-shell")

CHROMIUM = _SHELL if _SHELL.exists() else WHOLE
"""Without what only a window needs, the same engine takes less than half the processor's time."""

# Without the background flags Chromium looks for its maker's hosts, which a test must not need.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
