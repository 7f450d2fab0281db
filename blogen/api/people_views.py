"""What the API shows of accounts, devices and what belongs to one person; see `views`."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from blogen.api.views import Moment, View
from blogen.domain.person import AppTokens, Device, DeviceKind, Person, Scope

_ID = "0198f2a4-5b1c-7c3e-9d52-3f0a6b7c8d9e"
_AT = "2026-08-02T12:00:00.000Z"
_ME = {
    "id": _ID, "handle": "ann", "name": "Ann", "role": "reader", "email": None, "bio": "", "avatar": None,
    "hides_unreviewed": False, "created_at": _AT,
}  # fmt: skip
_DEVICE = {
    "id": _ID, "kind": "app", "name": "Ann's phone", "scope": "reader", "is_current": True, "created_at": _AT,
    "last_used_at": _AT, "expires_at": "2027-08-02T12:00:00.000Z",
}  # fmt: skip


class MeView(View):
    """One's own account. Its ETag goes into `If-Match` of a change."""

    EXAMPLE: ClassVar[Any] = _ME

    id: str
    handle: str
    name: str
    role: Scope
    email: str | None = Field(description="Shown to nobody else")
    bio: str
    avatar: str | None = Field(description="Address of a square WebP picture")
    hides_unreviewed: bool = Field(description="Posts that no person reviewed are left out")
    created_at: Moment


class SignedInView(View):
    """What an app is given, this once. A browser that asked for a cookie finds its secret there and nowhere else."""

    EXAMPLE: ClassVar[Any] = {
        "access_token": "blg_…", "refresh_token": "blr_…", "expires_at": "2026-08-02T13:00:00.000Z",
        "device_id": _ID, "person": _ME,
    }  # fmt: skip

    access_token: str | None = Field(description="For `Authorization: Bearer …`; null for a browser with a cookie")
    refresh_token: str | None = Field(
        description="For the next of both; good for one use, a second one ends the device; null with a cookie"
    )
    expires_at: Moment = Field(description="When the access token ends; with a cookie, when the device does if unused")
    device_id: str
    person: MeView


class DeviceView(View):
    """A browser that is signed in, or an app."""

    EXAMPLE: ClassVar[Any] = _DEVICE

    id: str
    kind: DeviceKind
    name: str
    scope: Scope
    is_current: bool = Field(description="The one that asks")
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment = Field(description="When it ends unless it is used before")


class DeviceList(View):
    EXAMPLE: ClassVar[Any] = {"items": [_DEVICE], "next": None}

    items: list[DeviceView]
    next: str | None = Field(description="Always null: there are at most a hundred")


class PairCodeView(View):
    """A code that signs one app in."""

    EXAMPLE: ClassVar[Any] = {"code": "7K3M-Q0XP", "expires_at": "2026-08-02T12:10:00.000Z"}

    code: str
    expires_at: Moment


def me_view(person: Person) -> MeView:
    return MeView(
        id=person.id,
        handle=person.handle,
        name=person.name,
        role=person.role,
        email=person.email,
        bio=person.bio,
        avatar=f"/media/{person.avatar}" if person.avatar else None,
        hides_unreviewed=person.hides_unreviewed,
        created_at=person.created_at,
    )


def signed_in_view(tokens: AppTokens, person: Person) -> SignedInView:
    return SignedInView(
        access_token=tokens.access,
        refresh_token=tokens.refresh,
        expires_at=tokens.expires_at,
        device_id=tokens.device.id,
        person=me_view(person),
    )


def cookie_view(device: Device, person: Person) -> SignedInView:
    """For a browser: what signs it in stands in its cookie alone."""
    return SignedInView(
        access_token=None,
        refresh_token=None,
        expires_at=device.expires_at,
        device_id=device.id,
        person=me_view(person),
    )


def device_view(device: Device, current_id: str | None) -> DeviceView:
    return DeviceView(
        id=device.id,
        kind=device.kind,
        name=device.name,
        scope=device.scope,
        is_current=device.id == current_id,
        created_at=device.created_at,
        last_used_at=device.last_used_at,
        expires_at=device.expires_at,
    )
