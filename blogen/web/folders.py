"""Where templates and static files are: beside the package in a checkout, inside it when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def _folder(name: str) -> Path:
    installed = _PACKAGE / "_site" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


TEMPLATES = _folder("templates")
STATIC = _folder("static")
APP = _PACKAGE.parent / "mobile" / "dist"
"""The phone app, if it was built (`make app`)."""
