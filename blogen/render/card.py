"""What a preview card says, and the digest that names it. `social_card.py` draws it."""

import hashlib
import json
from functools import lru_cache
from typing import Final, NamedTuple

WIDTH: Final = 1200
HEIGHT: Final = 630

_LOOK = 1
"""Counted up when cards are drawn otherwise: their addresses change with it."""


class Card(NamedTuple):
    """What a card says. `badge` discloses AI in a few words, empty where there is nothing to disclose."""

    title: str
    author: str
    site: str
    badge: str
    language: str
    is_right_to_left: bool = False
    art: str = ""
    """Which picture is on it: its address, or whatever else tells it from others."""
    art_by: str = ""
    """Who made that picture; empty if nobody knows."""
    has_ai_art: bool = False

    @property
    def digest(self) -> str:
        """Names what the card shows and how it looks: what has the same digest is the same picture."""
        return _digest(self)

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        by = f" by {self.author}" if self.author else ""
        return f"“{self.title}”{by} on {self.site}." + (f" {self.badge}." if self.badge else "")


@lru_cache(maxsize=512)
def _digest(card: Card) -> str:
    text = json.dumps([_LOOK, *card], ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
