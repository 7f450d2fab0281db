"""What goes out: subscriptions to Web Push and webhooks."""

from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from blogen.domain.model import Model

_BASE64URL = "^[A-Za-z0-9_-]+={0,2}$"
_ENDPOINT = "https://push.example.net/send/dGhlLXBob25l"


def _known_endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or not url.isascii() or any(ord(sign) < 33 for sign in url):
        raise ValueError("must be the address of a push service, https://…")
    return url


Endpoint = Annotated[
    str,
    Field(min_length=9, max_length=1000, description="Where the push service takes messages for this phone or browser"),
    AfterValidator(_known_endpoint),
]


class PushKeys(Model):
    p256dh: str = Field(
        min_length=80, max_length=100, pattern=_BASE64URL, description="The browser's public key, base64url"
    )
    auth: str = Field(
        min_length=16, max_length=40, pattern=_BASE64URL, description="What it shares with the blog, base64url"
    )


class PushSubscription(Model):
    """A subscription to Web Push, as the browser's `PushSubscription.toJSON()` gives it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "endpoint": _ENDPOINT,
        "keys": {
            "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
            "auth": "tBHItJI5svbpez7KI4CCXg",
        },
    }

    endpoint: Endpoint
    expiration_time: float | None = Field(None, alias="expirationTime", description="Is not looked at")
    keys: PushKeys


class PushUnsubscription(Model):
    """Which subscription ends."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"endpoint": _ENDPOINT}

    endpoint: Endpoint
