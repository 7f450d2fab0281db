"""The last part of a post's address, made from its title."""

import hashlib
import re
from typing import Final

LONGEST: Final = 80

# Scripts whose letters do not become readable Latin ones one by one: Chinese, Japanese, Korean, Thai, Lao, Burmese,
# Khmer.
_WITHOUT_LETTERS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u30ff\u3100-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdf\U00020000-\U0003ffff]+"
)
_SAID_OTHERWISE: Final = {
    "de": {"ä": "ae", "ö": "oe", "ü": "ue"},
    "sv": {"å": "a", "ä": "a", "ö": "o"},
    "da": {"å": "aa", "ø": "oe", "æ": "ae"},
    "no": {"å": "aa", "ø": "oe", "æ": "ae"},
    "nb": {"å": "aa", "ø": "oe", "æ": "ae"},
    "nn": {"å": "aa", "ø": "oe", "æ": "ae"},
    "uk": {"и": "y", "і": "i", "г": "h", "ґ": "g", "й": "i", "х": "kh", "щ": "shch", "ї": "i", "є": "ie"},
}
_AND: Final = {"en": " and ", "de": " und ", "fr": " et ", "es": " y ", "it": " e ", "pt": " e ", "nl": " en "}
_ELIDING: Final = {"fr", "it", "ca", "oc"}
"""Languages in which an apostrophe parts two words."""
_SIGNS: Final = {"c++": "cpp", "c#": "csharp", "€": " euro ", "™": "", "®": "", "©": ""}
_ALREADY_A_WORD: Final = 3


def slugify(title: str, language: str = "en", *, limit: int = LONGEST, otherwise: str = "post") -> str:
    """`title` as lower-case ASCII words joined by hyphens, at most `limit` characters.

    Where a title, or most of it, cannot be written in Latin letters, a digest of it stands in, always the same one,
    behind `otherwise`.
    """
    from anyascii import anyascii

    lowered = title.lower()
    latin, dropped = _WITHOUT_LETTERS.subn(" ", lowered)
    for written, said in {
        **_SIGNS,
        "&": _AND.get(_primary(language), " "),
        **_SAID_OTHERWISE.get(_primary(language), {}),
    }.items():
        latin = latin.replace(written, said)
    ascii_text = anyascii(latin.encode("utf-8", "ignore").decode()).lower()
    between = " " if _primary(language) in _ELIDING else ""
    words = re.findall(r"[a-z0-9]+", re.sub(r"['`]", between, ascii_text))
    slug = _shortened("-".join(words), limit)
    if dropped or len(slug) < _ALREADY_A_WORD:
        digest = hashlib.sha256(title.strip().encode("utf-8", "replace")).hexdigest()[:8]
        return f"{_shortened(slug, limit - len(digest) - 1) or otherwise}-{digest}"
    return slug


def _primary(language: str) -> str:
    return language.lower().partition("-")[0]


def _shortened(slug: str, longest: int) -> str:
    """`slug` without the words that do not fit."""
    if len(slug) <= longest:
        return slug
    cut = slug[: longest + 1]
    whole = cut[: cut.rfind("-")] if "-" in cut else slug[:longest]
    return whole if len(whole) >= longest // 2 else slug[:longest].strip("-")
