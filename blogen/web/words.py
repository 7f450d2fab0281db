"""How facts are worded for readers: days, durations, cents, and who or what wrote."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from blogen.domain.post_summary import Provenance


_TONES = 6
_RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
_LANGUAGES = {
    "ar": "العربية", "bn": "বাংলা", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hu": "Magyar",
    "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "no": "Norsk",
    "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sv": "Svenska", "th": "ไทย", "tr": "Türkçe",
    "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def told_by(request: web.Request, sentences: Mapping[str, str]) -> str:
    """The one of `sentences` that whoever sent the person here names by `said`; a link can make a page say no other."""
    return sentences.get(request.query.get("said", ""), "")


@lru_cache(maxsize=1024)
def day(at_ms: int) -> str:
    """`2 August 2026`"""
    at = _moment(at_ms)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def hour(at_ms: int) -> str:
    """`14:05`"""
    return f"{_moment(at_ms):%H:%M}"


def month(at_ms: int) -> str:
    """`August 2026`"""
    at = _moment(at_ms)
    return f"{_MONTHS[at.month - 1]} {at.year}"


@lru_cache(maxsize=1024)
def iso(at_ms: int) -> str:
    """RFC 3339"""
    return _moment(at_ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def rfc822(at_ms: int) -> str:
    """As RSS wants it."""
    return format_datetime(_moment(at_ms))


def seconds(duration_ms: int) -> str:
    if duration_ms < 1000:
        return f"{duration_ms} ms"
    return f"{duration_ms / 1000:.1f} s" if duration_ms < 60_000 else f"{duration_ms / 60_000:.1f} min"


def cost(usd: str) -> str:
    """`$0.0012`; nothing is said to be free that cost something."""
    if not usd.strip("0."):
        return "nothing"
    whole, _, part = usd.partition(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def spent(usd: str, unknown_calls: int) -> str:
    """What a post cost, where some of it may not be known."""
    if not unknown_calls:
        return cost(usd)
    return f"more than {cost(usd)}" if usd.strip("0.") else "not known"


def maker(name: str) -> str:
    """What wrote or drew, by the name in a post's provenance."""
    kind = _kind(name)
    if kind == "extractive":
        return "no language model: sentences chosen from the sources"
    if kind == "covers":
        return "drawn by Blogen from the title, without an AI model"
    return name


def badge(provenance: Provenance) -> str:
    """A few words beside the byline; empty where there is nothing to disclose."""
    match provenance.disclosure:
        case "ai-autonomous":
            return "Compiled by a program" if _is_extractive(provenance) else "Written by AI"
        case "ai-assisted":
            return f"{'Program' if _is_extractive(provenance) else 'AI'}, reviewed by a person"
        case "none":
            return ""


def direction(language: str) -> str:
    return "rtl" if language.lower().partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def language_name(tag: str) -> str:
    """A language by its own name, for the most common ones; else its tag."""
    name = _LANGUAGES.get(tag.lower().partition("-")[0])
    if name is None:
        return tag
    return f"{name} ({tag.partition('-')[2]})" if "-" in tag else name


def tone(text: str) -> int:
    """Which of the few tones of paper a post without a cover gets: always the same."""
    return zlib.crc32(text.encode()) % _TONES


@lru_cache(maxsize=1024)
def urlpart(text: str) -> str:
    return quote(text, safe="")


def number(count: int) -> str:
    return f"{count:,}" if count else "–"


def _is_extractive(provenance: Provenance) -> bool:
    """No model wrote any of it."""
    return bool(provenance.text) and all(_kind(name) == "extractive" for name in provenance.text)


def _kind(name: str) -> str:
    return name.rpartition("/")[2]


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
