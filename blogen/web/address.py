"""The address that readers use. Never taken from the Host header: anyone can write that."""

from aiohttp import web

from blogen.config import Config
from blogen.web.keys import CONFIG

_EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104


def base_url(app: web.Application) -> str:
    """`https://blog.example.com`, without a slash at the end."""
    server = app[CONFIG].server
    if server.base_url:
        return str(server.base_url).rstrip("/")
    host = "localhost" if server.host in _EVERYWHERE else server.host
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


def is_public(config: Config) -> bool:
    """Whether the owner has said what the address is; otherwise pages do not claim to be anywhere."""
    return bool(config.server.base_url)
