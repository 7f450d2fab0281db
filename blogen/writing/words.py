"""Words, sentences and stems in many languages, without any model: what ranking and checking count with."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol

from blogen.writing.stop_words import (
    CJK_FUNCTION_CHARACTERS,
    CONJUNCTIONS,
    DEPENDENT_BEGINNINGS,
    DEPENDENT_OPENERS,
    POINTING_WORDS,
    STOP_WORDS,
)

_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "ne": "nepali", "nl": "dutch", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_MARKS = "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u064b-\u0652\u0670"  # vowel signs that \w leaves out
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_MARKS}])+(?:['’\-](?:(?![{_UNSPACED}])[\w{_MARKS}])+)*")
_HAN_OR_KATAKANA = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[\u30a1-\u30ff]+|[\u0e00-\u109f]+")
_KANA = re.compile("[\u3040-\u30ff]")
_ARABIC = re.compile("[\u0600-\u06ff]")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu|dell|all|nell|sull|dall|un)['’]", re.IGNORECASE)

_STEMMED_WORDS = 60_000  # a text with more different words is no prose; stemming them would take many seconds

# One word weighs about this many characters where words are not set apart.
_CHARACTERS_A_WORD = 1.7


def base_language(tag: str | None) -> str:
    """`pt-BR` → `pt`; nothing → `en`."""
    return (tag or "en").partition("-")[0].lower()


def detect_language(text: str, otherwise: str = "en") -> str:
    """The language of `text` by its script and its small words; `otherwise` where those do not tell."""
    sample = text[:20_000]
    letters = sum(map(str.isalpha, sample)) or 1
    if len(_UNSPACED_CHARACTER.findall(sample)) > 0.25 * letters:
        return "ja" if len(_KANA.findall(sample)) > 0.05 * letters else "zh" if otherwise not in {"th", "lo"} else "th"
    for pattern, language in ((_ARABIC, "ar"), (_DEVANAGARI, "hi"), (_CYRILLIC, "ru")):
        if len(pattern.findall(sample)) > 0.3 * letters:
            return language if otherwise not in {"uk", "bg", "sr", "fa", "ur", "mr", "ne"} else otherwise
    words = [word.lower() for word in _WORD.findall(sample)[:2000]]
    counts = {language: sum(word in small for word in words) for language, small in STOP_WORDS.items()}
    best = max(counts, key=lambda language: (counts[language], language == base_language(otherwise)))
    return best if words and counts[best] > 0.15 * len(words) else base_language(otherwise)


def sentences(text: str, language: str) -> list[str]:
    """The sentences of one paragraph, each without the white space around it."""
    from sentencex import segment

    parts: list[str] = []
    for piece in (piece for portion in _portions(text) for piece in segment(base_language(language), portion)):
        part = piece.strip()
        if not part:
            continue
        if parts and len(parts[-1]) < _PORTION and _continues(parts[-1], part):
            joint = "" if _UNSPACED_CHARACTER.match(part) else " "
            parts[-1] = f"{parts[-1]}{joint}{part}"
        else:
            parts.append(part)
    return parts


_PORTION = 3000
_PAUSE = re.compile(r".*(?:[.!?।]\s|[。！？])", re.DOTALL)


def _portions(text: str) -> Iterator[str]:
    """`text` in pieces that can be segmented in a moment, whatever stands in them; cut after a sentence if possible."""
    while len(text) > _PORTION:
        window = text[:_PORTION]
        pause = _PAUSE.match(window)
        end = pause.end() if pause else window.rfind(" ") + 1 or _PORTION
        yield text[:end]
        text = text[end:]
    yield text


_ENDS_ABBREVIATED = re.compile(r"(?:^|[\s(])(?:[^\W\d_]\.|[Mm][rm]e?s?\.|[еЕ]\.|e\.g\.|i\.e\.|bzw\.|usw\.|ca\.|vs\.)$")


def _continues(before: str, after: str) -> bool:
    if _ENDS_ABBREVIATED.search(before[-12:]):
        return True
    if before.endswith(("」", "』")) and _UNSPACED_CHARACTER.match(after):
        return after.startswith(("と", "、", "は", "が", "を", "に", "で", "の", "も", "という"))
    return after[0] in ")]»”’」』" or (after[0].islower() and not before.endswith(("!", "?", "…")))


def count_words(text: str) -> int:
    """How many words a reader would count; where words are not set apart, about 1.7 characters weigh as one."""
    unspaced = sum(len(run) for run in _UNSPACED_RUN.findall(text))
    spaced = sum(1 for word in _WORD.findall(text) if not _UNSPACED_CHARACTER.match(word))
    return spaced + round(unspaced / _CHARACTERS_A_WORD)


def is_unspaced(text: str) -> bool:
    """Whether most of `text` is in a script that sets no spaces between words."""
    return 2 * len(_UNSPACED_CHARACTER.findall(text)) > sum(map(str.isalpha, text))


_ENGLISH_THAT = re.compile(
    r"\b(?:after|at|before|by|during|for|from|in|of|on|than|to|until|with|without) that\b|^(?:\w+\W+){0,2}that\b",
    re.IGNORECASE,
)


def leans_on_the_sentence_before(sentence: str, language: str) -> bool:
    """Whether a sentence begins with words that point back, so that it cannot stand alone."""
    base = base_language(language)
    if base in DEPENDENT_BEGINNINGS:
        return sentence.lstrip("\"'“„«‘「『(*_ ").startswith(DEPENDENT_BEGINNINGS[base])
    first, *more = [word.lower() for word in _WORD.findall(sentence[:80])[:4]] or [""]
    pointing = POINTING_WORDS.get(base, frozenset())
    if base == "en" and (found := _ENGLISH_THAT.search(sentence)) and found.start():
        return True
    return first in DEPENDENT_OPENERS.get(base, frozenset()) or any(word in pointing for word in more)


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence may point back somewhere in its first half; said rather too often than too seldom."""
    base = base_language(language)
    words = [word.lower() for word in _WORD.findall(sentence)]
    pointing = POINTING_WORDS.get(base, frozenset())
    return (
        leans_on_the_sentence_before(sentence, language)
        or any(word in pointing for word in words[: max(6, len(words) // 2)])
        or (base == "en" and _ENGLISH_THAT.search(sentence) is not None)
    )


def refers(sentence: str, language: str) -> bool:
    """Whether any word of a sentence may stand for something said before it."""
    base = base_language(language)
    if base in DEPENDENT_BEGINNINGS:
        return any(word in sentence for word in DEPENDENT_BEGINNINGS[base] if len(word) > 1)
    back = (DEPENDENT_OPENERS.get(base, frozenset()) | POINTING_WORDS.get(base, frozenset())) - CONJUNCTIONS
    return any(word.lower() in back for word in _WORD.findall(sentence))


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802


class Vocabulary:
    """Turns text of one language into terms that can be compared; remembers each word's stem and how it is written."""

    def __init__(self, language: str) -> None:
        self.language = base_language(language)
        self._stop = STOP_WORDS.get(self.language, STOP_WORDS["en"])
        self._stemmer = _stemmer(self.language)
        self._terms: dict[str, str] = {}
        self.spellings: dict[str, Counter[str]] = {}
        """For each term, the words of the text that were reduced to it."""

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in order, small words left out."""
        known = self._terms
        found: list[str] = []
        for word in _WORD.findall(text):
            term = known.get(word)
            if term is None:
                if _UNSPACED_CHARACTER.match(word):
                    found += self._unspaced_terms(word)
                    continue
                known[word] = term = self._term(word)
            if term:
                found.append(term)
        return found

    def spell(self, text: str) -> None:
        """Remember how the terms of `text` are written, for `spelling`."""
        for word in _WORD.findall(text):
            if not _UNSPACED_CHARACTER.match(word) and (term := self._term(word)):
                self.spellings.setdefault(term, Counter())[word] += 1

    def spelling(self, term: str) -> str:
        """How `term` is most often written."""
        spellings = self.spellings.get(term)
        if not spellings:
            return term
        return min(spellings, key=lambda word: (-spellings[word], word))

    def is_small(self, word: str) -> bool:
        return word.lower() in self._stop

    def _term(self, word: str) -> str:
        lower = _ELISION.sub("", word.lower().replace("’", "'"))
        if lower in self._stop or (len(lower) < 2 and not lower.isdigit()):
            return ""
        if lower.endswith("'s"):
            lower = lower[:-2]
        if self._stemmer is None or lower[0].isdigit() or len(self._terms) > _STEMMED_WORDS or len(lower) > 40:
            return lower
        return self._stemmer.stemWord(lower)

    @staticmethod
    def _unspaced_terms(run: str) -> Iterator[str]:
        for piece in _HAN_OR_KATAKANA.findall(run):
            if "\u30a1" <= piece[0] <= "\u30ff":
                if len(piece) > 1:
                    yield piece
                continue
            telling = [character not in CJK_FUNCTION_CHARACTERS for character in piece]
            yield from (character for character, tells in zip(piece, telling, strict=True) if tells)
            for (first, second), both in zip(pairwise(piece), pairwise(telling), strict=True):
                if all(both):
                    yield first + second


def _stemmer(language: str) -> _Stemmer | None:
    name = _SNOWBALL.get(language)
    if name is None:
        return None
    from snowballstemmer import stemmer

    found: _Stemmer = stemmer(name)
    return found
