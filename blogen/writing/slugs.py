"""A slug from a title: lower-case ASCII that survives every address bar, feed and mail program."""

import re
import unicodedata
from hashlib import sha256

_LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "å": "a", "ł": "l", "đ": "d",
    "ð": "d", "þ": "th", "ı": "i", "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh",
    "з": "z", "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y",
    "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g", "α": "a", "β": "v", "γ": "g",
    "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x",
    "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
    "’": "", "'": "",
})  # fmt: skip
_LEAST_LETTERS = 3


def slug(title: str, *, limit: int = 80, otherwise: str = "post") -> str:
    """`title` as a slug; where it has no letters to write in ASCII, `otherwise` and a digest of the title."""
    composed = unicodedata.normalize("NFC", title).lower().translate(_LETTERS)
    ascii_only = unicodedata.normalize("NFKD", composed).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_only)
    short = ""
    for word in words:
        longer = f"{short}-{word}" if short else word[:limit]
        if len(longer) > limit:
            break
        short = longer
    if len(short) >= _LEAST_LETTERS:
        return short
    return f"{otherwise}-{sha256(title.encode()).hexdigest()[:8]}"
