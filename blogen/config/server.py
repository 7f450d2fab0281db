"""`[server]`: where Blogen listens and how it speaks of itself."""

from typing import Literal

from pydantic import Field

from blogen.config.section import BaseUrl, Network, Origin, Section


class ServerConfig(Section):
    """Where Blogen listens, and what it writes to its log."""

    host: str = Field("127.0.0.1", min_length=1, max_length=255, description="Address to listen on; 0.0.0.0 for all")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes any free one")
    base_url: BaseUrl | None = Field(
        None, description="The address readers use, e.g. https://blog.example.com; unset: made from host and port"
    )
    trusted_proxies: list[Network] = Field(
        [],
        description="Networks of the reverse proxies whose `X-Forwarded-…` headers are believed",
    )
    cors_origins: list[Origin] = Field(
        [],
        max_length=100,
        description='Other sites whose pages may call the API, e.g. `["https://app.example.com"]`; `["*"]`: all',
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important lines that are written to the log"
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines look: for people or for machines")
