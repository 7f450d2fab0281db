"""`[[webhooks]]`: programs elsewhere that are told what happens; `[push]`: what the blog says of itself to phones."""

import base64
import re
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from blogen.config.section import Section

FactName = Literal[
    "post.published", "post.changed", "post.deleted", "correction.published", "comment.created", "job.failed",
]  # fmt: skip
"""What a webhook can be told of."""

FACTS: tuple[str, ...] = get_args(FactName)

_WRITTEN_SECRET = "whsec_"  # noqa: S105
_MIN_SECRET_BYTES = 16


def _known_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(ord(sign) < 33 for sign in url):
        raise ValueError("expected an address such as https://example.com/hooks/blogen")
    if parts.username is not None:
        raise ValueError("an address must not carry a user or password; who calls is known by `secret`")
    return url


def _usable_secret(secret: SecretStr) -> SecretStr:
    try:
        size = len(key_of(secret))
    except ValueError:
        raise ValueError("what follows `whsec_` is not base64") from None
    if size < _MIN_SECRET_BYTES:
        raise ValueError(f"expected at least {_MIN_SECRET_BYTES} bytes, e.g. what `openssl rand -base64 32` prints")
    return secret


def _known_contact(contact: str) -> str:
    if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://\S+", contact):
        raise ValueError("expected mailto:you@example.com or the address of a page, https://…")
    return contact


Contact = Annotated[str, Field(max_length=300), AfterValidator(_known_contact)]
"""Whom others may write to: `mailto:…` or a page."""


class WebhookConfig(Section):
    """A program elsewhere that is told what happens, once a fact, signed as Standard Webhooks says."""

    name: str = Field(
        pattern="^[a-z0-9][a-z0-9_-]{0,59}$", description="What you call it; also in the log of deliveries"
    )
    url: Annotated[str, Field(max_length=2000), AfterValidator(_known_url)] = Field(
        description="Where it listens; a private address must lie in `research.allow_private`"
    )
    secret: Annotated[SecretStr, AfterValidator(_usable_secret)] = Field(
        description="What it knows Blogen's signature by: a text of 16 bytes at least, or `whsec_` and base64"
    )
    events: list[FactName] = Field([], description="What it is told of; empty: all")

    def wants(self, event: str) -> bool:
        return event in (self.events or FACTS)


class PushConfig(Section):
    """Notifications on phones and browsers (Web Push)."""

    contact: Contact | None = Field(
        None,
        description="Whom push services may write to about this blog: `mailto:…` or a page; unset: `server.base_url`",
    )


def key_of(secret: SecretStr) -> bytes:
    """The key that messages are signed with. Raises ValueError for a malformed `whsec_` text."""
    text = secret.get_secret_value().strip()
    if text.startswith(_WRITTEN_SECRET):
        return base64.b64decode(text.removeprefix(_WRITTEN_SECRET), validate=True)
    return text.encode()
