"""An author: a persona that signs posts."""

from typing import NamedTuple


class Author(NamedTuple):
    id: str
    handle: str
    name: str
    bio: str
    """What readers are told about the author."""
    persona: str
    """How the author writes, in the owner's words; what the writer is told."""
    avatar: str | None
    created_at: int
    followers: int = 0
