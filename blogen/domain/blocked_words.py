"""Words that hold a comment: found whole, however they are dressed up.

A text is folded first: letters lose case, width, accents and unseen signs between them, and look-alikes of other
scripts become the Latin letter that they imitate. A false find does little harm: the comment waits for a person.
"""

import re
from collections.abc import Iterable
from unicodedata import category, normalize

MAX_WORD_CHARS = 100
MAX_WORDS = 2000

_WORD = re.compile(r"\w+")
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Scripts that put no spaces between words: found anywhere."""
_CYRILLIC, _GREEK = "авеікмнорстухһѕјԁԛԝ", "αβεικνορτυχ"
_LOOK_ALIKES = str.maketrans(_CYRILLIC + _GREEK, "abeikmhopctyxhsjdqw" + "abeikvoptux")


def folded(text: str) -> str:
    """The words of `text` in the form in which they are compared, single spaces between them."""
    plain = "".join(sign for sign in normalize("NFKD", text) if category(sign) not in {"Mn", "Me", "Cf"})
    return " ".join(_WORD.findall(normalize("NFKC", plain.casefold()).translate(_LOOK_ALIKES)))


def first_blocked(text: str, words: Iterable[str]) -> str | None:
    """The first of `words` (folded) that stands in `text` as a whole word or phrase."""
    said = f" {folded(text)} "
    return next((word for word in words if (word if _SPACELESS.search(word) else f" {word} ") in said), None)
