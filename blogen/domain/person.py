"""People, the devices and tokens they act with, and the one-time secrets that let them in."""

from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What a token may do; each includes those before it."""

    READER = "reader"
    AUTHOR = "author"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


class Person(NamedTuple):
    id: str
    handle: str
    name: str
    role: Scope
    created_at: int
    disabled_at: int | None = None
    email: str | None = None
    bio: str = ""
    avatar: str | None = None
    """The name of a medium."""
    is_trusted: bool = False
    """Their comments are shown at once."""
    hides_unreviewed: bool = False
    version: int = 0
    """Grows with every change of the account: what a change that was made from an older look is told by."""


class DeviceKind(StrEnum):
    """A browser shows its secret with every request; an app shows it to get its next access token."""

    BROWSER = "browser"
    APP = "app"


class Device(NamedTuple):
    """A browser that is signed in, or an app that was paired."""

    id: str
    person_id: str
    kind: DeviceKind
    name: str
    scope: Scope
    """At most this, and never more than its person's role."""
    created_at: int
    last_used_at: int
    expires_at: int


class AppTokens(NamedTuple):
    """What an app is given, this once: `access` is good until `expires_at`, `refresh` for the next of both."""

    device: Device
    access: str
    refresh: str
    expires_at: int


class TicketKind(StrEnum):
    """What a one-time secret is good for."""

    INVITATION = "invitation"
    PAIRING = "pairing"
    RESET = "reset"
    SET_UP = "set-up"


class Ticket(NamedTuple):
    """A one-time secret as stored: only its SHA-256 is kept, the text is shown once."""

    kind: TicketKind
    person_id: str | None
    """Whose it is; for an invitation, who invites."""
    role: Scope
    """What an invited person becomes, or the most that a paired app may do."""
    note: str
    created_at: int
    expires_at: int


class Token(NamedTuple):
    """A bearer token as stored: only its SHA-256 is kept, the text is shown once."""

    id: str
    scope: Scope
    person_id: str | None
    label: str
    created_at: int
    last_used_at: int | None = None
    expires_at: int | None = None
    revoked_at: int | None = None


class Actor(NamedTuple):
    """Who asks: by a token or a browser's cookie (HTTP), or from the machine's own command line (scope admin)."""

    scope: Scope
    token_id: str | None = None
    person_id: str | None = None
    device_id: str | None = None
    """The browser or app that asks; None for tokens that the owner made."""


OWNER = Actor(Scope.ADMIN)
"""Whoever can run commands on the data folder owns the blog."""
