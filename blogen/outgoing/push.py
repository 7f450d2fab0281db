"""Web Push: notifications on phones and browsers, encrypted for each (RFC 8291) and signed with our key (RFC 8292).

A push service sees an address and a size, nothing else. A message that a phone cannot be handed is tried a few times;
the notification itself stands in the person's list whatever becomes of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, urlsplit

from blogen.errors import InvalidInput
from blogen.events import PushFailed
from blogen.outgoing.sending import NotSent, Sender

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from blogen.clock import Clock
    from blogen.events import Bus
    from blogen.store.notifications import Notification
    from blogen.store.own_keys import OwnKeys
    from blogen.store.subscriptions import Subscription, Subscriptions

PAUSES_SECONDS: Final = (5.0, 60.0)
"""Before each repetition."""

_TTL_SECONDS = 86_400
_TOKEN_SECONDS = 43_200
_MAX_TITLE_CHARS = 200
_MAX_TOKENS = 200
_REST_SECONDS = 60.0
_MOST_REST_SECONDS = 21_600.0
_KEY_NAME = "push"
_POINT_BYTES = 65
_AUTH_BYTES = 16

Outcome = Literal["ok", "again", "failed", "gone"]


class PushKey:
    """The blog's identity towards push services: made once, kept in the database, read when it is first needed."""

    def __init__(self, keys: OwnKeys) -> None:
        self._keys = keys
        self._private: EllipticCurvePrivateKey | None = None

    async def public(self) -> str:
        """The public key as browsers want it: an uncompressed point, base64url."""
        return _base64url(public_bytes(await self.private()))

    async def private(self) -> EllipticCurvePrivateKey:
        if self._private is None:
            from cryptography.hazmat.primitives.asymmetric import ec

            scalar = await self._keys.get(_KEY_NAME, _new_scalar)
            self._private = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        return self._private


class Pushes:
    """Hands notifications to phones. A phone that fails is left alone for a while, each time longer."""

    def __init__(
        self,
        sender: Sender,
        subscriptions: Subscriptions,
        key: PushKey,
        bus: Bus,
        clock: Clock,
        *,
        contact: str | None = None,
        pauses_seconds: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        self._sender = sender
        self._subscriptions = subscriptions
        self._key = key
        self._bus = bus
        self._clock = clock
        self._contact = contact
        self._pauses = pauses_seconds
        self._tokens: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._resting: dict[str, float] = {}
        """Until when a phone is left alone, in seconds of the monotonic clock."""

    async def show(self, person_id: str, notification: Notification, turns: asyncio.Semaphore) -> None:
        """Show a notification on all the person's phones; `turns` bounds how many are spoken to at a time."""
        text = json.dumps(told(notification), ensure_ascii=False).encode(errors="replace")
        phones = await self._subscriptions.of(person_id)
        await asyncio.gather(*(self._reach(phone, text, notification.id, turns) for phone in phones))

    async def _reach(self, phone: Subscription, text: bytes, tag: str, turns: asyncio.Semaphore) -> None:
        for pause in (0.0, *self._pauses):
            if pause:
                await self._clock.sleep(pause)
            if self._resting.get(phone.id, 0.0) > self._clock.monotonic():
                return
            async with turns:
                outcome, reason = await self._send(phone, text, tag)
            if outcome != "again":
                break
        if outcome == "ok":
            self._resting.pop(phone.id, None)
            await self._subscriptions.note_ok(phone.id)
        elif outcome == "gone":
            self._resting.pop(phone.id, None)
            await self._subscriptions.note_gone(phone.id)
            self._bus.publish(PushFailed(phone.id, reason, is_final=True))
        else:
            self._rest(phone)
            await self._subscriptions.note_failed(phone.id)
            self._bus.publish(PushFailed(phone.id, reason, is_final=False))

    def _rest(self, phone: Subscription) -> None:
        now = self._clock.monotonic()
        self._resting = {known: until for known, until in self._resting.items() if until > now}
        self._resting[phone.id] = now + min(_MOST_REST_SECONDS, _REST_SECONDS * 2.0**phone.failures)

    async def _send(self, phone: Subscription, text: bytes, tag: str) -> tuple[Outcome, str]:
        try:
            body = encrypted(text, p256dh=phone.p256dh, auth=phone.auth)
        except ValueError:
            return "gone", "Its key is not one."
        try:
            answered = await self._sender.post(phone.endpoint, body, await self._headers(phone.endpoint, tag))
        except NotSent as error:
            return "gone" if error.is_final else "again", error.reason
        if answered.is_ok:
            return "ok", ""
        reason = f"The push service answered {answered.status}."
        if answered.status in {404, 410}:
            return "gone", reason
        return "again" if answered.status in {408, 425, 429} or answered.status >= 500 else "failed", reason

    async def _headers(self, endpoint: str, tag: str) -> Mapping[str, str]:
        key = await self._key.private()
        return {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(_TTL_SECONDS),
            "Urgency": "normal",
            # A service that holds an older copy of the same notification replaces it.
            "Topic": _base64url(hashlib.sha256(tag.encode()).digest())[:32],
            "Authorization": f"vapid t={self._token(endpoint, key)}, k={_base64url(public_bytes(key))}",
        }

    def _token(self, endpoint: str, key: EllipticCurvePrivateKey) -> str:
        """The signed statement of who we are, for the service at `endpoint`; good for hours, so it is made seldom."""
        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        now = self._clock.now_ms() // 1000
        known = self._tokens.get(audience)
        if known is not None and known[1] - now > _TOKEN_SECONDS // 2:
            return known[0]
        claims: dict[str, object] = {"aud": audience, "exp": now + _TOKEN_SECONDS}
        if self._contact:
            claims["sub"] = self._contact
        token = signed_token(claims, key)
        self._tokens[audience] = (token, now + _TOKEN_SECONDS)
        if len(self._tokens) > _MAX_TOKENS:
            self._tokens.popitem(last=False)
        return token


def told(notification: Notification) -> dict[str, str]:
    """What a phone shows: one line, where it leads, and a tag by which it shows it once."""
    slug = notification.slug
    url = "/me" if slug is None else f"/p/{quote(slug, safe='')}"
    if slug is not None and notification.comment_id is not None:
        url += f"#comment-{notification.comment_id}"
    return {"title": _title(notification)[:_MAX_TITLE_CHARS], "url": url, "tag": notification.id}


def _title(notification: Notification) -> str:
    who = notification.by.name if notification.by is not None else "Someone"
    title = notification.title or "a post"
    match notification.kind:
        case "reply":
            return f"{who} answered you on “{title}”"
        case "mention":
            return f"{who} mentioned you on “{title}”"
        case "post":
            return title
        case "correction":
            return f"Corrected: {title}"
        case "moderation":
            return f"About what you wrote on “{title}”" if notification.title else "About what you wrote"


def encrypted(text: bytes, *, p256dh: str, auth: str) -> bytes:
    """`text` for one phone's eyes (aes128gcm, RFC 8291). Raises ValueError if its keys are none."""
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec

    once = ec.generate_private_key(ec.SECP256R1())
    body: bytes = http_ece.encrypt(
        text, private_key=once, dh=from_base64url(p256dh), auth_secret=from_base64url(auth), version="aes128gcm"
    )
    return body


def check_keys(p256dh: str, auth: str) -> None:
    """Raises InvalidInput if a browser's keys are not a point on P-256 and 16 bytes."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from blogen.errors import FieldError

    errors = []
    try:
        point = from_base64url(p256dh)
        if len(point) != _POINT_BYTES:
            raise ValueError
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        errors.append(FieldError("keys.p256dh", "must be an uncompressed point on P-256, base64url"))
    try:
        if len(from_base64url(auth)) != _AUTH_BYTES:
            raise ValueError
    except ValueError:
        errors.append(FieldError("keys.auth", "must be 16 bytes, base64url"))
    if errors:
        raise InvalidInput(
            "The keys of the subscription cannot be used.",
            remedy="Send what the browser's `PushSubscription.toJSON()` gives.",
            errors=errors,
        )


def signed_token(claims: Mapping[str, object], key: EllipticCurvePrivateKey) -> str:
    """A JSON Web Token with ES256: header, claims and signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    said = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    r, s = decode_dss_signature(key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{said}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def public_bytes(key: EllipticCurvePrivateKey) -> bytes:
    """The public half as an uncompressed point."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@lru_cache(maxsize=64)
def from_base64url(text: str) -> bytes:
    """With padding or without. Raises ValueError."""
    text = text.rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _new_scalar() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return number.to_bytes(32, "big")
