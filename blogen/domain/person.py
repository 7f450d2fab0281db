"""People and the tokens they act with."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a token may do; each includes those before it."""

    READER = "reader"
    AUTHOR = "author"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    handle: str
    name: str
    role: Scope
    created_at: int
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token as stored: only its SHA-256 is kept, the text is shown once."""

    id: str
    scope: Scope
    person_id: str | None
    label: str
    created_at: int
    last_used_at: int | None = None
    expires_at: int | None = None
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: from a token (HTTP) or the machine's own command line (`token_id` None, scope admin)."""

    scope: Scope
    token_id: str | None = None
    person_id: str | None = None


OWNER = Actor(Scope.ADMIN)
"""Whoever can run commands on the data folder owns the blog."""
